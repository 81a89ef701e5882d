//! Private keys that arrive line by line.
//!
//! An engine makes one event of each line that a program prints, so a key in PEM form (RFC 7468) has its lines in
//! records of their own, and who sanitizes one record sees no key. Lines between the two marks are hidden here.

use crate::{Diagnostic, Level};
use std::collections::HashMap;

/// What stands for what was hidden; the sanitizer's own mark.
const HIDDEN: &str = "[REDACTED]";
/// Lines after which a key without an end is over: one of 16,384 bits has 200.
const LONGEST: u32 = 512;

/// Who is within a private key: the voice is a resource (or the program) at one level.
#[derive(Debug, Default)]
pub(super) struct PrivateKeys {
    open: HashMap<(Option<String>, Level), u32>,
}

impl PrivateKeys {
    /// Hides in a diagnostic what is, or may be, a line of a private key that its voice has begun.
    pub(super) fn hide(&mut self, said: &mut Diagnostic) {
        let begins = said.message.contains(BEGIN);
        if self.open.is_empty() && !begins {
            return;
        }
        let voice = (said.address.clone(), said.level);
        let mut left = self.open.remove(&voice);
        if left.is_none() && !begins {
            return;
        }
        let lines: Vec<String> = said
            .message
            .split('\n')
            .map(|line| hide_line(line, &mut left))
            .collect();
        said.message = lines.join("\n");
        if let Some(left) = left {
            self.open.insert(voice, left);
        }
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// One line; `left` is how many more may belong to an open key.
fn hide_line(line: &str, left: &mut Option<u32>) -> String {
    let mut out = String::new();
    let mut rest = line;
    loop {
        if let Some(lines) = *left {
            let Some(end) = rest.find(END) else {
                *left = lines.checked_sub(1).filter(|lines| *lines > 0);
                out.push_str(&hide_material(rest));
                return out;
            };
            out.push_str(&hide_material(&rest[..end]));
            *left = None;
            // To behind the mark's label.
            let label = end + END.len();
            let behind = rest[label..].find("-----").map_or(rest.len(), |at| label + at + 5);
            out.push_str(&rest[end..behind]);
            rest = &rest[behind..];
        }
        match private_key(rest) {
            Some(behind) => {
                out.push_str(&rest[..behind]);
                rest = &rest[behind..];
                *left = Some(LONGEST);
            }
            None => {
                out.push_str(rest);
                return out;
            }
        }
    }
}

/// Where the material begins, behind the first mark of a private key.
fn private_key(text: &str) -> Option<usize> {
    text.match_indices(BEGIN).find_map(|(at, mark)| {
        let label = at + mark.len();
        let end = label + text[label..].find("-----")?;
        let label = &text[label..end];
        (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK")).then_some(end + 5)
    })
}

/// Hides each word that may be material: all of a line of Base64 or of a PEM header, else words too long for words.
fn hide_material(text: &str) -> String {
    let body = text.trim();
    if body.is_empty() {
        return text.to_owned();
    }
    let header = ["Proc-Type:", "DEK-Info:"].iter().any(|name| body.starts_with(name));
    if header || is_material(body) {
        return text.replace(body, HIDDEN);
    }
    let words = text.split(' ').map(|word| match word.len() >= 16 && is_material(word) {
        true => HIDDEN,
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Base64, also with line breaks written as escapes.
fn is_material(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b'\r' | b'"' | b','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(address: Option<&str>, level: Level, message: &str) -> Diagnostic {
        Diagnostic {
            level,
            message: message.to_owned(),
            address: address.map(str::to_owned),
            ephemeral: false,
        }
    }

    fn heard(voices: &[(Option<&str>, &str)]) -> Vec<String> {
        let mut keys = PrivateKeys::default();
        let each = voices.iter().map(|(address, message)| {
            let mut said = said(*address, Level::Info, message);
            keys.hide(&mut said);
            said.message
        });
        each.collect()
    }

    #[test]
    fn a_key_of_one_voice_is_hidden_while_others_speak() {
        let heard = heard(&[
            (None, "MIIBefore"),
            (None, "-----BEGIN RSA PRIVATE KEY-----"),
            (Some("a"), "untouched"),
            (None, "Proc-Type: 4,ENCRYPTED"),
            (None, "MIIEvQ=="),
            (None, "2 of 3 done"),
            (None, "key: MIIEvQIBADANBgkqhkiG9w0B"),
            (None, "-----END RSA PRIVATE KEY-----"),
            (None, "MIIAfter"),
        ]);
        let expected = [
            "MIIBefore",
            "-----BEGIN RSA PRIVATE KEY-----",
            "untouched",
            "[REDACTED]",
            "[REDACTED]",
            "2 of 3 done",
            "key: [REDACTED]",
            "-----END RSA PRIVATE KEY-----",
            "MIIAfter",
        ];
        assert_eq!(heard, expected);
    }

    #[test]
    fn marks_within_a_message_count_too_and_certificates_are_no_secret() {
        let block = "x -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- y";
        let certificate = "-----BEGIN CERTIFICATE-----";
        let heard = heard(&[
            (None, block),
            (None, "MIIPlain"),
            (None, certificate),
            (None, "MIIPublic"),
        ]);
        let hidden = "x -----BEGIN PRIVATE KEY-----\n[REDACTED]\n-----END PRIVATE KEY----- y";
        assert_eq!(heard, [hidden, "MIIPlain", certificate, "MIIPublic"]);
    }

    #[test]
    fn a_key_without_an_end_is_over_some_time() {
        let mut keys = PrivateKeys::default();
        keys.hide(&mut said(None, Level::Info, "-----BEGIN PRIVATE KEY-----"));
        let hidden = (0..2 * LONGEST).filter(|_| {
            let mut line = said(None, Level::Info, "word");
            keys.hide(&mut line);
            line.message == HIDDEN
        });
        assert_eq!(hidden.count() as u32, LONGEST - 1);
    }

    proptest! {
        #[test]
        fn no_line_of_a_key_is_left(lines in proptest::collection::vec("[A-Za-z0-9+/]{20,64}", 1..20), cut in 1..6usize) {
            let mut keys = PrivateKeys::default();
            let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\nafter", lines.join("\n"));
            let pieces: Vec<&str> = text.split('\n').collect();
            let mut out = String::new();
            for piece in pieces.chunks(cut) {
                let mut message = said(None, Level::Info, &piece.join("\n"));
                keys.hide(&mut message);
                out += &message.message;
                out += "\n";
            }
            prop_assert!(lines.iter().all(|line| !out.contains(line.as_str())));
            prop_assert!(out.ends_with("after\n"));
        }
    }
}
