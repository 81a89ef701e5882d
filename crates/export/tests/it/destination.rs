//! A destination under the test's control: a real OTLP server whose answers a script decides.

mod answer;
mod grpc;
mod http;
mod server;

pub(crate) use answer::Answer;
pub(crate) use server::{Destination, Reserved, ServerTls};

use sitelog_model::Signal;
use std::sync::Mutex;
use std::time::Instant;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) signal: Signal,
    /// Bodies of log records, names of spans and metrics.
    pub(crate) records: Vec<String>,
    pub(crate) headers: ::http::HeaderMap,
    pub(crate) at: Instant,
    pub(crate) answered: Answer,
    /// Requests that were being answered when it came, itself included.
    pub(crate) together: usize,
}

type Script = Box<dyn FnMut(&Seen, usize) -> Answer + Send>;

/// What a destination knows and does.
pub(crate) struct Book {
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    taken: Mutex<Vec<String>>,
    together: Mutex<usize>,
}

impl Book {
    pub(crate) fn new(script: impl FnMut(&Seen, usize) -> Answer + Send + 'static) -> Self {
        let (seen, taken, together) = Default::default();
        Self {
            script: Mutex::new(Box::new(script)),
            seen,
            taken,
            together,
        }
    }

    /// Writes a request down and decides on the answer.
    fn enter(&self, signal: Signal, records: Vec<String>, headers: ::http::HeaderMap) -> Answer {
        let mut together = self.together.lock().unwrap();
        *together += 1;
        let at = Instant::now();
        let mut seen = Seen {
            signal,
            records,

            headers,
            at,
            answered: Answer::Take,
            together: *together,
        };
        let mut list = self.seen.lock().unwrap();
        let answer = (self.script.lock().unwrap())(&seen, list.len());
        seen.answered = answer.clone();
        if answer.takes() {
            self.taken.lock().unwrap().extend(seen.records.iter().cloned());
        }
        list.push(seen);
        answer
    }

    fn leave(&self) {
        *self.together.lock().unwrap() -= 1;
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Records taken so far, sorted: one that came twice is there twice.
    pub(crate) fn taken(&self) -> Vec<String> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort();
        taken
    }
}
