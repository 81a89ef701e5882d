//! `sitelog demo`: a real run through a gateway of its own, which then goes on.

use super::running::{request, send};
use crate::scene::{Scene, code, end, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;

/// Scenario: the demo of a user whose file names a destination with a credential, and a gateway with
/// TLS. Guarantees: the run
/// goes through a gateway with embedded defaults to that destination; its ports take what others send until it is told to
/// end, and it leaves nothing behind that waits.
#[test]
fn the_demo_goes_through_a_gateway_that_stays() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let config = format!(
        "otlp:\n  endpoint: {}\n  headers: authorization=Bearer%20of-the-backend\nserve:\n  tls-certificate: /none.pem\n  tls-key: /none.key\n",
        sink.endpoint()
    );
    let config = scene.file("sitelog.yaml", &config);
    let (out, log) = (scene.path("out"), scene.path("log"));
    let mut command = scene.sitelog(["demo", "--config", &config]);
    // The gateway's own, for logs; the run's would not open the gateway.
    command.env("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-team=a");
    command
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&log).unwrap());
    let mut demo = command.spawn().unwrap();
    let said = || std::fs::read_to_string(&out).unwrap();
    wait_until("the demo to have shown its run", || {
        let log = || std::fs::read_to_string(&log).unwrap();
        assert!(demo.try_wait().unwrap().is_none(), "{}", log());
        said().contains(
            "/metrics
",
        )
    });
    let said = said();
    let after = |mark: &str| {
        said.split(mark)
            .nth(1)
            .unwrap()
            .split([' ', '\'', '\n'])
            .next()
            .unwrap()
    };
    let (http, token) = (after("or http://"), after("Bearer%20"));
    let admin = said.rsplit("http://").next().unwrap().split('/').next().unwrap();
    assert!(said.contains("records taken"), "{said}");

    assert_eq!(send(http, None, &["nobody".to_owned()]), Some(401));
    assert_eq!(send(http, Some(token), &["somebody else".to_owned()]), Some(200));
    let credential = format!("Bearer {token}");
    let metrics = request(admin, "GET", "/metrics", &[("authorization", &credential)], b"").unwrap();
    assert_eq!(metrics.0, 200);

    kill(Pid::from_raw(demo.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(code(end(&mut demo)), 0, "{}", std::fs::read_to_string(&log).unwrap());
    assert_eq!(send(http, Some(token), &["too late".to_owned()]), None);
    let all = super::told::of_sink(&sink);
    let logs: Vec<_> = all.keys().filter(|(_, signal, _)| *signal == "logs").collect();
    assert!(logs.iter().any(|(_, _, body)| body == "somebody else"), "{all:?}");
    assert!(
        logs.len() > 1 && logs.iter().all(|(tenant, _, _)| tenant == "default"),
        "{all:?}"
    );
    assert!(all.keys().any(|(_, signal, _)| *signal == "traces"));
    for taken in sink.taken() {
        let (name, value) = match taken.is_logs() {
            true => ("x-team", "a"),
            false => ("authorization", "Bearer of-the-backend"),
        };
        assert_eq!(taken.headers[name], value);
    }
    assert_eq!(scene.waiting(), 0);
}
