//! Bodies that come compressed: never more comes out than the tenant may send.

use crate::admission::flight::Held;
use crate::limits::TenantLimits;
use crate::refusal::Refusal;
use bytes::Bytes;
use http::HeaderValue;
use std::io::Read;

/// Room is made in steps of this many bytes.
const STEP: usize = 256 << 10;
/// The largest window that a zstd frame may ask for, as a power of two: what level 19 uses at most.
const WINDOW: u32 = 23;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// What a header names.
    pub(super) fn of(header: Option<&HeaderValue>) -> Result<Self, Refusal> {
        let name = header.map_or(&b""[..], HeaderValue::as_bytes).trim_ascii();
        match name.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::None),
            b"gzip" => Ok(Self::Gzip),
            b"zstd" => Ok(Self::Zstd),
            _ => Err(Refusal::Encoding),
        }
    }
}

/// What was compressed.
pub(super) fn decode(
    compression: Compression,
    body: &[u8],
    limits: &TenantLimits,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    match compression {
        Compression::None => Err(Refusal::Encoding),
        Compression::Gzip => whole(flate2::read::MultiGzDecoder::new(body), body.len(), limits, held),
        Compression::Zstd => {
            let broken = |_| Refusal::Malformed("the body is no zstd".to_owned());
            let mut decoder = zstd::Decoder::with_buffer(body).map_err(broken)?;
            decoder.window_log_max(WINDOW).map_err(broken)?;
            whole(decoder, body.len(), limits, held)
        }
    }
}

fn whole(mut from: impl Read, compressed: usize, limits: &TenantLimits, held: &mut Held) -> Result<Bytes, Refusal> {
    let mut out: Vec<u8> = Vec::new();
    let mut filled = 0;
    loop {
        if filled == out.len() {
            // Records shrink to a fifth or less.
            let more = if filled == 0 {
                compressed.saturating_mul(5).clamp(1 << 10, STEP)
            } else {
                STEP
            };
            held.add(more)?;
            out.resize(filled + more, 0);
        }
        match from.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Refusal::Malformed("the body cannot be decompressed".to_owned())),
        }
        limits.fits(filled)?;
    }
    out.truncate(filled);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::sync::Arc;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn decoded(compression: Compression, body: &[u8], max: usize) -> Result<Bytes, Refusal> {
        let limits = TenantLimits {
            request_bytes: max,
            ..TenantLimits::default()
        };
        decode(
            compression,
            body,
            &limits,
            &mut Held::new(&Arc::default(), &Arc::default(), (64 << 20, 64 << 20)),
        )
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(bytes: Vec<u8>, again in 1..400usize) {
            let plain = bytes.repeat(again);
            prop_assert_eq!(&decoded(Compression::Gzip, &gzip(&plain), 1 << 20).unwrap()[..], &plain);
            let zstd = zstd::encode_all(&plain[..], 1).unwrap();
            prop_assert_eq!(&decoded(Compression::Zstd, &zstd, 1 << 20).unwrap()[..], &plain);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            let _ = decoded(Compression::Gzip, &bytes, 1 << 16);
            let _ = decoded(Compression::Zstd, &bytes, 1 << 16);
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let plain = vec![0; 64 << 20];
        for (compression, body) in [
            (Compression::Gzip, gzip(&plain)),
            (Compression::Zstd, zstd::encode_all(&plain[..], 19).unwrap()),
        ] {
            assert_eq!(
                decoded(compression, &body, 1 << 20),
                Err(Refusal::TooLarge { max: 1 << 20 })
            );
        }
    }

    #[test]
    fn a_cut_body_is_refused() {
        let body = gzip(&[7; 5000]);
        assert_eq!(
            decoded(Compression::Gzip, &body[..body.len() - 9], 1 << 20)
                .unwrap_err()
                .name(),
            "malformed"
        );
    }
}
