//! Declared values (R1) in all the forms they take in a text (R2, R3).

mod escapes;
mod forms;
mod pattern;

pub(crate) use pattern::Pattern;

use crate::keys::Keys;
use crate::placeholder::{self, MARKER};
use crate::settings::SHORTEST;
use crate::view::LOOK_AHEAD;

/// Values of at least this many bytes are looked for in encoded forms too (R2).
const ENCODED_FROM: usize = 8;
/// Lines of a value that are at least this long are secrets of their own (R3).
const LINE_FROM: usize = 16;

/// The patterns of a declared value; none when it is too short or stands for nothing.
pub(crate) fn patterns(value: &[u8], keys: &Keys) -> Vec<Pattern> {
    let mut found = Vec::new();
    for secret in secrets(value, keys) {
        forms::of(&secret, secret.len() >= ENCODED_FROM, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// The value itself, its long lines, and the strings under sensitive keys if it is a JSON object.
fn secrets(value: &[u8], keys: &Keys) -> Vec<Vec<u8>> {
    let whole = value.trim_ascii();
    let mut values = vec![whole.to_vec()];
    if whole.starts_with(b"{") {
        values.extend(crate::json::secret_strings(whole, keys));
    }
    let mut secrets = Vec::new();
    for value in values {
        let lines: Vec<&[u8]> = value
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .map(<[u8]>::trim_ascii)
            .collect();
        if lines.len() > 1 {
            let long = lines
                .iter()
                .filter(|line| line.len() >= LINE_FROM && !line.starts_with(b"-----"));
            secrets.extend(long.map(|line| line.to_vec()));
        }
        secrets.push(value);
    }
    secrets.retain(|secret| secret.len() >= SHORTEST && !stands_for_nothing(secret));
    secrets
}

/// Placeholders, and parts of the marker, which a second pass would replace again.
fn stands_for_nothing(secret: &[u8]) -> bool {
    let in_marker = MARKER
        .as_bytes()
        .windows(secret.len().max(1))
        .any(|part| part == secret);
    in_marker || placeholder::is_placeholder(secret)
}

/// The longest match of any of some patterns, in bytes.
pub(crate) fn longest(patterns: &[Pattern]) -> usize {
    patterns
        .iter()
        .map(|pattern| pattern.longest(LOOK_AHEAD))
        .max()
        .unwrap_or(0)
}
