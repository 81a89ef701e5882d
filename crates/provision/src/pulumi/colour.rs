//! Colour tags in messages for a terminal: `<{%fg 1%}>`, `<{%reset%}>`.

/// The text without colour tags. An engine that writes `never` as the message's colour has put none in, and what looks
/// like one is text.
pub(super) fn stripped(text: &str, colour: Option<&str>) -> String {
    if colour == Some("never") || !text.contains("<{%") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<{%") {
        out.push_str(&rest[..start]);
        match rest[start..].find("%}>") {
            Some(length) => rest = &rest[start + length + 3..],
            None => {
                out.push_str(&rest[start..]);
                return out;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::stripped;

    #[test]
    fn tags_go_and_text_stays() {
        let raw = "<{%fg 1%}>error:<{%reset%}> a <{% b";
        assert_eq!(stripped(raw, Some("raw")), "error: a <{% b");
        assert_eq!(stripped(raw, Some("never")), raw);
        assert_eq!(stripped("plain", None), "plain");
    }
}
