//! Whether anything registered can stand in a text at all, told by every second place of it.
//!
//! Who registers four bytes at one place of a pattern registers those one place further on, or one back, as well: one of the
//! two lies at a place that is looked at, wherever the pattern starts.

use super::{GRAM, LARGE, LARGE_WORDS, LOGS, MIDDLE, MIDDLE_WORDS, MULTIPLIER, SMALL, SMALL_WORDS, gram, table};
use std::ops::{Range, RangeInclusive};

/// Every which place is looked at.
const STEP: usize = 2;

/// So many places are looked at in one go.
const SAMPLES: usize = 6;

/// The hash of the second table.
const SECOND: u32 = 0x85EB_CA6B;

/// One bit for each key, by its hash, and one by another hash, which is asked only where the first says yes.
#[derive(Debug)]
pub(crate) struct Sampled {
    bits: Vec<u64>,
    second: Vec<u64>,
    shift: u32,
}

impl Sampled {
    /// The table of some keys.
    pub(crate) fn new(keys: &[u32]) -> Self {
        let wanted = keys.len() * 32;
        let log = LOGS.into_iter().find(|log| 1 << log >= wanted).unwrap_or(LOGS[2]);
        let shift = 32 - log;
        let mut this = Self {
            bits: vec![0; (1usize << log) / 64],
            second: vec![0; (1usize << log) / 64],
            shift,
        };
        for key in keys {
            let slot = |multiplier| (key.wrapping_mul(multiplier) >> shift) as usize;
            let (first, second) = (slot(MULTIPLIER), slot(SECOND));
            this.bits[first / 64] |= 1 << (first % 64);
            this.second[second / 64] |= 1 << (second % 64);
        }
        this
    }

    /// What the second table says of four bytes.
    #[inline]
    fn may(&self, bytes: &[u8], at: usize) -> bool {
        let Some(window) = bytes.get(at..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        let slot = (gram(*window).wrapping_mul(SECOND) >> self.shift) as usize;
        self.second
            .get(slot / 64)
            .is_none_or(|word| word >> (slot % 64) & 1 != 0)
    }

    /// Whether `look` says yes to one of the places in `range` that may lie in something registered, or beside it. What
    /// stands behind `range` is read, and does not count.
    #[inline]
    pub(crate) fn any(&self, bytes: &[u8], range: Range<usize>, mut look: impl FnMut(usize) -> bool) -> bool {
        let bits = &self.bits;
        let look: &mut dyn FnMut(usize) -> bool = &mut |at| self.may(bytes, at) && look(at);
        // The size of the table is known to each of these: no bounds are checked within.
        match self.shift {
            SMALL => table(bits).is_none_or(|table| any::<SMALL_WORDS, SMALL>(table, bytes, range, look)),
            MIDDLE => table(bits).is_none_or(|table| any::<MIDDLE_WORDS, MIDDLE>(table, bytes, range, look)),
            _ => table(bits).is_none_or(|table| any::<LARGE_WORDS, LARGE>(table, bytes, range, look)),
        }
    }
}

#[inline]
fn any<const WORDS: usize, const SHIFT: u32>(
    table: &[u64; WORDS],
    bytes: &[u8],
    range: Range<usize>,
    look: &mut dyn FnMut(usize) -> bool,
) -> bool {
    // The last place of four bytes.
    let Some(last) = range.end.checked_sub(GRAM) else {
        return false;
    };
    let mut at = range.start;
    while at <= last {
        let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<14>) else {
            return rest::<WORDS, SHIFT>(table, bytes, at..=last, look);
        };
        let [head @ .., _, _, _, _, _, _] = chunk;
        let [_, _, _, _, _, _, tail @ ..] = chunk;
        let (head, tail) = (fold(head), fold(tail));
        let samples = [head, head >> 16, head >> 32, tail, tail >> 16, tail >> 32];
        let all = samples
            .iter()
            .fold(0, |all, sample| all | bit::<WORDS, SHIFT>(table, *sample));
        if all & 1 != 0 {
            let mut known = samples.iter().rev().fold(0u32, |known, sample| {
                known << 1 | (bit::<WORDS, SHIFT>(table, *sample) & 1) as u32
            });
            while known != 0 {
                let place = at + STEP * known.trailing_zeros() as usize;
                if place <= last && look(place) {
                    return true;
                }
                known &= known - 1;
            }
        }
        at += STEP * SAMPLES;
    }
    false
}

#[inline]
fn fold(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020
}

/// In the lowest bit, whether the key in the low half may be registered.
#[inline]
fn bit<const WORDS: usize, const SHIFT: u32>(table: &[u64; WORDS], folded: u64) -> u64 {
    let hash = (folded as u32).wrapping_mul(MULTIPLIER);
    table[(hash >> (SHIFT + 6)) as usize] >> (hash >> SHIFT & 63)
}

/// The same, place by place.
fn rest<const WORDS: usize, const SHIFT: u32>(
    table: &[u64; WORDS],
    bytes: &[u8],
    places: RangeInclusive<usize>,
    look: &mut dyn FnMut(usize) -> bool,
) -> bool {
    places.step_by(STEP).any(|at| {
        let window = bytes.get(at..).and_then(<[u8]>::first_chunk);
        window.is_some_and(|window| bit::<WORDS, SHIFT>(table, gram(*window).into()) & 1 != 0) && look(at)
    })
}
