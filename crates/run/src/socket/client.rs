//! The job's side of the socket.

use super::protocol::{self, Answer, Request};
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take: the rules are compiled anew, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why nothing was asked or answered.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("cannot be reached: {0}")]
    Connect(io::Error),
    /// The connection broke, or the answer is none.
    #[error("gives no answer: {0}")]
    Talk(io::Error),
}

/// Asks the run that listens at `path`, and waits for its answer.
///
/// # Errors
/// [`ClientError`]; a refusal is an [`Answer`].
pub fn send(path: &Path, request: &Request, body: &[u8]) -> Result<Answer, ClientError> {
    let stream = UnixStream::connect(path).map_err(ClientError::Connect)?;
    let talk = || {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let written = protocol::write(&stream, request, body);
        // Who refuses may do so before all of it was written: what it says comes first.
        protocol::read_answer(BufReader::new(&stream)).or_else(|error| written.and(Err(error)))
    };
    talk().map_err(ClientError::Talk)
}
