//! What goes over the socket: one frame there, one line back.
//!
//! A frame is a line of JSON, `{"v":1,"body":SIZE,"request":{…}}`, and behind it as many bytes as it says, which may be any.
//! A new kind of request is one more variant of [`Request`]; one that changes the frame itself is version 2.

use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};

/// The version of the frame.
pub(crate) const VERSION: u32 = 1;
/// The longest line of a frame or an answer, bytes.
const LINE_MAX: u64 = 4096;
/// The longest body of a frame, bytes.
pub const BODY_MAX: usize = 64 * 1024;

/// What a job may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// The body is a secret: hide it from now on.
    RedactAdd {
        /// The name by which explanations and warnings call it.
        name: String,
    },
}

/// What a job is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer {
    /// Done: it holds from the next byte on that the job writes.
    Done,
    /// Done as far as it can be: the value is too short to be looked for in text (R21).
    TooShort,
    /// Not done.
    Refused {
        /// Why; never a value.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u32,
    body: usize,
    request: serde_json::Value,
}

/// Why a frame cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadFrame {
    /// The connection broke, or was too slow.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The line is no head of a frame.
    #[error("not a request of this protocol")]
    Malformed,
    /// A version or a kind of request that this program does not know.
    #[error("this version of sitelog does not know the request")]
    Unknown,
    /// The body is too long.
    #[error("the value is longer than {BODY_MAX} bytes")]
    TooLarge,
}

/// Writes a frame.
pub(crate) fn write(mut to: impl Write, request: &Request, body: &[u8]) -> io::Result<()> {
    let head = Head {
        v: VERSION,
        body: body.len(),
        request: serde_json::to_value(request)?,
    };
    let mut frame = serde_json::to_vec(&head)?;
    frame.push(b'\n');
    frame.extend_from_slice(body);
    to.write_all(&frame)
}

/// Reads a frame; never more than the limits allow.
pub(crate) fn read(mut from: impl BufRead) -> Result<(Request, Vec<u8>), BadFrame> {
    let line = line(&mut from)?.ok_or(BadFrame::Malformed)?;
    let head: Head = serde_json::from_slice(&line).map_err(|_| BadFrame::Malformed)?;
    if head.body > BODY_MAX {
        return Err(BadFrame::TooLarge);
    }
    let request = serde_json::from_value(head.request).ok().filter(|_| head.v == VERSION);
    let request = request.ok_or(BadFrame::Unknown)?;
    let mut body = vec![0; head.body];
    from.read_exact(&mut body)?;
    Ok((request, body))
}

/// Writes an answer.
pub(crate) fn answer(mut to: impl Write, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Reads an answer.
pub(crate) fn read_answer(mut from: impl BufRead) -> io::Result<Answer> {
    let line = line(&mut from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(serde_json::from_slice(&line)?)
}

/// A whole line of bounded length without its end; `None` when there is none.
fn line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LINE_MAX).read_until(b'\n', &mut line)?;
    Ok(line.pop().filter(|end| *end == b'\n').map(|_| line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let request = Request::RedactAdd { name: "A\nB".into() };
        let body = b"two\nlines and \xff\0";
        let mut frame = Vec::new();
        write(&mut frame, &request, body).unwrap();
        assert_eq!(read(frame.as_slice()).unwrap(), (request, body.to_vec()));
        for cut in 0..frame.len() {
            assert!(read(&frame[..cut]).is_err(), "{cut}");
        }
        for sent in [Answer::Done, Answer::TooShort, Answer::Refused { why: "x".into() }] {
            let mut line = Vec::new();
            answer(&mut line, &sent).unwrap();
            assert_eq!(read_answer(line.as_slice()).unwrap(), sent);
        }
    }

    #[test]
    fn what_is_too_large_or_unknown_is_told_apart() {
        let frame = |text: String| read(text.as_bytes()).unwrap_err().to_string();
        let known = r#"{"redact_add":{"name":"x"}}"#;
        let large = frame(format!("{{\"v\":1,\"body\":{},\"request\":{known}}}\n", BODY_MAX + 1));
        assert!(large.contains("longer than"), "{large}");
        for unknown in [
            format!("{{\"v\":2,\"body\":0,\"request\":{known}}}\n"),
            "{\"v\":1,\"body\":0,\"request\":{\"event\":{}}}\n".into(),
        ] {
            assert!(frame(unknown).contains("does not know"));
        }
        assert!(frame("x".repeat(10_000)).contains("not a request"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(bytes.as_slice());
            let _ = read_answer(bytes.as_slice());
        }
    }
}
