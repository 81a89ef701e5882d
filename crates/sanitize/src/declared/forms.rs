//! All forms of one secret: as it is, escaped, base64, hex.

use super::escapes::Notation;
use super::pattern::{Pattern, Unit};
use crate::base64::ALPHABET;

/// Adds the patterns of a secret; the encoded ones only where `encoded`.
pub(super) fn of(secret: &[u8], encoded: bool, found: &mut Vec<Pattern>) {
    escaped(secret, found);
    if !encoded {
        return;
    }
    for offset in 0..3 {
        let inner = base64_inner(secret, offset);
        let url: Vec<u8> = inner.iter().map(|byte| url_alphabet(*byte)).collect();
        // In a URL or a JSON text the two odd characters may be escaped again.
        if url != inner {
            escaped(&inner, found);
        }
        found.extend([Pattern::Literal(inner), Pattern::Literal(url)]);
    }
    found.push(Pattern::Folded(
        secret
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    ));
}

/// The secret as it is and in each notation that writes it differently.
fn escaped(secret: &[u8], found: &mut Vec<Pattern>) {
    let plain = units(secret, |c| vec![c.to_string().into_bytes()], &[]);
    if plain.iter().any(|unit| matches!(unit, Unit::Gap(_))) {
        found.push(Pattern::Units(plain));
    } else {
        found.push(Pattern::Literal(secret.to_vec()));
    }
    if secret.iter().all(u8::is_ascii_alphanumeric) {
        return;
    }
    for notation in Notation::ALL {
        let spelled = units(secret, |c| notation.spell(c), notation.line_breaks());
        let differs = spelled.iter().any(|unit| match unit {
            Unit::OneOf(spellings) => spellings.len() > 1 || notation == Notation::Quoted,
            Unit::Gap(breaks) => !breaks.is_empty(),
        });
        if differs {
            found.push(Pattern::Units(spelled));
        }
    }
}

/// The secret character by character; bytes that are no UTF-8 stand for themselves, line breaks for any white space.
fn units(secret: &[u8], spell: impl Fn(char) -> Vec<Vec<u8>>, breaks: &'static [&'static str]) -> Vec<Unit> {
    let mut units = Vec::new();
    for chunk in secret.utf8_chunks() {
        let mut blank = false;
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            if matches!(c, '\n' | '\r') {
                blank = true;
                while matches!(units.last(), Some(Unit::OneOf(spellings)) if is_blank(spellings)) {
                    units.pop();
                }
                while chars.next_if(|next| next.is_ascii_whitespace()).is_some() {}
            }
            units.push(if std::mem::take(&mut blank) {
                Unit::Gap(breaks)
            } else {
                Unit::OneOf(spell(c))
            });
        }
        units.extend(
            chunk
                .invalid()
                .iter()
                .map(|byte| Unit::OneOf(vec![vec![*byte], format!("%{byte:02X}").into_bytes()])),
        );
    }
    units
}

fn is_blank(spellings: &[Vec<u8>]) -> bool {
    spellings
        .iter()
        .any(|spelling| matches!(spelling.as_slice(), b" " | b"\t"))
}

/// The characters of the base64 of a text in which the secret starts at `offset` (mod 3) that depend on the secret only.
fn base64_inner(secret: &[u8], offset: usize) -> Vec<u8> {
    let digit = |bits: u8| ALPHABET[usize::from(bits & 63)];
    let mut inner = Vec::with_capacity(secret.len() * 4 / 3 + 2);
    let whole = match (offset, secret) {
        (1, [first, second, rest @ ..]) => {
            inner.extend([digit(first << 2 | second >> 6), digit(*second)]);
            rest
        }
        (2, [first, rest @ ..]) => {
            inner.push(digit(*first));
            rest
        }
        _ => secret,
    };
    for group in whole.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        inner.extend([18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]));
    }
    let rest = whole.chunks_exact(3).remainder();
    if let Some(first) = rest.first() {
        inner.push(digit(first >> 2));
        if let Some(second) = rest.get(1) {
            inner.push(digit(first << 4 | second >> 4));
        }
    }
    inner
}

fn url_alphabet(byte: u8) -> u8 {
    match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_finds_a_secret_at_every_offset() {
        assert_eq!(base64_inner(b"UMEnScxQ", 0), b"VU1FblNjeF");
        assert_eq!(base64_inner(b"UMEnScxQ", 1), b"VNRW5TY3hR");
        assert_eq!(base64_inner(b"UMEnScxQ", 2), b"VTUVuU2N4U");
    }
}
