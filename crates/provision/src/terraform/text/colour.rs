//! Terminal sequences, taken out.

use memchr::memchr;
use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;

/// The line without its terminal sequences.
pub(super) fn stripped(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut escape) = memchr(ESCAPE, line) else {
        return Cow::Borrowed(line);
    };
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    loop {
        plain.extend_from_slice(&rest[..escape]);
        rest = &rest[escape..];
        rest = &rest[length(rest)..];
        match memchr(ESCAPE, rest) {
            Some(next) => escape = next,
            None => {
                plain.extend_from_slice(rest);
                return Cow::Owned(plain);
            }
        }
    }
}

/// The length of the sequence at the beginning (ECMA-48: CSI, OSC, or two bytes); one that does not end is all of it.
fn length(sequence: &[u8]) -> usize {
    let all = sequence.len();
    match sequence.get(1) {
        Some(b'[') => {
            let end = sequence[2..].iter().position(|byte| (0x40..=0x7e).contains(byte));
            end.map_or(all, |end| end + 3)
        }
        Some(b']') => {
            let end = sequence[2..].iter().position(|&byte| byte == 0x07 || byte == ESCAPE);
            end.map_or(all, |end| {
                if sequence[end + 2] == 0x07 {
                    end + 3
                } else {
                    (end + 4).min(all)
                }
            })
        }
        _ => all.min(2),
    }
}

#[cfg(test)]
mod tests {
    use super::stripped;

    #[test]
    fn takes_sequences_out() {
        for (line, expected) in [
            ("plain", "plain"),
            ("\x1b[0m\x1b[1ma.b: Creating...\x1b[0m\x1b[0m", "a.b: Creating..."),
            ("\x1b[38;5;10mx\x1b[m", "x"),
            ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\.", "link."),
            ("cut \x1b[3", "cut "),
            ("cut \x1b", "cut "),
            ("cut \x1b]8;;", "cut "),
        ] {
            assert_eq!(&*stripped(line.as_bytes()), expected.as_bytes(), "{line:?}");
        }
    }
}
