//! Between a shim and its run: one line of JSON each way, then frames from the shim, then one line back.
//!
//! Both are the same program, so there is no version to agree upon.

use crate::tools::Arms;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};

/// The longest line, bytes: a command line of Linux has at most 2 MiB.
const LINE_MAX: u64 = 16 << 20;
/// The longest frame, bytes.
const FRAME_MAX: usize = 1 << 20;

/// How a shim starts its tool; without arms it does so as it was asked, and says no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Whether an operation is being recorded.
    pub(crate) recorded: bool,
    /// What is changed about the start.
    pub(crate) arms: Arms,
    /// Whether the run wants what the tool writes.
    pub(crate) wants_output: bool,
}

/// The tool was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spawned {
    pub(crate) pid: i32,
}

/// The tool has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exited {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<String>,
    pub(crate) forwarded: Vec<String>,
}

/// What a shim tells: a letter, a length (4 bytes, big end first), and as many bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Spawned(Spawned),
    Out(Vec<u8>),
    Err(Vec<u8>),
    Exited(Exited),
}

pub(crate) fn write_line(mut to: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line)
}

pub(crate) fn read_line<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = Vec::new();
    from.take(LINE_MAX).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

pub(crate) fn write_frame(mut to: impl Write, frame: &Frame) -> io::Result<()> {
    match frame {
        Frame::Spawned(spawned) => write_bytes(&mut to, b's', &serde_json::to_vec(spawned)?),
        Frame::Exited(exited) => write_bytes(&mut to, b'x', &serde_json::to_vec(exited)?),
        Frame::Out(bytes) => write_bytes(&mut to, b'o', bytes),
        Frame::Err(bytes) => write_bytes(&mut to, b'e', bytes),
    }
}

fn write_bytes(to: &mut impl Write, letter: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(5 + bytes.len());
    frame.push(letter);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(bytes);
    to.write_all(&frame)
}

pub(crate) fn read_frame(from: &mut impl Read) -> io::Result<Frame> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let [letter, length @ ..] = head;
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    match letter {
        b's' => Ok(Frame::Spawned(serde_json::from_slice(&bytes)?)),
        b'x' => Ok(Frame::Exited(serde_json::from_slice(&bytes)?)),
        b'o' => Ok(Frame::Out(bytes)),
        b'e' => Ok(Frame::Err(bytes)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_come_back_and_cut_ones_are_errors() {
        let exited = Exited {
            code: Some(7),
            ..Exited::default()
        };
        for frame in [
            Frame::Spawned(Spawned { pid: 4 }),
            Frame::Out(b"x\n".to_vec()),
            Frame::Err(Vec::new()),
            Frame::Exited(exited),
        ] {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, &frame).unwrap();
            assert_eq!(read_frame(&mut bytes.as_slice()).unwrap(), frame);
            for cut in 0..bytes.len() {
                assert!(read_frame(&mut &bytes[..cut]).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_frame(&mut bytes.as_slice());
            let _ = read_line::<Answer>(&mut bytes.as_slice());
        }
    }
}
