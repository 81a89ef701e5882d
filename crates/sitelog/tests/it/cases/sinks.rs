//! The same jobs over every state of the destination: the job must not be able to tell.

use super::judge::{judge, open_cases, passed_through};
use crate::collector::Collector;
use crate::recorded::Recorded;
use crate::scene::{Scene, ended_with};
use crate::sink::{Answer, Reserved, Sink};

/// A state of the destination, and what becomes of the records there.
enum State {
    /// No endpoint is set.
    None,
    /// A Collector takes all.
    Up(Collector),
    /// Connections are refused.
    Down(Reserved),
    /// A sink takes all, refuses all, or never answers.
    Sink(Answer, Sink),
}

impl State {
    fn sink(answer: Answer) -> Self {
        Self::Sink(answer, Sink::start(answer))
    }

    fn endpoint(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Up(collector) => Some(collector.grpc()),
            Self::Down(nobody) => Some(nobody.endpoint()),
            Self::Sink(_, sink) => Some(sink.endpoint()),
        }
    }

    /// What arrived; `None` where nothing can.
    fn arrived(&self) -> Option<Recorded> {
        match self {
            Self::Up(collector) => Some(collector.recorded_span()),
            Self::Sink(Answer::Take | Answer::Slow, sink) => Some(sink.recorded()),
            Self::None | Self::Down(_) | Self::Sink(..) => None,
        }
    }
}

/// Runs every case in one state and protocol.
fn every_case(state: impl Fn() -> State, protocol: &str) {
    for case in open_cases() {
        let (scene, state) = (Scene::new(), state());
        let endpoint = state.endpoint();
        let mut flags = vec!["--otlp.protocol", protocol];
        flags.extend(endpoint.iter().flat_map(|endpoint| ["--otlp.endpoint", endpoint]));
        let ran = ended_with(case.command(&scene, &flags), case.stdin.clone());
        assert_eq!(passed_through(&case, &ran), Vec::<String>::new(), "{}", case.id);
        // Kept, whatever the destination does; and said to nobody, since nothing is lost.
        assert_eq!(
            scene.raw_logs("last"),
            (ran.stdout.clone(), ran.stderr.clone()),
            "{}",
            case.id
        );
        if let Some(arrived) = state.arrived() {
            assert_eq!(judge(&case, &ran, &arrived), Vec::<String>::new(), "{}", case.id);
            assert_eq!(scene.waiting(), 0, "{}", case.id);
        }
    }
}

#[test]
fn the_job_cannot_tell_that_no_destination_is_set() {
    every_case(|| State::None, "grpc");
}

#[test]
fn the_job_cannot_tell_that_the_collector_is_up() {
    every_case(|| State::Up(Collector::start()), "grpc");
}

#[test]
fn the_job_cannot_tell_that_connections_are_refused() {
    every_case(|| State::Down(Reserved::new()), "grpc");
    every_case(|| State::Down(Reserved::new()), "http/protobuf");
}

#[test]
fn the_job_cannot_tell_that_the_sink_is_slow() {
    every_case(|| State::sink(Answer::Slow), "grpc");
}

#[test]
fn the_job_cannot_tell_that_the_sink_refuses() {
    every_case(|| State::sink(Answer::Refuse), "http/protobuf");
    every_case(|| State::sink(Answer::Refuse), "grpc");
}

#[test]
fn the_job_cannot_tell_that_the_sink_hangs() {
    every_case(|| State::sink(Answer::Hang), "http/json");
}
