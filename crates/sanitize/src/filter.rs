//! The one pass over every byte: which places can hold something, told by four bytes and one bit of a table.
//!
//! Each pattern of each rule registers one (or a few) of its four-byte sequences, the rarest it has, letters without
//! regard to case. A place whose four bytes are registered by nobody cannot lie in a match at that offset.

mod sampled;

pub(crate) use sampled::Sampled;

/// The bytes that one look takes.
pub(crate) const GRAM: usize = 4;

/// A hash table from keys of up to four bytes to what registered them, with a bit table before it.
#[derive(Debug)]
pub(crate) struct Grams<T> {
    bits: Vec<u64>,
    shift: u32,
    starts: Vec<u32>,
    entries: Vec<(u32, T)>,
}

const MULTIPLIER: u32 = 0x9E37_79B1;

/// Four bytes as a key, letters without regard to case (some other bytes fall together too; the match is checked later).
#[inline(always)]
pub(crate) fn gram(bytes: [u8; GRAM]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

impl<T: Copy> Grams<T> {
    /// The table of some keys.
    pub(crate) fn new(mut entries: Vec<(u32, T)>) -> Self {
        // Some 32 bits for a key: few false hits, and the common case stays in the first-level cache.
        let wanted = entries.len() * 32;
        let log = LOGS.into_iter().find(|log| 1 << log >= wanted).unwrap_or(LOGS[2]);
        let shift = 32 - log;
        let slot = |key: u32| (key.wrapping_mul(MULTIPLIER) >> shift) as usize;
        entries.sort_by_key(|(key, _)| slot(*key));
        let mut bits = vec![0u64; (1usize << log) / 64];
        let bucket_shift = log - 12;
        let mut starts = vec![0u32; (1 << 12) + 1];
        for (key, _) in &entries {
            bits[slot(*key) / 64] |= 1 << (slot(*key) % 64);
            starts[(slot(*key) >> bucket_shift) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self {
            bits,
            shift,
            starts,
            entries,
        }
    }

    /// Whether a key may be registered.
    #[inline(always)]
    pub(crate) fn may(&self, key: u32) -> bool {
        let slot = (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize;
        self.bits
            .get(slot / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 != 0)
    }

    /// What registered a key.
    pub(crate) fn of(&self, key: u32) -> impl Iterator<Item = T> + '_ {
        let slot = (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize;
        let bucket = slot >> (20 - self.shift.min(20));
        let range = match self.starts.get(bucket..bucket + 2) {
            Some(&[from, to]) => from as usize..to as usize,
            _ => 0..0,
        };
        self.entries[range]
            .iter()
            .filter(move |(entry, _)| *entry == key)
            .map(|(_, what)| *what)
    }

    /// The first place in `bytes` at or behind `from` whose four bytes may be registered.
    pub(crate) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        self.places(bytes, from).next()
    }

    /// The places in `bytes` at or behind `from` whose four bytes may be registered.
    pub(crate) fn places<'a>(&'a self, bytes: &'a [u8], from: usize) -> Places<'a, T> {
        Places {
            grams: self,
            bytes,
            block: from,
            known: 0,
            from,
        }
    }
}

/// The places of a text at which something registered may stand, in order.
pub(crate) struct Places<'a, T> {
    grams: &'a Grams<T>,
    bytes: &'a [u8],
    /// Where the places start of which `known` says which are left.
    block: usize,
    known: u32,
    /// From where on nothing was looked at.
    from: usize,
}

impl<T: Copy> Iterator for Places<'_, T> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.known == 0 {
            let Grams { bits, shift, .. } = self.grams;
            // The size of the table is known to each of these: no bounds are checked within.
            (self.block, self.known) = match *shift {
                SMALL => block::<SMALL_WORDS, SMALL>(table(bits)?, self.bytes, self.from),
                MIDDLE => block::<MIDDLE_WORDS, MIDDLE>(table(bits)?, self.bytes, self.from),
                _ => block::<LARGE_WORDS, LARGE>(table(bits)?, self.bytes, self.from),
            };
            self.from = self.block + BLOCK;
            if self.known == 0 {
                self.from = self.bytes.len();
                return None;
            }
        }
        let place = self.known.trailing_zeros();
        self.known &= self.known - 1;
        Some(self.block + place as usize)
    }
}

/// How many bits a table has, as powers of two.
const LOGS: [u32; 3] = [17, 19, 21];
const SMALL: u32 = 32 - LOGS[0];
const MIDDLE: u32 = 32 - LOGS[1];
const LARGE: u32 = 32 - LOGS[2];
const SMALL_WORDS: usize = 1 << (LOGS[0] - 6);
const MIDDLE_WORDS: usize = 1 << (LOGS[1] - 6);
const LARGE_WORDS: usize = 1 << (LOGS[2] - 6);

fn table<const WORDS: usize>(bits: &[u64]) -> Option<&[u64; WORDS]> {
    bits.first_chunk()
}

/// So many places are looked at in one go.
const BLOCK: usize = 10;

/// The first places from `from` on of which one may hold something, and, in bits, which do; no bits at the end.
#[inline]
fn block<const WORDS: usize, const SHIFT: u32>(table: &[u64; WORDS], bytes: &[u8], from: usize) -> (usize, u32) {
    // In the lowest bit, whether the key in the low half may be registered.
    let bit = |folded: u64| {
        let hash = (folded as u32).wrapping_mul(MULTIPLIER);
        table[(hash >> (SHIFT + 6)) as usize] >> (hash >> SHIFT & 63)
    };
    let five = |folded: u64| bit(folded) | bit(folded >> 8) | bit(folded >> 16) | bit(folded >> 24) | bit(folded >> 32);
    let which = |folded: u64| (0..5).fold(0, |known, place| known | (bit(folded >> (8 * place)) & 1) << place) as u32;
    let fold = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020;
    let mut at = from;
    // Ten places in two loads, each with its bit of the table, and one branch for all of them.
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<13>) {
        let [head @ .., _, _, _, _, _] = chunk;
        let [_, _, _, _, _, tail @ ..] = chunk;
        let (head, tail) = (fold(head), fold(tail));
        let (of_head, of_tail) = (five(head) & 1, five(tail) & 1);
        if of_head | of_tail != 0 {
            let first = if of_head != 0 { which(head) } else { 0 };
            let second = if of_tail != 0 { which(tail) } else { 0 };
            return (at, first | second << 5);
        }
        at += BLOCK;
    }
    let windows = bytes.get(at..).unwrap_or_default().windows(GRAM).enumerate();
    let known = windows.fold(0, |known, (place, window)| {
        let key = gram([window[0], window[1], window[2], window[3]]);
        known | ((bit(u64::from(key)) & 1) as u32) << place
    });
    (at, known)
}

/// How common a four-byte sequence is in text, roughly: the smaller, the better it filters.
pub(crate) fn commonness(bytes: [u8; GRAM]) -> u32 {
    bytes.iter().map(|byte| frequency(*byte)).sum()
}

fn frequency(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' => 18,
        b'e' => 12,
        b't' | b'a' | b'o' => 9,
        b'i' | b'n' | b's' | b'r' => 8,
        b'h' | b'l' | b'd' => 6,
        b'c' | b'u' | b'm' | b'p' | b'0' => 5,
        b'f' | b'g' | b'.' | b'-' | b'/' | b'1' | b'=' | b':' => 4,
        b'b' | b'y' | b'w' | b'2' | b'"' | b'_' => 3,
        b'v' | b'k' | b'3'..=b'9' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_at(text: &[u8], at: usize) -> u32 {
        gram(*text[at..].first_chunk().unwrap())
    }

    #[test]
    fn what_was_registered_is_found_and_the_rest_mostly_passes() {
        let words: Vec<String> = (0..5_000).map(|number| format!("{number:04x}")).collect();
        let key = |word: &str| gram(word.as_bytes().try_into().unwrap());
        let table = Grams::new(words.iter().enumerate().map(|(at, word)| (key(word), at)).collect());
        for (at, word) in words.iter().enumerate() {
            assert!(
                table.may(key(word)) && table.of(key(word)).any(|found| found == at),
                "{word}"
            );
        }
        let wrong = (0..100_000u32)
            .filter(|key| table.may(key.wrapping_mul(77_777) | 0x2020_2020))
            .count();
        assert!(wrong < 20_000, "{wrong}");
        assert_eq!(table.next(b"zzzz 0a1f zzzz", 0), Some(5));
        let text = b"0a1f 0a1f..0a1f zz 00010002 zzzzzzzzzzzzzzzzzzzzzzzzzz 0003";
        let places: Vec<usize> = table
            .places(text, 0)
            .filter(|at| table.of(key_at(text, *at)).next().is_some())
            .collect();
        let want: Vec<usize> = (0..text.len() - 3)
            .filter(|at| table.of(key_at(text, *at)).next().is_some())
            .collect();
        assert_eq!(places, want);
        assert!(want.len() >= 6);
    }
}
