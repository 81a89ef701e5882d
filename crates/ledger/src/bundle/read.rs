//! Reads and verifies a bundle: with the public key, and nothing else.

mod chain;

use super::line::{LONGEST, Line, ORIGIN, VERSION};
use crate::check::Wrong;
use crate::frames::Frame;
use crate::key::PublicKey;
use crate::note::Head;
use crate::{ChainId, Checkpoint, Outside};
use aws_lc_rs::digest::{Context, SHA256};
use chain::Proving;
use std::io::{self, BufRead, Read};

/// Why a bundle does not verify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It cannot be read.
    #[error("cannot read the bundle: {0}")]
    Io(#[from] io::Error),
    /// A line is not what belongs there.
    #[error("line {line} of the bundle: {why}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It was made with another version of the format.
    #[error("the bundle has version {0} of the format, this program reads version 1")]
    Version(u32),
    /// A frame is not what was signed.
    #[error("chain {chain}, frame {frame}: {wrong}")]
    Frame {
        /// The chain.
        chain: Box<ChainId>,
        /// The frame's index.
        frame: u64,
        /// What is wrong with it.
        wrong: Box<Wrong>,
    },
    /// The bundle ends in the middle.
    #[error("the bundle is cut off after {lines} lines")]
    CutOff {
        /// Whole lines that are there.
        lines: u64,
    },
    /// It was changed after it was made.
    #[error("the bundle is not the one that was signed when it was made")]
    Changed,
    /// It is signed by another key.
    #[error("the bundle is not signed by the key that was given; it names the key {hint}")]
    Signature {
        /// The key it names, which anybody can have written.
        hint: String,
    },
}

/// What a bundle holds, all of it proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleReport {
    /// The chains.
    pub chains: Vec<BundleChain>,
}

/// A chain of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleChain {
    /// Which.
    pub chain: ChainId,
    /// Frames that are in the bundle.
    pub frames: u64,
    /// Whether these are all frames that the checkpoint covers, but for what retention had erased.
    pub is_whole: bool,
    /// The checkpoint that covers them.
    pub checkpoint: Checkpoint,
    /// The checkpoint of the trail in which the chain's head is, as a signed note; for comparison with witnesses.
    pub trail: Option<Outside>,
}

/// Reads a bundle as a stream, and calls `on_frame` with each batch. Nothing is vouched for before this has returned `Ok`.
///
/// # Errors
/// [`BundleError`], at the first line that is not what was signed.
pub fn read_bundle(
    input: &mut dyn BufRead,
    key: &PublicKey,
    on_frame: &mut dyn FnMut(&ChainId, Frame),
) -> Result<BundleReport, BundleError> {
    let mut reader = Reader {
        input,
        line: 0,
        digest: Context::new(&SHA256),
    };
    let hint = match reader.next()? {
        Some((Line::Bundle { version: VERSION, key }, _)) => key,
        Some((Line::Bundle { version, .. }, _)) => return Err(BundleError::Version(version)),
        _ => return Err(reader.wrong("it is no bundle of sitelog")),
    };
    let mut report = BundleReport::default();
    let mut proving: Option<Proving> = None;
    loop {
        let Some((line, text)) = reader.next()? else {
            return Err(BundleError::CutOff { lines: reader.line });
        };
        match line {
            Line::Bundle { .. } => return Err(reader.wrong("it is the first line again")),
            Line::Frame(frame) => match &mut proving {
                Some(proving) => proving.frame(frame, reader.line, on_frame)?,
                None => return Err(reader.wrong("it is a frame without a chain")),
            },
            Line::Chain(chain) => {
                if let Some(proving) = proving.take() {
                    report.chains.push(proving.end(reader.line)?);
                }
                proving = Some(Proving::begin(chain, key, &hint, reader.line)?);
            }
            Line::End { note } => {
                if let Some(proving) = proving.take() {
                    report.chains.push(proving.end(reader.line)?);
                }
                reader.end(&note, &text, key, hint)?;
                return Ok(report);
            }
        }
    }
}

struct Reader<'a> {
    input: &'a mut dyn BufRead,
    line: u64,
    /// Over all lines but the one read last.
    digest: Context,
}

impl Reader<'_> {
    fn wrong(&self, why: &'static str) -> BundleError {
        BundleError::Line { line: self.line, why }
    }

    /// The next line; its digest is added once it is known not to be the last.
    fn next(&mut self) -> Result<Option<(Line, Vec<u8>)>, BundleError> {
        let mut text = Vec::new();
        (&mut *self.input).take(LONGEST).read_until(b'\n', &mut text)?;
        if text.last() != Some(&b'\n') {
            if text.len() as u64 == LONGEST {
                self.line += 1;
                return Err(self.wrong("it is longer than any line may be"));
            }
            return Ok(None);
        }
        self.line += 1;
        let line: Line = serde_json::from_slice(&text).map_err(|_| self.wrong("it is no line of a bundle"))?;
        if !matches!(line, Line::End { .. }) {
            self.digest.update(&text);
        }
        Ok(Some((line, text)))
    }

    fn end(&mut self, note: &str, text: &[u8], key: &PublicKey, hint: String) -> Result<(), BundleError> {
        let head = Head::open(note, key).ok_or(BundleError::Signature { hint })?;
        let fits = head.origin == ORIGIN
            && head.size == self.line - 1
            && head.root.as_slice() == self.digest.clone().finish().as_ref();
        let note = note.to_owned();
        // One spelling only: what is read again must be the same to the byte.
        let again = serde_json::to_vec(&Line::End { note }).unwrap_or_default();
        let is_canonical = text.strip_suffix(b"\n") == Some(again.as_slice());
        let mut rest = [0];
        if !fits || !is_canonical || self.input.read(&mut rest)? > 0 {
            return Err(BundleError::Changed);
        }
        Ok(())
    }
}
