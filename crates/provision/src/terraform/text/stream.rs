//! One of the streams of a run, and where in it a line is.

use super::super::course::Course;
use super::super::word::Word;
use super::plan::{Block, Headline};
use super::said::Open;
use super::{MOST_WAITING, canceled, counts, hook};
use crate::Fact;

/// Errors that wait, on the stream whose errors do.
pub(super) type Waiting<'a> = Option<&'a mut Vec<(String, String)>>;

/// What the lines before this one leave open.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// A warning or an error.
    said: Option<Open>,
    /// It is in a box, which has an end; without a box it ends where something else begins.
    boxed: bool,
    /// A resource's part of the plan.
    block: Option<Block>,
    /// A multi-line output's last line.
    heredoc: Option<String>,
    /// A state that is dumped: nothing of it is read.
    dump: bool,
    /// Changes made outside are being listed.
    drift: bool,
    /// Something was planned or done already.
    began: bool,
    /// The account of what was done was given: nothing is done after it.
    over: bool,
    /// Short warnings are being listed.
    list: bool,
    /// The line before had something in it.
    filled: bool,
}

/// Lines that end a diagnostic without a box: nothing else that the engine writes does.
const QUESTIONS: [&str; 3] = ["Do you want to ", "Do you really want to ", "  Enter a value:"];

/// What is said when a run is stopped, by a signal or by an answer.
const STOPS: [&str; 3] = ["Interrupt received.", "Apply cancelled.", "Destroy cancelled."];

impl Stream {
    /// Reads a line.
    pub(crate) fn line(&mut self, line: &str, course: &mut Course, waiting: &mut Waiting<'_>, out: &mut Vec<Fact>) {
        let after_blank = !std::mem::replace(&mut self.filled, !line.is_empty());
        if let Some(end) = &self.heredoc {
            if line == end {
                self.heredoc = None;
            }
            return;
        }
        if self.dump {
            self.dump = line != "}";
            return;
        }
        if self.boxed {
            if let Some(content) = line.strip_prefix('│') {
                return self.in_box(content.strip_prefix(' ').unwrap_or(content));
            }
            self.said(course, waiting, out);
            if line == "╵" {
                return;
            }
        }
        if self.said.is_some() && !self.ends(line, after_blank) {
            if let Some(said) = &mut self.said {
                said.line(line);
            }
            return;
        }
        self.said(course, waiting, out);
        self.plain(line, after_blank, course, out);
    }

    /// The stream is over.
    pub(crate) fn end(&mut self, course: &mut Course, waiting: &mut Waiting<'_>, out: &mut Vec<Fact>) {
        self.said(course, waiting, out);
        self.block(course, out);
    }

    fn in_box(&mut self, line: &str) {
        match &mut self.said {
            Some(said) => said.line(line),
            None => self.said = Some(Open::first(line).unwrap_or_else(|| Open::of("info", line))),
        }
    }

    /// Whether this line ends the diagnostic without a box that is open.
    ///
    /// Its detail is anybody's words, at the beginning of lines. So a line about a resource ends it only before
    /// anything was done: later the engine writes diagnostics when all is over, or before it asks.
    fn ends(&self, line: &str, after_blank: bool) -> bool {
        if after_blank && Open::first(line).is_some() {
            return true;
        }
        if line == "{" || line.starts_with("Two interrupts received.") {
            return true;
        }
        if self.said.as_ref().is_some_and(Open::error) {
            return false;
        }
        if QUESTIONS.iter().any(|question| line.starts_with(question)) {
            return true;
        }
        if self.began {
            return after_blank && counts::account(line).is_some_and(|summary| !summary.planned);
        }
        hook::Line::of(line).is_some() || begins_a_plan(line) || counts::account(line).is_some()
    }

    /// Whatever is open of a diagnostic is all of it.
    fn said(&mut self, course: &mut Course, waiting: &mut Waiting<'_>, out: &mut Vec<Fact>) {
        self.boxed = false;
        let Some(open) = self.said.take() else { return };
        let said = open.said();
        match (said.address, waiting) {
            (Some(address), Some(waiting)) if open.error() && !course.runs(address) => {
                if waiting.len() < MOST_WAITING {
                    waiting.push((address.to_owned(), said.summary.to_owned()));
                }
            }
            _ => said.blame(course, None, out),
        }
        said.remark(None, out);
    }

    /// Whatever is open of the plan is all of it.
    fn block(&mut self, course: &mut Course, out: &mut Vec<Fact>) {
        if let Some(block) = self.block.take() {
            block.facts(course, out);
        }
    }

    fn plain(&mut self, line: &str, after_blank: bool, course: &mut Course, out: &mut Vec<Fact>) {
        if line.is_empty() {
            self.list &= after_blank;
        } else if line == "╷" {
            self.boxed = true;
        } else if line == "{" {
            self.dump = true;
        } else if after_blank && let Some(said) = Open::first(line) {
            self.said = Some(said);
        } else if let Some(line) = hook::Line::of(line) {
            if !self.over {
                self.began = true;
                line.facts(course, out);
            }
        } else if self.over || !self.in_plan(line, course, out) {
            self.run_wide(line, course, out);
        }
    }

    /// Reads a line of the plan; says whether it is one.
    fn in_plan(&mut self, line: &str, course: &mut Course, out: &mut Vec<Fact>) -> bool {
        if begins_a_plan(line) {
            self.began = true;
            self.drift = line.starts_with("Note: ");
            course.refreshed(out);
            return true;
        }
        if let Some(headline) = Headline::of(line, self.drift) {
            self.block(course, out);
            match headline {
                Headline::Planned(block) => self.block = Some(block),
                Headline::Drifted(address, word) => course.drifted(&address, &word, None, out),
            }
            return true;
        }
        let Some(block) = &mut self.block else { return false };
        if block.line(line) {
            self.block(course, out);
        }
        self.block.is_none() || [" ", "-/+ ", "+/- "].iter().any(|start| line.starts_with(start))
    }

    /// Reads a line about the run as a whole.
    fn run_wide(&mut self, line: &str, course: &mut Course, out: &mut Vec<Fact>) {
        self.block(course, out);
        if let Some(summary) = counts::account(line) {
            self.began = true;
            self.over |= !summary.planned;
            course.refreshed(out);
            course.summed_up(summary, None, out);
        } else if STOPS.contains(&line) || line.starts_with("Two interrupts received.") {
            out.push(canceled(line));
        } else if line == "Import successful!" {
            course.all_done(&Word::Import, out);
        } else if line == "Warnings:" {
            self.list = true;
        } else if let Some(summary) = line.strip_prefix("- ").filter(|_| self.list) {
            Open::of("warning", summary).said().remark(None, out);
        } else {
            self.heredoc = heredoc(line);
        }
    }
}

/// Whether a line is a heading of the plan, or of what was found before it.
fn begins_a_plan(line: &str) -> bool {
    let made_by =
        |rest: &str| rest.starts_with("used the selected providers") || rest.starts_with("will perform the fol");
    line == "Note: Objects have changed outside of Terraform"
        || line == "Note: Objects have changed outside of OpenTofu"
        || ["Terraform ", "OpenTofu "].iter().any(|tool| {
            line.strip_prefix(tool)
                .is_some_and(|rest| made_by(rest) || rest.starts_with("planned the following"))
        })
}

/// The last line of the multi-line output that begins with this one; inside of anything else such text is indented.
fn heredoc(line: &str) -> Option<String> {
    if line.starts_with(' ') {
        return None;
    }
    let (_, end) = line.rsplit_once("<<")?;
    let end = end.strip_prefix('-').unwrap_or(end);
    let marker = end.starts_with("EOT") && end.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    marker.then(|| end.to_owned())
}
