//! The Collector goes away in the middle of a stream, and comes back.

use super::Collector;
use crate::scene::{Scene, code, end, wait_until};
use std::io::Write;
use std::process::{ChildStdin, Stdio};
use std::time::{Duration, Instant};

/// How long the Collector is away; `SITELOG_OUTAGE_SECONDS` sets another time.
fn outage() -> Duration {
    let seconds = std::env::var("SITELOG_OUTAGE_SECONDS").map_or(3, |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// The job's lines, numbered.
struct Feed {
    to: ChildStdin,
    next: u64,
}

impl Feed {
    /// Some lines more, and a breath, so that a stream lasts.
    fn some(&mut self) {
        let lines: String = (self.next..self.next + 20)
            .map(|number| format!("line {number}\n"))
            .collect();
        self.next += 20;
        self.to.write_all(lines.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Scenario: a job streams lines; the Collector is stopped for a while and started again while the job goes on. Guarantees:
/// the job is not held up, delivery resumes by itself, and when the run has ended every line is there, nothing waits, and no
/// word was said.
#[test]
fn an_outage_in_the_middle_of_a_stream_loses_nothing() {
    let (scene, mut collector) = (Scene::new(), Collector::start());
    let mut command = scene.run_command(
        &["--otlp.endpoint", &collector.grpc(), "--otlp.protocol", "grpc"],
        &["cat"],
    );
    let mut run = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut feed = Feed {
        to: run.stdin.take().unwrap(),
        next: 0,
    };

    wait_until("the first lines", || {
        feed.some();
        collector.latest_lines() > 0
    });
    collector.stop();
    let (began, before) = (Instant::now(), feed.next);
    while began.elapsed() < outage() {
        feed.some();
    }
    assert!(feed.next > before);
    collector.again();
    wait_until("lines after the outage", || {
        feed.some();
        collector.latest_lines() > 0
    });
    let lines = feed.next;
    drop(feed);
    assert_eq!(code(end(&mut run)), 0);
    assert_eq!(std::io::read_to_string(run.stderr.take().unwrap()).unwrap(), "");
    assert_eq!(scene.waiting(), 0, "something waits");

    let mut arrived = collector.stopped();
    // A request whose answer the stop cut off comes twice: at least once is the promise, and `seq` tells a double.
    arrived.lines.sort_by_key(|line| line.seq);
    let doubles = arrived.lines.len();
    arrived.lines.dedup_by_key(|line| line.seq);
    println!("{lines} lines, {} of them twice", doubles - arrived.lines.len());
    arrived.assert_whole();
    let expected: String = (0..lines).map(|number| format!("line {number}\n")).collect();
    assert_eq!(arrived.stream("stdout"), expected.into_bytes());
    assert_eq!(arrived.span().outcome(), ("success", "", Some(0)));
}
