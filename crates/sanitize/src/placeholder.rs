//! Values that stand for a secret and are none: they stay (R0).

/// What stands in for every hidden value.
pub const MARKER: &str = "[REDACTED]";

/// The longest placeholder that is recognized, in bytes.
pub(crate) const LONGEST: usize = 256;

/// Whether a whole value is a placeholder.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    value.is_empty() || prefix(value) == Some(value.len())
}

/// Whether a placeholder can start with a byte.
pub(crate) fn may_start(byte: u8) -> bool {
    b"$<{(*[tTfFnN".contains(&byte)
}

/// The length of the placeholder that `text` starts with, white space inside allowed where its form has it.
pub(crate) fn prefix(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(LONGEST)];
    let named = [
        &b"[REDACTED]"[..],
        b"[secret]",
        b"(sensitive value)",
        b"(sensitive)",
        b"[sensitive]",
    ];
    if let Some(name) = named.iter().find(|name| text.starts_with(name)) {
        return Some(name.len());
    }
    match *text {
        [b'$', b'{', b'{', ..] => close(text, 3, b"}}"),
        [b'$', b'{', ..] => close(text, 2, b"}"),
        [b'{', b'{', ..] => close(text, 2, b"}}"),
        [b'<', first, ..] if first != b'<' && first != b'>' => {
            let end = close(text, 1, b">")?;
            (!text[1..end - 1].contains(&b'<')).then_some(end)
        }
        [b'$', first, ..] if first == b'_' || first.is_ascii_alphabetic() => Some(
            1 + text[1..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count(),
        ),
        [b'*', b'*', b'*', ..] => Some(text.iter().take_while(|byte| **byte == b'*').count()),
        _ => literal(text),
    }
}

/// `true`, `false` and `null`, as a whole word.
fn literal(text: &[u8]) -> Option<usize> {
    let words = [&b"true"[..], b"false", b"null"];
    let len = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    words
        .iter()
        .any(|word| word.eq_ignore_ascii_case(&text[..len]))
        .then_some(len)
}

/// The end of a bracketed form that starts at 0 and closes with `with`, on the same line and not empty.
fn close(text: &[u8], from: usize, with: &[u8]) -> Option<usize> {
    let body = &text[from..];
    let last = *with.last()?;
    for at in memchr::memchr2_iter(last, b'\n', body) {
        if body[at] == b'\n' {
            return None;
        }
        if body[..=at].ends_with(with) {
            return (at + 1 > with.len()).then_some(from + at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for stays in [
            "",
            "$X",
            "${X}",
            "${X:-y}",
            "{{x}}",
            "{{ x }}",
            "${{ secrets.X }}",
            "<x>",
            "<your token>",
            "***",
            "******",
            "[REDACTED]",
            "[secret]",
            "(sensitive value)",
            "true",
            "False",
            "null",
        ] {
            assert!(is_placeholder(stays.as_bytes()), "{stays}");
        }
        for hides in [
            "$",
            "${",
            "${}",
            "x$X",
            "$X-y",
            "<>",
            "<<x>>",
            "**",
            "[REDACTED]x",
            "truex",
            "hunter2",
            "\"\"",
        ] {
            assert!(!is_placeholder(hides.as_bytes()), "{hides}");
        }
    }
}
