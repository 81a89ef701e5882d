//! What a request said before: attributes come again and again, and what was found quiet once is quiet the next time.

/// Places of each table; a power of two.
const PLACES: usize = 256;
/// Longer attributes are not remembered: they hardly come again.
const LONGEST: usize = 128;

/// Attributes and keys of a request that were found quiet; the newer takes the place of the older.
pub(super) struct Seen<'a> {
    attributes: [&'a [u8]; PLACES],
    keys: [&'a [u8]; PLACES],
}

impl<'a> Seen<'a> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            attributes: [&[]; PLACES],
            keys: [&[]; PLACES],
        }
    }

    /// Whether a whole encoded attribute was seen.
    #[inline]
    pub(super) fn attribute(&self, bytes: &[u8]) -> bool {
        bytes.len() <= LONGEST && self.attributes[place(bytes)] == bytes
    }

    /// Remembers an encoded attribute: well formed, one key and one plain value, nothing to look at in it.
    #[inline]
    pub(super) fn remember_attribute(&mut self, bytes: &'a [u8]) {
        if bytes.len() <= LONGEST {
            self.attributes[place(bytes)] = bytes;
        }
    }

    /// Whether a key was seen.
    #[inline]
    pub(super) fn key(&self, key: &[u8]) -> bool {
        self.keys[place(key)] == key
    }

    /// Remembers a key: valid, not sensitive, without a meaning for its neighbours, nothing to hide in it.
    #[inline]
    pub(super) fn remember_key(&mut self, key: &'a [u8]) {
        self.keys[place(key)] = key;
    }
}

/// Where some bytes have their place: told by their length and both ends.
#[inline]
fn place(bytes: &[u8]) -> usize {
    let first = bytes.first_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let last = match bytes.last_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    let mixed = (first.rotate_left(29) ^ last ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as usize & (PLACES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_same_was_seen() {
        let mut seen = Seen::new();
        assert!(!seen.attribute(b"abc") && !seen.key(b"abc"));
        seen.remember_attribute(b"abc");
        seen.remember_key(b"service.name");
        assert!(seen.attribute(b"abc") && !seen.attribute(b"abd") && !seen.key(b"abc"));
        assert!(seen.key(b"service.name") && !seen.key(b"service name"));
        let long = [b'x'; LONGEST + 1];
        seen.remember_attribute(&long);
        assert!(!seen.attribute(&long));
    }
}
