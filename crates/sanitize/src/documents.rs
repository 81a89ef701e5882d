//! Streams of JSON documents, each sanitized as the structured value that it is; every byte that is not hidden stays.
//!
//! What is no JSON is treated as text, so that nothing gets through unseen. One document is held at a time, up to 16 MiB;
//! a longer one is text too.

mod split;

use crate::explain::{self, Explanation};
use crate::json;
use crate::otlp_json;
use crate::sanitizer::Sanitizer;
use crate::stream::StreamRedactor;
use crate::tally::Face;
use crate::{Clean, text};
use split::{Document, Step};

/// What the documents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Any JSON; what is none is treated as text.
    Json,
    /// OTLP export requests of any signal; what is none is refused.
    OtlpJson,
}

/// Why a stream of OTLP requests is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {why}")]
pub struct NotOtlp {
    /// The line on which the document starts, counted from 1.
    pub line: u64,
    /// What is wrong; nothing of the document.
    pub why: &'static str,
}

/// A stream of documents on its way through the sanitizer.
#[derive(Debug)]
pub struct DocumentRedactor {
    sanitizer: Sanitizer,
    kind: DocumentKind,
    state: State,
    /// What comes before the document or text that has begun.
    at: Position,
    /// What comes before the end of the text that has begun.
    ahead: Option<Position>,
    /// For what is no JSON.
    text: StreamRedactor,
    explained: Option<Vec<Explanation>>,
    broken: Vec<u64>,
    out: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Between,
    /// An object or a list.
    Document(Document),
    /// A line that starts with neither: a text, a number, a word, or no JSON.
    Line(Vec<u8>),
    /// No JSON, up to a line that may be.
    Text {
        at_line_start: bool,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    offset: u64,
    lines: u64,
    column: u64,
}

impl Position {
    fn pass(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.column = match memchr::memrchr(b'\n', bytes) {
            Some(newline) => (bytes.len() - newline - 1) as u64,
            None => self.column + bytes.len() as u64,
        };
    }

    /// A place that counts from here, counted from the start.
    fn place(&self, mut explanation: Explanation) -> Explanation {
        if explanation.line == 1 {
            explanation.column += self.column;
        }
        explanation.line += self.lines;
        explanation.offset += self.offset;
        explanation
    }
}

impl Sanitizer {
    /// A new stream of documents.
    pub fn documents(&self, kind: DocumentKind) -> DocumentRedactor {
        DocumentRedactor {
            sanitizer: self.clone(),
            kind,
            state: State::Between,
            at: Position::default(),
            ahead: None,
            text: self.stream(),
            explained: None,
            broken: Vec::new(),
            out: Vec::new(),
        }
    }
}

impl DocumentRedactor {
    /// So many lines that are no JSON are remembered.
    const REMEMBERED: usize = 16;

    /// Remembers from now on which rule hit where, for [`Self::explained`].
    pub fn explain(&mut self) {
        self.explained.get_or_insert_default();
        self.text.explain();
    }

    /// Which rules hit where since it was asked last.
    pub fn explained(&mut self) -> Vec<Explanation> {
        self.explained.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The first lines that were no JSON, counted from 1.
    pub fn broken(&self) -> &[u64] {
        &self.broken
    }

    /// Takes a piece of the stream; the documents that end in it come out.
    ///
    /// # Errors
    /// [`NotOtlp`] when OTLP was expected: nothing of that document has come out, and nothing more may be pushed.
    pub fn push(&mut self, input: &[u8]) -> Result<Clean<&[u8]>, NotOtlp> {
        self.out.clear();
        let mut at = 0;
        while at < input.len() {
            at += self.step(&input[at..])?;
        }
        Ok(Clean::made(&self.out))
    }

    /// Ends the stream: what was held back comes out.
    ///
    /// # Errors
    /// [`NotOtlp`] as for [`Self::push`].
    pub fn finish(&mut self) -> Result<Clean<&[u8]>, NotOtlp> {
        self.out.clear();
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between => {}
            State::Document(document) => {
                self.no_json()?;
                // Cut off: as far as it goes it is what it is.
                self.value(&document.bytes)?;
            }
            State::Line(line) => self.line(line)?,
            State::Text { .. } => {}
        }
        self.end_text();
        Ok(Clean::made(&self.out))
    }

    /// What the last call decided, also when it ended with an error.
    pub fn decided(&self) -> Clean<&[u8]> {
        Clean::made(&self.out)
    }

    /// Takes some bytes of what there is, and says how many.
    fn step(&mut self, input: &[u8]) -> Result<usize, NotOtlp> {
        let byte = input[0];
        match &mut self.state {
            State::Between => match byte {
                b'{' | b'[' => self.state = State::Document(Document::new(byte)),
                _ if byte.is_ascii_whitespace() => {
                    self.out.push(byte);
                    self.at.pass(&[byte]);
                }
                _ => self.state = State::Line(vec![byte]),
            },
            State::Document(document) => match document.step(byte) {
                Step::Inside => {}
                end => return self.document_ended(end),
            },
            State::Line(line) => {
                let newline = memchr::memchr(b'\n', input);
                let len = newline.map_or(input.len(), |newline| newline + 1);
                line.extend_from_slice(&input[..len]);
                if newline.is_some() || line.len() > split::LONGEST {
                    let line = std::mem::take(line);
                    self.state = State::Between;
                    self.line(line)?;
                }
                return Ok(len);
            }
            State::Text { at_line_start: true } if matches!(byte, b'{' | b'[') && self.text.is_idle() => {
                self.end_text();
                self.state = State::Document(Document::new(byte));
            }
            State::Text { .. } => {
                let newline = memchr::memchr(b'\n', input);
                let len = newline.map_or(input.len(), |newline| newline + 1);
                self.state = State::Text {
                    at_line_start: newline.is_some(),
                };
                self.text(&input[..len]);
                return Ok(len);
            }
        }
        Ok(1)
    }

    /// The byte that ended a document was taken if it belongs to it.
    fn document_ended(&mut self, end: Step) -> Result<usize, NotOtlp> {
        let State::Document(document) = std::mem::replace(&mut self.state, State::Between) else {
            return Ok(0);
        };
        match end {
            Step::Complete | Step::Inside => {
                self.value(&document.bytes)?;
                return Ok(1);
            }
            // Cut off in the middle; the next one begins here.
            Step::Cut => {
                self.no_json()?;
                self.value(&document.bytes)?;
            }
            Step::Broken => self.begin_text(&document.bytes)?,
        }
        Ok(0)
    }

    /// A line that is a JSON value of its own, or else text.
    fn line(&mut self, line: Vec<u8>) -> Result<(), NotOtlp> {
        if self.kind == DocumentKind::Json && serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_ok() {
            return self.value(&line);
        }
        self.begin_text(&line)
    }

    /// A document, whole or cut off.
    fn value(&mut self, bytes: &[u8]) -> Result<(), NotOtlp> {
        let Ok(document) = std::str::from_utf8(bytes) else {
            return self.begin_text(bytes);
        };
        let rules = self.sanitizer.rules().0;
        let mut documents = json::parse(document);
        let (edits, face) = match (self.kind, &mut documents) {
            (DocumentKind::OtlpJson, documents) => {
                let line = self.at.lines + 1;
                otlp_json::check(document).map_err(|why| NotOtlp { line, why })?;
                let edits = documents.as_mut().map(|documents| otlp_json::edits(&rules, documents));
                (edits.unwrap_or_default(), Face::Otlp)
            }
            (DocumentKind::Json, Some(documents)) => (documents.edits(&rules, text::NESTED), Face::Value),
            (DocumentKind::Json, None) if document.starts_with(['{', '[']) => return self.begin_text(bytes),
            (DocumentKind::Json, None) => (text::edits(&rules, document, text::NESTED), Face::Value),
        };
        edits.iter().for_each(|edit| rules.tally.count(face, edit.rule));
        if let Some(explained) = &mut self.explained {
            let here = explain::of_edits(&rules, document, documents.as_ref(), &edits).into_iter();
            explained.extend(here.map(|explanation| self.at.place(explanation)));
        }
        self.out.extend_from_slice(text::apply(document, &edits).as_bytes());
        self.at.pass(bytes);
        Ok(())
    }

    /// What has begun is no JSON.
    fn no_json(&mut self) -> Result<(), NotOtlp> {
        let line = self.at.lines + 1;
        if self.kind == DocumentKind::OtlpJson {
            let why = "not an OTLP-JSON export request";
            return Err(NotOtlp { line, why });
        }
        if self.broken.len() < Self::REMEMBERED && self.broken.last() != Some(&line) {
            self.broken.push(line);
        }
        Ok(())
    }

    fn begin_text(&mut self, bytes: &[u8]) -> Result<(), NotOtlp> {
        self.no_json()?;
        self.state = State::Text {
            at_line_start: bytes.ends_with(b"\n"),
        };
        self.text(bytes);
        Ok(())
    }

    fn text(&mut self, bytes: &[u8]) {
        self.ahead.get_or_insert(self.at).pass(bytes);
        self.out.extend_from_slice(self.text.push(bytes).get());
        self.explain_text();
    }

    fn end_text(&mut self) {
        self.out.extend_from_slice(self.text.finish().get());
        self.explain_text();
        self.at = self.ahead.take().unwrap_or(self.at);
    }

    fn explain_text(&mut self) {
        if let Some(explained) = &mut self.explained {
            let here = self.text.explained().into_iter();
            explained.extend(here.map(|explanation| self.at.place(explanation)));
        }
    }
}
