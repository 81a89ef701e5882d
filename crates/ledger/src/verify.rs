//! Verification: needs a chain's files and the public key, nothing else.

use crate::ChainId;
use crate::checkpoint::{Checkpoint, origin};
use crate::disk::Disk;
use crate::error::Error;
use crate::frame::Kind;
use crate::key::PublicKey;
use crate::segment::SegmentHeader;
use crate::tree::{Hash, Tree};
use crate::walk::{Found, Step, Walk};
use std::path::PathBuf;
use std::sync::Arc;

/// What verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Index of the first frame that is there; not 0 when retention has erased older ones.
    pub first: u64,
    /// Index behind the last frame that is sound.
    pub frames: u64,
    /// The last checkpoint that is sound: all before it is signed.
    pub checkpoint: Option<Checkpoint>,
    /// The first frame that is not what was written, and why. Nothing from there on is vouched for.
    pub bad: Option<Bad>,
}

/// A frame that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Its index.
    pub frame: u64,
    /// What does not fit.
    pub why: &'static str,
}

impl Verified {
    /// Whether the chain is sound from its first frame to its signed end.
    pub fn is_sealed(&self) -> bool {
        self.bad.is_none() && self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.end)
    }
}

/// The state that each frame must fit.
struct Expected {
    tree: Tree,
    previous: Hash,
    time: u64,
}

pub(crate) fn verify(disk: Arc<dyn Disk>, id: &ChainId, folder: PathBuf, key: &PublicKey) -> Result<Verified, Error> {
    let mut walk = Walk::new(disk, id, folder, 0);
    let mut verified = Verified::default();
    let mut expected: Option<Expected> = None;
    loop {
        let bad = match walk.step()? {
            Step::Segment(header) => begin(header, id, &mut expected, &mut verified),
            Step::Frame(found) => match (walk.payload(&found)?, &mut expected) {
                (Some(payload), Some(expected)) => {
                    let bad = check(&found, &payload, id, key, expected, &mut verified);
                    verified.frames = expected.tree.size();
                    bad
                }
                (None, _) => Some("payload checksum"),
                (_, None) => Some("segment header"),
            },
            Step::Damage(damage) => Some(damage.why),
            Step::End { torn: 0 } => return Ok(verified),
            Step::End { .. } => Some("torn tail"),
        };
        if let Some(why) = bad {
            verified.bad = Some(Bad {
                frame: verified.frames,
                why,
            });
            return Ok(verified);
        }
    }
}

fn begin(
    header: SegmentHeader,
    id: &ChainId,
    expected: &mut Option<Expected>,
    verified: &mut Verified,
) -> Option<&'static str> {
    let known = match expected.as_ref() {
        Some(expected) => Some(SegmentHeader {
            tree: expected.tree.clone(),
            previous: expected.previous,
        }),
        None if header.tree.size() == 0 => Some(SegmentHeader::first(id)),
        // What comes before is erased: the next checkpoint's signature vouches for this header.
        None => None,
    };
    if known.is_some_and(|known| known != header) {
        return Some("segment header");
    }
    if expected.is_none() {
        (verified.first, verified.frames) = (header.tree.size(), header.tree.size());
        *expected = Some(Expected {
            tree: header.tree,
            previous: header.previous,
            time: 0,
        });
    }
    None
}

fn check(
    found: &Found,
    payload: &[u8],
    id: &ChainId,
    key: &PublicKey,
    expected: &mut Expected,
    verified: &mut Verified,
) -> Option<&'static str> {
    let header = &found.header;
    if header.index != expected.tree.size() || !header.follows(&expected.previous, payload) {
        return Some("hash chain");
    }
    if header.time < expected.time {
        return Some("time goes back");
    }
    if verified.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.end) {
        return Some("frame behind the end");
    }
    if matches!(header.kind, Kind::Checkpoint | Kind::End) {
        let Some(checkpoint) = Checkpoint::open(payload, key) else {
            return Some("checkpoint signature");
        };
        let says = (
            checkpoint.size,
            checkpoint.root,
            checkpoint.end,
            checkpoint.origin.as_str(),
        );
        if says
            != (
                expected.tree.size(),
                expected.tree.root(),
                header.kind == Kind::End,
                &origin(id),
            )
        {
            return Some("checkpoint does not fit");
        }
        verified.checkpoint = Some(checkpoint);
    }
    expected.tree.push(&header.hash);
    (expected.previous, expected.time) = (header.hash, header.time);
    None
}
