//! A writer that lets through what is clean.

use crate::stream::StreamRedactor;
use std::io::{self, Write};

/// Writes what comes out of a [`StreamRedactor`] to another writer. Call [`RedactingWriter::finish`] at the end:
/// what is held back is lost otherwise, never written raw.
#[derive(Debug)]
pub struct RedactingWriter<W: Write> {
    redactor: StreamRedactor,
    out: W,
}

impl<W: Write> RedactingWriter<W> {
    pub(crate) fn new(redactor: StreamRedactor, out: W) -> Self {
        Self { redactor, out }
    }

    /// Ends the stream and gives the inner writer back.
    ///
    /// # Errors
    /// When the inner writer fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(self.redactor.finish().get())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        self.out.write_all(self.redactor.push(input).get())?;
        Ok(input.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
