//! `sitelog cloud` as a process, and what it shows.

use crate::scene::{Scene, code, end, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sitelog_cloud_sim::{Kind, Outcome, Plan, Sim, StackPath, World};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

pub(crate) const TOKEN: &str = "pul-0123456789abcdef";

pub(crate) fn sim() -> Sim {
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
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) web: String,
}

impl Running {
    pub(crate) fn start(scene: &Scene, sim: &Sim, flags: &[&str]) -> Self {
        Self::start_in(&[], scene, sim, flags)
    }

    /// Started by another program, whose process it takes over.
    pub(crate) fn start_in(outer: &[&str], scene: &Scene, sim: &Sim, flags: &[&str]) -> Self {
        Self::start_at(&free_address(), outer, scene, sim, flags)
    }

    /// Started so that it listens at this address.
    pub(crate) fn start_at(web: &str, outer: &[&str], scene: &Scene, sim: &Sim, flags: &[&str]) -> Self {
        let web = web.to_owned();
        let known = ["cloud", "--pulumi.api-url", sim.url(), "--web.listen-address", &web];
        let words = [outer, &[env!("CARGO_BIN_EXE_sitelog")], &known, flags].concat();
        let mut command = scene.command(words[0], words[1..].iter().copied());
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

    pub(crate) fn try_get(&self, path: &str) -> Option<(u16, String)> {
        get(&self.web, path, "GET", &[], b"")
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.try_get(path).unwrap()
    }

    /// The first sample of one of its own metrics that has these labels; 0 where there is none.
    pub(crate) fn own(&self, name: &str, with: &str) -> f64 {
        values(&self.get("/metrics").1, name, with)
            .first()
            .copied()
            .unwrap_or_default()
    }

    /// Waits for a cycle that began now or later, and for its end.
    pub(crate) fn whole_cycle(&self) {
        let cycles = || self.own("sitelog_cloud_cycles_total", "");
        let before = cycles();
        wait_until("whole cycles", || cycles() >= before + 2.0);
    }

    pub(crate) fn wait_ready(&self) {
        wait_until("a good cycle", || self.get("/readyz").0 == 200);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub(crate) fn end(mut self, signal: Signal) -> (i32, String) {
        self.signal(signal);
        let status = end(&mut self.child);
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code(status), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole update of one of the stacks.
pub(crate) fn update(sim: &Sim, outcome: Outcome) -> StackPath {
    let mut world = sim.world();
    let stack = world.stacks().keys().next().unwrap().clone();
    world.run(&stack, Kind::Update, outcome, 5, &[("create", 1)]).unwrap();
    stack
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// One request; `None` when nobody answers. Over HTTP/1.0: the body is what comes until the end.
pub(crate) fn get(web: &str, path: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(web).ok()?;
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: x\r\nContent-Length: {}\r\n{headers}\r\n",
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
pub(crate) fn values(text: &str, name: &str, with: &str) -> Vec<f64> {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(with)
    });
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect()
}
