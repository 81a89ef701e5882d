//! How each character of a value may be written in each notation.

/// A notation in which a value may stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// JSON, Go `%q`, Python and JavaScript literals.
    Json,
    /// JSON within a JSON string.
    JsonTwice,
    /// Percent-encoding and form encoding.
    Percent,
    /// XML and HTML entities.
    Xml,
    /// Within single quotes of a shell.
    Quoted,
    /// With a backslash before what a shell treats specially (`printf %q`).
    Backslash,
}

impl Notation {
    /// All notations.
    pub(super) const ALL: [Self; 6] = [
        Self::Json,
        Self::JsonTwice,
        Self::Percent,
        Self::Xml,
        Self::Quoted,
        Self::Backslash,
    ];

    /// The spellings of a character, longest first.
    pub(super) fn spell(self, c: char) -> Vec<Vec<u8>> {
        let mut spellings = match self {
            Self::Json => json(c),
            Self::JsonTwice => json(c).iter().flat_map(|once| twice(once)).collect(),
            Self::Percent => percent(c),
            Self::Xml => xml(c),
            Self::Quoted if c == '\'' => vec![r"'\''".into(), r#"'"'"'"#.into()],
            Self::Backslash if c.is_ascii() && !c.is_ascii_alphanumeric() => vec![format!("\\{c}"), c.to_string()],
            Self::Quoted | Self::Backslash => vec![c.to_string()],
        };
        spellings.sort_by_key(|spelling| (std::cmp::Reverse(spelling.len()), spelling.clone()));
        spellings.dedup();
        spellings.into_iter().map(String::into_bytes).collect()
    }

    /// The spellings of a line break.
    pub(super) fn line_breaks(self) -> &'static [&'static str] {
        match self {
            Self::Json => &[
                "\\r\\n", "\\n", "\\r", "\\t", "\\u000a", "\\u000d", "\\u000A", "\\u000D",
            ],
            Self::JsonTwice => &["\\\\r\\\\n", "\\\\n", "\\\\r", "\\\\t"],
            Self::Percent => &["%0A", "%0a", "%0D", "%0d", "%20", "%09", "+"],
            Self::Xml => &["&#10;", "&#13;", "&#xA;", "&#xD;", "&#xa;", "&#xd;"],
            Self::Quoted | Self::Backslash => &[],
        }
    }
}

fn json(c: char) -> Vec<String> {
    if c.is_ascii_alphanumeric() || c == ' ' {
        return vec![c.to_string()];
    }
    let mut spellings = vec![];
    let mut units = [0; 2];
    for upper in [false, true] {
        let hex = |unit: &u16| {
            if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            }
        };
        spellings.push(c.encode_utf16(&mut units).iter().map(hex).collect::<String>());
    }
    if (c as u32) < 0x100 && !c.is_ascii_graphic() {
        spellings.push(format!("\\x{:02x}", c as u32));
    }
    match c {
        '"' | '\\' | '/' | '\'' => spellings.push(format!("\\{c}")),
        '\n' => spellings.push("\\n".to_owned()),
        '\r' => spellings.push("\\r".to_owned()),
        '\t' => spellings.push("\\t".to_owned()),
        '\u{7}' => spellings.push("\\a".to_owned()),
        '\u{8}' => spellings.push("\\b".to_owned()),
        '\u{b}' => spellings.push("\\v".to_owned()),
        '\u{c}' => spellings.push("\\f".to_owned()),
        c if c as u32 > 0xffff => spellings.push(format!("\\U{:08x}", c as u32)),
        _ => {}
    }
    if !matches!(c, '"' | '\\') {
        spellings.push(c.to_string());
    }
    spellings
}

/// Each way to write what is written already once more in a JSON string.
fn twice(once: &str) -> Vec<String> {
    let mut spellings = vec![String::new()];
    for c in once.chars() {
        let again = json(c);
        let simple: Vec<&String> = again
            .iter()
            .filter(|spelling| once.len() == 1 || spelling.len() <= 2)
            .collect();
        spellings = spellings
            .iter()
            .flat_map(|head| simple.iter().map(move |tail| format!("{head}{tail}")))
            .collect();
        spellings.truncate(16);
    }
    spellings
}

fn percent(c: char) -> Vec<String> {
    if c.is_ascii_alphanumeric() {
        return vec![c.to_string()];
    }
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).as_bytes();
    let mut spellings: Vec<String> = vec![
        bytes.iter().map(|byte| format!("%{byte:02X}")).collect(),
        bytes.iter().map(|byte| format!("%{byte:02x}")).collect(),
    ];
    match c {
        ' ' => spellings.push("+".to_owned()),
        '%' => {}
        _ => spellings.push(c.to_string()),
    }
    spellings
}

fn xml(c: char) -> Vec<String> {
    let name = match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&apos;"),
        _ => None,
    };
    let mut spellings: Vec<String> = name.map(str::to_owned).into_iter().collect();
    if !c.is_ascii_alphanumeric() {
        let code = c as u32;
        spellings.extend([
            format!("&#{code};"),
            format!("&#{code:02};"),
            format!("&#x{code:x};"),
            format!("&#x{code:X};"),
        ]);
    }
    if c != '&' {
        spellings.push(c.to_string());
    }
    spellings
}
