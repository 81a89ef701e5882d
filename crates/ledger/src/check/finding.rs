//! What a check finds: what cannot have been left by the program, and what recovery and retention did.

use crate::ChainId;
use std::fmt;
use std::ops::Range;

/// Something is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What.
    pub wrong: Wrong,
}

/// Something worth knowing that is no sign of tampering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub place: Place,
    /// What.
    pub what: Remarkable,
}

/// Where something is, as far as that can be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The chain.
    pub chain: Option<ChainId>,
    /// The segment's number.
    pub segment: Option<u32>,
    /// Index of the first frame concerned, in the chain; or, without a chain, of the trail's entry.
    pub frame: Option<u64>,
}

/// Who remembers how far a log had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The installation's trail.
    Trail,
    /// A checkpoint that was kept elsewhere.
    Outside,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// Bytes that are no sound frame.
    #[error("bytes {}..{} are damaged: {why}", bytes.start, bytes.end)]
    FrameDamaged {
        /// Where in the segment's file.
        bytes: Range<u64>,
        /// What does not fit.
        why: &'static str,
    },
    /// Frames were damaged already when a later checkpoint was signed: recovery found them so.
    #[error("frames {}..{} were lost before the next checkpoint was signed", frames.start, frames.end)]
    LostBeforeSigning {
        /// Their indexes.
        frames: Range<u64>,
    },
    /// Frames are missing without a trace.
    #[error("frames {}..{} are missing", frames.start, frames.end)]
    FramesMissing {
        /// Their indexes.
        frames: Range<u64>,
    },
    /// Segments are missing between others.
    #[error("segments {}..{} are missing, with frames {}..{}", segments.start, segments.end, frames.start, frames.end)]
    SegmentsMissing {
        /// Their numbers.
        segments: Range<u32>,
        /// The frames that were in them.
        frames: Range<u64>,
    },
    /// The chain's first segments are missing, and retention did not erase them.
    #[error("frames 0..{first} are missing, of which retention erased {erased}")]
    BeginningMissing {
        /// Index of the first frame that is there.
        first: u64,
        /// Frames below this were erased by retention.
        erased: u64,
    },
    /// A frame is where another one belongs.
    #[error("frame {found} is where another one belongs")]
    FrameOutOfPlace {
        /// Its index.
        found: u64,
    },
    /// A segment is where another one belongs.
    #[error("the segment begins with frame {found}")]
    SegmentOutOfPlace {
        /// Index of its first frame.
        found: u64,
    },
    /// A segment's header is damaged, or another chain's.
    #[error("the segment's header is damaged or another chain's")]
    SegmentHeader,
    /// A segment's header does not continue the chain.
    #[error("the segment does not continue the one before")]
    SegmentBreak,
    /// A segment ends without its checkpoint, and others follow.
    #[error("the segment ends without its checkpoint")]
    SegmentUnsigned,
    /// A frame's hash is not the one of its content behind the frame before.
    #[error("the frame's hash does not follow from its content and the frame before")]
    HashChain,
    /// A frame is older than the one before.
    #[error("the frame is older than the one before")]
    TimeBack,
    /// Something follows a checkpoint that ends a segment or the chain.
    #[error("something follows the end")]
    BehindTheEnd,
    /// A checkpoint is not signed by the key.
    #[error("the checkpoint is not signed by the key that was given")]
    CheckpointSignature,
    /// A checkpoint does not fit the frames before it.
    #[error("the checkpoint does not fit the frames before it")]
    CheckpointDiffers,
    /// The chain was longer once.
    #[error("the chain ends after {found} frames, {memory} knows of {known}")]
    CutOff {
        /// Frames that are there.
        found: u64,
        /// Frames that were there.
        known: u64,
        /// Who says so.
        memory: Memory,
    },
    /// The chain was another one once.
    #[error("the chain is another one than {memory} knows")]
    ChainDiffers {
        /// Who says so.
        memory: Memory,
    },
    /// The whole chain is missing, and retention did not erase it.
    #[error("the chain is missing, {memory} knows of {known} frames")]
    ChainMissing {
        /// Frames that were there at least.
        known: u64,
        /// Who says so.
        memory: Memory,
    },
    /// The trail cannot be read from here on.
    #[error("the trail is damaged at byte {at}")]
    TrailDamaged {
        /// Offset in its file.
        at: u64,
    },
    /// Entries of the trail are not those that were signed.
    #[error("entries {}..{} of the trail are not those that were signed", entries.start, entries.end)]
    TrailDiffers {
        /// Their indexes.
        entries: Range<u64>,
    },
    /// A checkpoint of the trail is not signed by the key.
    #[error("the trail's checkpoint is not signed by the key that was given")]
    TrailSignature,
    /// The trail says two things about one chain.
    #[error("the trail says two things about the chain")]
    TrailConflict,
    /// The trail was longer once.
    #[error("the trail ends after {found} entries, a checkpoint kept elsewhere knows of {known}")]
    TrailCutOff {
        /// Entries that are there.
        found: u64,
        /// Entries that were there.
        known: u64,
    },
    /// The trail was another one once.
    #[error("the trail is another one than a checkpoint kept elsewhere knows")]
    TrailReplaced,
    /// There are chains that have ended, and no trail.
    #[error("the trail is missing")]
    TrailMissing,
    /// The installation's key is not the one that was given.
    #[error("the installation's key is not the one that was given")]
    KeySwapped,
    /// A checkpoint kept elsewhere is not signed by the key.
    #[error("a checkpoint of {origin} that was kept elsewhere is not signed by the key that was given")]
    OutsideSignature {
        /// Which log it is of.
        origin: String,
    },
}

/// What is worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Remarkable {
    /// Retention erased the chain's beginning, and said so in the trail.
    #[error("retention erased the frames before {first}")]
    Erased {
        /// Index of the first frame that is there.
        first: u64,
    },
    /// Retention erased the whole chain; its head stays in the trail.
    #[error("retention erased the chain of {frames} frames; its head is kept")]
    ErasedWhole {
        /// Frames it had.
        frames: u64,
    },
    /// The chain has not ended: its writer is at work, or died. What is behind the last checkpoint is not signed yet.
    #[error("the chain has not ended; {unsigned} frames are not signed yet")]
    Unfinished {
        /// Frames behind the last checkpoint.
        unsigned: u64,
    },
    /// Half a frame at the end of a chain that has not ended: recovery will cut it.
    #[error("{bytes} bytes of half a frame at the end")]
    TornTail {
        /// How many bytes.
        bytes: u64,
    },
    /// Recovery or a reader put bytes aside that were no frame.
    #[error("{files} pieces of damaged bytes are in the chain's quarantine")]
    Quarantined {
        /// How many.
        files: u64,
    },
    /// The chain has ended, but its head is not entered in the trail yet: the next run does that.
    #[error("the chain's end is not entered in the trail yet")]
    NotEntered,
    /// Half a batch at the end of the trail: the next run cuts it and enters it again.
    #[error("{bytes} bytes of half a batch at the trail's end")]
    TrailTorn {
        /// How many bytes.
        bytes: u64,
    },
    /// A checkpoint kept elsewhere is older than what retention has left, or of a chain that was not checked.
    #[error("a checkpoint of {origin} that was kept elsewhere could not be compared")]
    OutsideUnused {
        /// Which log it is of.
        origin: String,
    },
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trail => "the trail",
            Self::Outside => "a checkpoint kept elsewhere",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.chain, self.frame) {
            (Some(chain), _) => write!(f, "chain {chain}")?,
            (None, Some(entry)) => return write!(f, "trail, entry {entry}"),
            (None, None) => return f.write_str("installation"),
        }
        if let Some(segment) = self.segment {
            write!(f, ", segment {segment:08}")?;
        }
        self.frame.map_or(Ok(()), |frame| write!(f, ", frame {frame}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.wrong)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
