//! How payloads are stored: as they are, or as one zstd frame where that pays.

use crate::frame::{Encoding, Header};
use std::borrow::Cow;
use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

const LEVEL: i32 = 1;
/// Below this size a frame's overhead outweighs the gain.
const WORTH_TRYING: usize = 512;

thread_local! {
    // A context costs more to make than a frame to compress.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
}

/// The payload as stored.
pub(crate) fn encode(plain: &[u8], compress: bool) -> (Encoding, Cow<'_, [u8]>) {
    if compress && plain.len() >= WORTH_TRYING {
        let packed = COMPRESSOR.with_borrow_mut(|context| context.as_mut()?.compress(plain).ok());
        if let Some(packed) = packed.filter(|packed| packed.len() < plain.len() / 8 * 7) {
            return (Encoding::Zstd, Cow::Owned(packed));
        }
    }
    (Encoding::None, Cow::Borrowed(plain))
}

/// The payload as it was given; `None` when it is not what the header says.
pub(crate) fn decode(header: &Header, stored: Vec<u8>) -> Option<Vec<u8>> {
    match header.encoding {
        Encoding::None => Some(stored),
        Encoding::Zstd => {
            let size = header.plain as usize;
            let plain = DECOMPRESSOR.with_borrow_mut(|context| context.as_mut()?.decompress(&stored, size).ok())?;
            (plain.len() == size).then_some(plain)
        }
    }
}
