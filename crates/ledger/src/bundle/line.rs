//! The lines of a bundle. `FORMAT.md` has the table.

use serde::{Deserialize, Serialize};

/// The version that is written and read.
pub(super) const VERSION: u32 = 1;
/// The origin of the note that closes a bundle.
pub(super) const ORIGIN: &str = "sitelog/bundle";
/// Longest line in bytes: the largest frame in base64, its path, and the names.
pub(super) const LONGEST: u64 = 24 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// The first line.
    Bundle { version: u32, key: String },
    /// A chain; its frames follow.
    Chain(ChainLine),
    /// A frame of the chain above.
    Frame(FrameLine),
    /// The last line: a signed note over the number of lines before it and the SHA-256 of their bytes.
    End { note: String },
}

/// What the frames of a chain are checked with. Hashes are in base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainLine {
    /// `<tenant>/<id>`.
    pub(super) chain: String,
    /// Number of frames that follow.
    pub(super) frames: u64,
    /// The signed checkpoint that covers them.
    pub(super) checkpoint: String,
    /// What all frames of a chain begin with; without it, each frame has its own proof.
    pub(super) start: Option<StartLine>,
    /// That the chain is entered in the trail.
    pub(super) trail: Option<TrailLine>,
}

/// The state before a chain's first frame that is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartLine {
    pub(super) size: u64,
    pub(super) edge: Vec<String>,
    pub(super) previous: String,
}

/// An entry of the trail, and the proof that it is there (C2SP tlog-proof, with the trail's checkpoint).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailLine {
    pub(super) entry: String,
    pub(super) proof: String,
}

/// A frame as it is in its segment.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrameLine {
    pub(super) bytes: String,
    /// Its own proof; absent where all frames of the chain are there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) proof: Option<ProofLine>,
}

/// That a frame is in its chain.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofLine {
    /// Hash of the frame before.
    pub(super) previous: String,
    /// The inclusion proof in the tree of the chain's checkpoint.
    pub(super) path: Vec<String>,
}
