//! `sitelog cloud` as it is started: settings, health, what is pushed and scraped, and how it ends. The service is the
//! simulated one; what is counted is tested in the exporter's own crate.

use crate::scene::{Ran, Scene, code, end, ended, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sitelog_cloud_sim::{Kind, Outcome, Plan, Sim, StackPath, World};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

const TOKEN: &str = "pul-0123456789abcdef";

fn sim() -> Sim {
    let plan = Plan {
        seed: 5,
        now: 1_790_000_000,
        organizations: vec!["acme".to_owned()],
        stacks: 12,
        updates: 4,
    };
    let sim = Sim::start(World::generate(&plan)).unwrap();
    sim.set_token(TOKEN);
    sim
}

/// An exporter that runs.
struct Running {
    child: Child,
    web: String,
}

impl Running {
    fn start(scene: &Scene, sim: &Sim, flags: &[&str]) -> Self {
        let web = free_address();
        let known = ["cloud", "--pulumi.api-url", sim.url(), "--web.listen-address", &web];
        let mut command = scene.sitelog(known.iter().chain(flags).copied());
        command
            .env("PULUMI_ACCESS_TOKEN", TOKEN)
            .env("PULUMI_ORGANIZATIONS", "acme")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let running = Self { child, web };
        wait_until("the exporter to listen", || running.try_get("/healthz").is_some());
        running
    }

    fn try_get(&self, path: &str) -> Option<(u16, String)> {
        get(&self.web, path, "GET", &[], b"")
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.try_get(path).unwrap()
    }

    fn wait_ready(&self) {
        wait_until("a good cycle", || self.get("/readyz").0 == 200);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    fn end(mut self, signal: Signal) -> (i32, String) {
        self.signal(signal);
        let status = end(&mut self.child);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code(status), said)
    }
}

/// A whole update of one of the stacks.
fn update(sim: &Sim, outcome: Outcome) -> StackPath {
    let mut world = sim.world();
    let stack = world.stacks().keys().next().unwrap().clone();
    world.run(&stack, Kind::Update, outcome, 5, &[("create", 1)]).unwrap();
    stack
}

/// An address that was free a moment ago.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// One request over HTTP/1.1; `None` when nobody answers.
fn get(web: &str, path: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(web).ok()?;
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())?;
    Some((status, body))
}

/// Values of a series by name and a part of its labels.
fn values(text: &str, name: &str, with: &str) -> Vec<f64> {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(with)
    });
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect()
}

fn refused(scene: &Scene, flags: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = scene.sitelog(
        ["cloud", "--web.listen-address", "127.0.0.1:0"]
            .iter()
            .chain(flags)
            .copied(),
    );
    command.envs(env.iter().copied());
    ended(command)
}

/// Flags, variables, and what is said of them.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn wrong_settings_are_one_line() {
    let scene = Scene::new();
    let token = ("PULUMI_ACCESS_TOKEN", TOKEN);
    let org = ("PULUMI_ORGANIZATIONS", "acme");
    let file = scene.file("e.yaml", "pulumi:\n  collect-interval: 60\n");
    let cases: [Case<'_>; 7] = [
        (&[], &[org], "pulumi access token is required"),
        (&[], &[token], "at least one pulumi organization is required"),
        (
            &["--pulumi.max-concurrency", "0"],
            &[token, org],
            "must be between 1 and 100, got 0",
        ),
        (
            &["--pulumi.collect-interval=-5s"],
            &[token, org],
            "--pulumi.collect-interval",
        ),
        (&["--config.file", &file], &[token, org], "e.yaml:2"),
        (&["--config.file", "/no/such/file"], &[token, org], "/no/such/file"),
        (&["--otlp.protocol", "carrier-pigeon"], &[token, org], "carrier-pigeon"),
    ];
    for (flags, env, words) in cases {
        let ran = refused(&scene, flags, env);
        assert_eq!(ran.code, 64, "{flags:?}: {}", ran.err());
        assert!(
            ran.one_line().contains(words) && !ran.err().contains(TOKEN),
            "{}",
            ran.err()
        );
    }
}

/// Scenario: an exporter observes, an update ends, it is killed, another update ends, it is started again.
/// Guarantees: readiness follows a good cycle, both updates are counted once, and an end by SIGTERM is status 0.
#[test]
fn what_ended_while_it_was_killed_is_counted_once() {
    let (scene, sim) = (Scene::new(), sim());
    let flags = ["--pulumi.collect-interval=200ms", "--otlp.endpoint=none"];
    let counted = |running: &Running| {
        values(&running.get("/metrics").1, "pulumi_update_total", "")
            .iter()
            .sum::<f64>()
    };
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    assert_eq!(
        values(
            &running.get("/metrics").1,
            "pulumi_stack_resource_count",
            "org=\"acme\""
        )
        .len(),
        12
    );
    update(&sim, Outcome::Succeeded);
    wait_until("the first update", || counted(&running) == 1.0);
    assert_eq!(running.end(Signal::SIGKILL).0, 137);
    update(&sim, Outcome::Succeeded);
    let running = Running::start(&scene, &sim, &flags);
    wait_until("the second update", || counted(&running) == 2.0);
    let (status, said) = running.end(Signal::SIGTERM);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("history does not count"), "{said}");
}

/// Scenario: the token is refused. Guarantees: not ready, with the reason; alive; the log says it once; no token anywhere.
#[test]
fn a_refused_token_is_told() {
    let (scene, sim) = (Scene::new(), sim());
    sim.set_token("another-token-entirely");
    let flags = ["--pulumi.collect-interval=100ms", "--otlp.endpoint=none"];
    let running = Running::start(&scene, &sim, &flags);
    wait_until("the reason", || running.get("/readyz").1.contains("refuses the token"));
    assert_eq!((running.get("/readyz").0, running.get("/healthz").0), (503, 200));
    let cycles = |running: &Running| values(&running.get("/metrics").1, "sitelog_cloud_cycles_total", "")[0];
    wait_until("more cycles", || cycles(&running) > 3.0);
    let (_, said) = running.end(Signal::SIGINT);
    assert_eq!(said.matches("refuses the token").count(), 1, "{said}");
    assert!(!said.contains(TOKEN));
}

/// Scenario: cycles are an hour apart and Pulumi Cloud calls. Guarantees: signed calls have the stack read at once, others
/// are refused.
#[test]
fn a_webhook_has_its_stack_read_at_once() {
    let (scene, sim) = (Scene::new(), sim());
    let secret = scene.file("secret", "hook-s3cret-1\n");
    let flags = [
        "--pulumi.collect-interval=1h",
        "--otlp.endpoint=none",
        "--web.webhook-secret-file",
        &secret,
    ];
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    let stack = update(&sim, Outcome::Failed);
    let body = serde_json::json!({
        "organization": { "githubLogin": stack.org },
        "projectName": stack.project,
        "stackName": stack.stack,
    });
    let body = body.to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"hook-s3cret-1");
    let tag = aws_lc_rs::hmac::sign(&key, body.as_bytes());
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let post = |signature: &str| {
        let headers = [
            ("Pulumi-Webhook-Signature", signature),
            ("Pulumi-Webhook-Kind", "stack_update"),
        ];
        get(&running.web, "/webhooks/pulumi", "POST", &headers, body.as_bytes())
            .unwrap()
            .0
    };
    assert_eq!(post("00"), 401);
    assert_eq!(post(&signature), 200);
    let failed = || {
        values(&running.get("/metrics").1, "pulumi_update_total", "result=\"failed\"")
            .iter()
            .sum::<f64>()
    };
    wait_until("the update", || failed() == 1.0);
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}
