//! The frame: a fixed header, then the payload. `FORMAT.md` has the table.

use crate::tree::Hash;
use aws_lc_rs::digest::{Context, SHA256};
use sitelog_model::{Origin, Signal, Source, Ulid};
use std::ops::Range;

/// First bytes of each frame. The first one occurs in no UTF-8 text.
pub(crate) const MAGIC: [u8; 4] = [0xf5, b'S', b'L', b'F'];
/// Bytes of a frame's header.
pub const HEADER: usize = 92;
/// Largest payload as stored, in bytes. A header that says more is damage.
pub const MAX_STORED: usize = 16 << 20;
/// Largest payload once decompressed, in bytes.
pub const MAX_PLAIN: usize = 64 << 20;
const VERSION: u8 = 1;
/// Which part of the header the hash covers: all but checksums and the hash itself.
const HASHED: Range<usize> = 0..52;
const PAYLOAD_CRC: Range<usize> = 52..56;
const HASH: Range<usize> = 56..88;
const HEADER_CRC: Range<usize> = 88..92;

/// What a frame holds. The numbers are written to disk: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An OTLP export request.
    Otlp = 1,
    /// A block of job output.
    Lines = 2,
    /// A fact sitelog keeps for itself.
    Note = 3,
    /// A signed checkpoint: the last frame of a segment.
    Checkpoint = 4,
    /// A signed checkpoint that ends the chain.
    End = 5,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Otlp, Self::Lines, Self::Note, Self::Checkpoint, Self::End];

    /// Whether the frame holds a batch.
    pub fn is_batch(self) -> bool {
        matches!(self, Self::Otlp | Self::Lines | Self::Note)
    }

    /// Whether the frame's batch may leave the machine.
    pub fn is_exported(self) -> bool {
        matches!(self, Self::Otlp | Self::Lines)
    }
}

/// How a payload is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// As it is.
    None = 0,
    /// One zstd frame.
    Zstd = 1,
}

/// A frame's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame holds.
    pub kind: Kind,
    /// How the payload is stored.
    pub encoding: Encoding,
    /// Which signal it carries; checkpoints say logs.
    pub signal: Signal,
    /// Bytes of the payload as stored.
    pub stored: u32,
    /// Bytes of the payload once decompressed.
    pub plain: u32,
    /// Place in the chain, from 0.
    pub index: u64,
    /// When it was written, Unix nanoseconds; never goes back within a chain.
    pub time: u64,
    /// Who made it.
    pub origin: Origin,
    /// CRC-32C of the payload as stored.
    pub payload_crc: u32,
    /// SHA-256 of the previous frame's hash, this header up to here, and the payload as stored.
    pub hash: Hash,
}

impl Header {
    /// Bytes of the whole frame.
    pub fn frame_len(&self) -> u64 {
        HEADER as u64 + u64::from(self.stored)
    }

    /// The header as stored, sealed with checksum and hash over `previous` and the payload.
    pub(crate) fn encode(&mut self, previous: &Hash, payload: &[u8]) -> [u8; HEADER] {
        let mut bytes = self.hashed_part();
        self.payload_crc = crc32c::crc32c(payload);
        self.hash = chain_hash(previous, &bytes[HASHED], payload);
        bytes[PAYLOAD_CRC].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[HASH].copy_from_slice(&self.hash);
        let crc = crc32c::crc32c(&bytes[..HEADER_CRC.start]);
        bytes[HEADER_CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Whether `hash` is what it must be after `previous`.
    pub fn follows(&self, previous: &Hash, payload: &[u8]) -> bool {
        chain_hash(previous, &self.hashed_part()[HASHED], payload) == self.hash
    }

    fn hashed_part(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = self.kind as u8;
        bytes[6] = self.encoding as u8;
        bytes[7] = self.signal as u8;
        bytes[8..12].copy_from_slice(&self.stored.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.plain.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.index.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.origin.id.to_bytes());
        bytes[48] = self.origin.source as u8;
        bytes
    }
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A whole, sound frame and its payload as stored.
    Frame(Header, &'a [u8]),
    /// The beginning of one; so many bytes are needed at least.
    Short(usize),
    /// No frame.
    Bad(&'static str),
}

/// Reads the frame at the beginning of `bytes`. Never allocates, never panics, whatever the bytes are.
pub fn parse_frame(bytes: &[u8]) -> Parsed<'_> {
    let header = match parse_header(bytes) {
        Ok(header) => header,
        Err(parsed) => return parsed,
    };
    let end = HEADER + header.stored as usize;
    match bytes.get(HEADER..end) {
        None => Parsed::Short(end),
        Some(payload) if crc32c::crc32c(payload) != header.payload_crc => Parsed::Bad("payload checksum"),
        Some(payload) => Parsed::Frame(header, payload),
    }
}

/// Reads a header alone; its own checksum covers it, so that a reader can skip the payload.
pub(crate) fn parse_header(bytes: &[u8]) -> Result<Header, Parsed<'static>> {
    let Some(bytes) = bytes.first_chunk::<HEADER>() else {
        let known = bytes.len().min(MAGIC.len());
        let is_prefix = bytes[..known] == MAGIC[..known];
        return Err(if is_prefix {
            Parsed::Short(HEADER)
        } else {
            Parsed::Bad("no frame")
        });
    };
    if bytes[0..4] != MAGIC {
        return Err(Parsed::Bad("no frame"));
    }
    if crc32c::crc32c(&bytes[..HEADER_CRC.start]) != u32_at(bytes, HEADER_CRC.start) {
        return Err(Parsed::Bad("header checksum"));
    }
    header_fields(bytes).map_err(Parsed::Bad)
}

fn header_fields(bytes: &[u8; HEADER]) -> Result<Header, &'static str> {
    if bytes[4] != VERSION {
        return Err("unknown format version");
    }
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| *kind as u8 == bytes[5])
        .ok_or("unknown kind")?;
    let encoding = match bytes[6] {
        0 => Encoding::None,
        1 => Encoding::Zstd,
        _ => return Err("unknown encoding"),
    };
    let (stored, plain) = (u32_at(bytes, 8), u32_at(bytes, 12));
    let too_long = stored as usize > MAX_STORED || plain as usize > MAX_PLAIN;
    if too_long || (encoding == Encoding::None && stored != plain) || bytes[49..52] != [0; 3] {
        return Err("impossible length");
    }
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[32..48]);
    let mut hash = [0; 32];
    hash.copy_from_slice(&bytes[HASH]);
    Ok(Header {
        kind,
        encoding,
        signal: Signal::from_u8(bytes[7]).ok_or("unknown signal")?,
        stored,
        plain,
        index: u64_at(bytes, 16),
        time: u64_at(bytes, 24),
        origin: Origin {
            source: Source::from_u8(bytes[48]).ok_or("unknown source")?,
            id: Ulid::from_bytes(id),
        },
        payload_crc: u32_at(bytes, PAYLOAD_CRC.start),
        hash,
    })
}

fn chain_hash(previous: &Hash, header: &[u8], payload: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(header);
    context.update(payload);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u64::from_le_bytes(*word))
}
