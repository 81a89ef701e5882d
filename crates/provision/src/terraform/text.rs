//! The text that Terraform and OpenTofu write for people, line by line.

mod colour;
mod counts;
mod hook;
mod plan;
mod said;
mod stream;

use super::course::{Course, fact};
use crate::{Fact, Malformed, Reader, What};
use std::borrow::Cow;
use stream::Stream;

/// How many errors wait for the process' other stream.
const MOST_WAITING: usize = 10_000;

/// Reads the lines of one run, without their terminators: [`Reader::read`] those of stdout (or of a terminal, where all
/// is one), [`Text::read_err`] those of stderr.
///
/// Every line is text, so that none is malformed. Text can be imitated, by the name of an output or the words of a
/// warning, though not by a provisioner's output: a line counts only where the engine could have written it.
#[derive(Debug, Default)]
pub struct Text {
    course: Course,
    out: Stream,
    err: Stream,
    /// Errors of stderr about resources of which stdout has not said yet that they run: the streams race.
    waiting: Vec<(String, String)>,
}

impl Text {
    /// A reader of one run's text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the facts of one line of stderr to `out`.
    pub fn read_err(&mut self, line: &[u8], out: &mut Vec<Fact>) {
        let line = plain(line);
        self.err
            .line(&line, &mut self.course, &mut Some(&mut self.waiting), out);
    }
}

impl Reader for Text {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let line = plain(event);
        self.out.line(&line, &mut self.course, &mut None, out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        self.out.end(&mut self.course, &mut None, out);
        self.err.end(&mut self.course, &mut Some(&mut self.waiting), out);
        for (address, summary) in std::mem::take(&mut self.waiting) {
            self.course
                .blamed(&super::address::Address::or_name(&address), &summary, None, out);
        }
    }
}

/// A line without colours, nor white space at its end.
fn plain(line: &[u8]) -> Cow<'_, str> {
    match colour::stripped(line) {
        Cow::Borrowed(line) => match String::from_utf8_lossy(line) {
            Cow::Borrowed(line) => Cow::Borrowed(line.trim_end()),
            Cow::Owned(line) => Cow::Owned(line.trim_end().to_owned()),
        },
        Cow::Owned(line) => Cow::Owned(String::from_utf8_lossy(&line).trim_end().to_owned()),
    }
}

/// What is said of the run as a whole, and stops it.
fn canceled(said: &str) -> Fact {
    fact(What::Canceled(said.to_owned()), None)
}
