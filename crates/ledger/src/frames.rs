//! Frames as readers get them: decoded batches.

use crate::ChainId;
use crate::disk::Disk;
use crate::encode::decode;
use crate::error::{Damage, Error};
use crate::frame::{Header, Kind};
use crate::position::Position;
use crate::root::Root;
use crate::walk::{Found, Step, Walk};
use bytes::Bytes;
use sitelog_model::{Batch, Payload};
use sitelog_sanitize::Clean;
use std::path::PathBuf;
use std::sync::Arc;

/// A batch read back from the ledger.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where it is; `item` is 0.
    pub position: Position,
    /// When it was written, Unix nanoseconds.
    pub time: u64,
    /// The batch. It went through the sanitizer before it was stored.
    pub batch: Clean<Batch>,
}

/// What a reader finds next.
pub(crate) enum Read {
    Frame(Found, Frame),
    Damage(Damage),
    End,
}

/// Decodes the frames of a walk.
pub(crate) struct Reader {
    pub(crate) walk: Walk,
    chain: ChainId,
}

impl Reader {
    pub(crate) fn new(disk: Arc<dyn Disk>, chain: &ChainId, folder: PathBuf, from: u64) -> Result<Self, Error> {
        let walk = match from {
            0 => Walk::new(disk, chain, folder, 0),
            _ => Walk::near(disk, chain, folder, from)?,
        };
        Ok(Self {
            walk,
            chain: chain.clone(),
        })
    }

    /// The next wanted frame before `limit`; the payloads of others are not read.
    pub(crate) fn next(&mut self, limit: u64, wants: impl Fn(&Header) -> bool) -> Result<Read, Error> {
        while self.walk.expected().unwrap_or(0) < limit {
            let mut step = self.walk.step()?;
            if let Step::Frame(found) = &step {
                if !wants(&found.header) {
                    continue;
                }
                if let Some(frame) = self.frame(found)? {
                    return Ok(Read::Frame(found.clone(), frame));
                }
                let rejected = self.walk.reject(found, "payload checksum")?;
                // It may have been read while it was written; what was seen behind it shows that it is whole by now.
                if !matches!(rejected, Step::End { .. })
                    && let Some(frame) = self.frame(found)?
                {
                    return Ok(Read::Frame(found.clone(), frame));
                }
                step = match rejected {
                    Step::Frame(found) => Step::Damage(found.damage("payload")),
                    other => other,
                };
            }
            match step {
                Step::Damage(damage) => return Ok(Read::Damage(damage)),
                Step::End { .. } => return Ok(Read::End),
                Step::Segment(_) | Step::Frame(_) => {}
            }
        }
        self.walk.rest();
        Ok(Read::End)
    }
}

impl Reader {
    fn frame(&mut self, found: &Found) -> Result<Option<Frame>, Error> {
        let stored = self.walk.payload(found)?;
        Ok(stored.and_then(|stored| decoded(&self.chain, &found.header, stored)))
    }
}

/// The batch that a frame holds; `None` for a checkpoint, and for a payload that cannot be decompressed.
pub(crate) fn decoded(chain: &ChainId, header: &Header, stored: Vec<u8>) -> Option<Frame> {
    let bytes = Bytes::from(decode(header, stored)?);
    let payload = match header.kind {
        Kind::Otlp => Payload::Otlp(bytes),
        Kind::Lines => Payload::Lines(bytes),
        Kind::Note => Payload::Note(bytes),
        Kind::Checkpoint | Kind::End => return None,
    };
    let batch = Clean::stored(Batch {
        tenant: chain.tenant.clone(),
        signal: header.signal,
        origin: header.origin,
        payload,
    });
    Some(Frame {
        position: Position::start(header.index),
        time: header.time,
        batch,
    })
}

/// All readable frames of a chain, in order. Damage is an item, and reading goes on behind it.
pub struct Frames {
    root: Arc<Root>,
    reader: Reader,
    from: u64,
    wants: fn(&Header) -> bool,
    failed: bool,
}

impl Frames {
    pub(crate) fn new(root: Arc<Root>, chain: &ChainId, from: u64, wants: fn(&Header) -> bool) -> Result<Self, Error> {
        let folder = root.layout.chain(chain);
        let reader = Reader::new(root.disk.clone(), chain, folder, from)?;
        Ok(Self {
            root,
            reader,
            from,
            wants,
            failed: false,
        })
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, Error>;

    /// On a chain that is being written, `None` means nothing further now.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let (from, wants) = (self.from, self.wants);
        match self
            .reader
            .next(u64::MAX, |header| header.index >= from && wants(header))
        {
            Ok(Read::Frame(_, frame)) => Some(Ok(frame)),
            Ok(Read::Damage(damage)) => {
                self.root.damaged(&self.reader.walk.folder, &damage);
                Some(Err(Error::Damage(damage)))
            }
            Ok(Read::End) => None,
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
