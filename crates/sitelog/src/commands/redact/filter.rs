//! The filter: what is read comes out as soon as it is decided.

use crate::exit::Failure;
use sitelog_sanitize::{Clean, DocumentKind, DocumentRedactor, Explanation, NotOtlp, Sanitizer, StreamRedactor};
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Read at once.
const CHUNK: usize = 64 * 1024;

/// A stream of either kind.
pub(super) struct Filter {
    face: Face,
    explain: bool,
}

enum Face {
    Text(Box<StreamRedactor>),
    Documents(Box<DocumentRedactor>),
}

/// Why the filter did not go on to the end.
pub(super) enum Stop {
    Io(io::Error),
    NotOtlp(NotOtlp),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Face {
    fn push<'a>(&'a mut self, input: &'a [u8]) -> Result<Clean<&'a [u8]>, NotOtlp> {
        match self {
            Self::Text(stream) => Ok(stream.push(input)),
            Self::Documents(documents) => documents.push(input),
        }
    }

    fn finish(&mut self) -> Result<Clean<&[u8]>, NotOtlp> {
        match self {
            Self::Text(stream) => Ok(stream.finish()),
            Self::Documents(documents) => documents.finish(),
        }
    }

    fn explained(&mut self) -> Vec<Explanation> {
        match self {
            Self::Text(stream) => stream.explained(),
            Self::Documents(documents) => documents.explained(),
        }
    }
}

impl Filter {
    pub(super) fn text(sanitizer: &Sanitizer) -> Self {
        Self {
            face: Face::Text(Box::new(sanitizer.stream())),
            explain: false,
        }
    }

    pub(super) fn documents(sanitizer: &Sanitizer, kind: DocumentKind) -> Self {
        Self {
            face: Face::Documents(Box::new(sanitizer.documents(kind))),
            explain: false,
        }
    }

    /// Also says on stderr which rule hit where, as one JSON object a line.
    pub(super) fn explain(&mut self) {
        self.explain = true;
        match &mut self.face {
            Face::Text(stream) => stream.explain(),
            Face::Documents(documents) => documents.explain(),
        }
    }

    pub(super) fn run(&mut self, mut input: impl Read, mut output: impl Write) -> Result<(), Stop> {
        let mut buffer = vec![0; CHUNK];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => match self.face.push(&buffer[..len]) {
                    Ok(clean) => output.write_all(clean.get())?,
                    Err(refused) => return self.refused(refused, output),
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            // Behind a live pipe, what is clear should be seen at once.
            output.flush()?;
            self.say()?;
        }
        match self.face.finish() {
            Ok(clean) => output.write_all(clean.get())?,
            Err(refused) => return self.refused(refused, output),
        }
        output.flush()?;
        self.say()?;
        Ok(())
    }

    /// The requests before the one that is none still come out.
    fn refused(&mut self, refused: NotOtlp, mut output: impl Write) -> Result<(), Stop> {
        if let Face::Documents(documents) = &self.face {
            output.write_all(documents.decided().get())?;
            output.flush()?;
        }
        self.say()?;
        Err(Stop::NotOtlp(refused))
    }

    fn say(&mut self) -> io::Result<()> {
        if !self.explain {
            return Ok(());
        }
        let mut lines = Vec::new();
        for explanation in self.face.explained() {
            serde_json::to_writer(&mut lines, &explanation)?;
            lines.push(b'\n');
        }
        // A stderr that nobody reads does not stop the filter.
        let _ = io::stderr().write_all(&lines);
        Ok(())
    }

    /// Input that is not what was said is told at the end; it was hidden by the rules for text.
    pub(super) fn verdict(&self) -> Result<ExitCode, Failure> {
        let broken = match &self.face {
            Face::Documents(documents) => documents.broken(),
            Face::Text(_) => &[],
        };
        match broken {
            [] => Ok(ExitCode::SUCCESS),
            [line, ..] => Err(Failure::input(format!(
                "redact: stdin: line {line}: not JSON; it was treated as text (--format text does so for all of it)"
            ))),
        }
    }
}
