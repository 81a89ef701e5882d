//! Compressing a request. Level 1 of both: the next levels cost several times the CPU for a tenth of the bytes.

use crate::config::Compression;
use bytes::Bytes;
use std::io::{Result, Write};

/// The body as it goes on the wire.
pub(super) fn compress(compression: Compression, body: Bytes) -> Result<Bytes> {
    // A small request rarely reaches a tenth; reserving a quarter avoids most of the growing.
    let out = Vec::with_capacity(body.len() / 4);
    match compression {
        Compression::None => Ok(body),
        Compression::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
            writer.write_all(&body)?;
            writer.finish().map(Bytes::from)
        }
        Compression::Zstd => {
            let mut writer = zstd::Encoder::new(out, 1)?;
            writer.write_all(&body)?;
            writer.finish().map(Bytes::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_compressed_body_comes_back() {
        let body = Bytes::from("line of a job\n".repeat(1000));
        let gzip = compress(Compression::Gzip, body.clone()).unwrap();
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut text).unwrap();
        assert_eq!(text, body);
        let zstd = compress(Compression::Zstd, body.clone()).unwrap();
        assert_eq!(zstd::decode_all(&zstd[..]).unwrap(), body);
        assert!(gzip.len() < body.len() / 10 && zstd.len() < body.len() / 10);
        assert_eq!(compress(Compression::None, body.clone()).unwrap(), body);
    }
}
