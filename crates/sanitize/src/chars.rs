//! Sets of bytes, as tables: what a token, a key or a value may consist of.

/// A set of bytes.
#[derive(Debug)]
pub struct Set([bool; 256]);

impl Set {
    /// The set of the bytes of `singles` and of the inclusive `ranges`.
    pub(crate) const fn new(ranges: &[(u8, u8)], singles: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut i = 0;
        while i < ranges.len() {
            let mut byte = ranges[i].0;
            while byte < ranges[i].1 {
                table[byte as usize] = true;
                byte += 1;
            }
            table[byte as usize] = true;
            i += 1;
        }
        i = 0;
        while i < singles.len() {
            table[singles[i] as usize] = true;
            i += 1;
        }
        Self(table)
    }

    /// All bytes but those of `singles`.
    pub(crate) const fn except(singles: &[u8]) -> Self {
        let mut table = [true; 256];
        let mut i = 0;
        while i < singles.len() {
            table[singles[i] as usize] = false;
            i += 1;
        }
        Self(table)
    }

    /// Whether a byte belongs to the set.
    #[inline]
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

const ALNUM_RANGES: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')];

/// `0-9A-Za-z`.
pub(crate) static ALNUM: Set = Set::new(ALNUM_RANGES, b"");
/// `0-9A-Za-z_`.
pub(crate) static WORD: Set = Set::new(ALNUM_RANGES, b"_");
/// `0-9A-Za-z-`.
pub(crate) static ALNUM_DASH: Set = Set::new(ALNUM_RANGES, b"-");
/// The base64url alphabet without padding.
pub(crate) static B64URL: Set = Set::new(ALNUM_RANGES, b"-_");
/// What a bearer credential consists of (RFC 6750 `b64token`).
pub(crate) static BEARER: Set = Set::new(ALNUM_RANGES, b"-._~+/=%");
/// `0-9a-f`.
pub(crate) static HEX: Set = Set::new(&[(b'0', b'9'), (b'a', b'f'), (b'A', b'F')], b"");
/// `0-9A-Z`.
pub(crate) static UPPER_DIGIT: Set = Set::new(&[(b'0', b'9'), (b'A', b'Z')], b"");
/// What an unquoted key consists of in text.
pub(crate) static KEY: Set = Set::new(ALNUM_RANGES, b"_.-");
/// What an email's local part consists of.
pub(crate) static LOCAL: Set = Set::new(ALNUM_RANGES, b"._%+-");
/// What an email's domain consists of.
pub(crate) static DOMAIN: Set = Set::new(ALNUM_RANGES, b".-");
/// What a URL scheme consists of.
pub(crate) static SCHEME: Set = Set::new(ALNUM_RANGES, b"+.-");
/// What the authority of a URL consists of: up to the path, a blank or a delimiter around the URL.
pub(crate) static AUTHORITY: Set = Set::except(b"/?#\\\"'`<> \t\r\n\0\x0b\x0c");
/// What an unquoted value consists of (R7).
pub(crate) static VALUE: Set = Set::except(b",;&\"')]}<>| \t\r\n\0\x0b\x0c");
/// What the value of a path consists of.
pub(crate) static PATH: Set = Set::new(ALNUM_RANGES, b"/_-");

/// White space within a line.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// White space.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}
