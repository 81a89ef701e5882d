//! Addresses of resource instances: `module.a["x"].data.aws_ami.b[0]`, read strictly.
//!
//! Keys hold whatever their author wrote, brackets, colons and spaces included, so that an address' end is found by its
//! grammar and by nothing else.

/// An address, in pieces of the text it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// All of it.
    pub(crate) whole: &'a str,
    /// The module it is in, `module.a["x"]`; the root module has none.
    pub(crate) module: Option<&'a str>,
    /// Whether it is read (`data.`) or opened (`ephemeral.`) and not owned.
    pub(crate) owned: bool,
    /// The resource's type.
    pub(crate) kind: &'a str,
    /// Its name and key: `b[0]`.
    pub(crate) name: &'a str,
}

impl<'a> Address<'a> {
    /// Reads the address that `text` starts with, and says what follows it.
    pub(crate) fn first(text: &'a str) -> Option<(Self, &'a str)> {
        let mut at = 0;
        let mut module_end = 0;
        while text[at..].starts_with("module.") {
            let name = at + "module.".len();
            let end = name + identifier(&text[name..])?;
            module_end = end + key(&text[end..])?;
            at = dot(text, module_end)?;
        }
        let rest = &text[at..];
        let mode = ["data.", "ephemeral.", "list."]
            .into_iter()
            .find(|mode| rest.starts_with(mode));
        let kind = at + mode.map_or(0, str::len);
        let kind_end = kind + identifier(&text[kind..])?;
        let name = dot(text, kind_end)?;
        let name_end = name + identifier(&text[name..])?;
        let end = name_end + key(&text[name_end..])?;
        let address = Self {
            whole: &text[..end],
            module: (module_end > 0).then(|| &text[..module_end]),
            owned: mode.is_none(),
            kind: &text[kind..kind_end],
            name: &text[name..end],
        };
        Some((address, &text[end..]))
    }

    /// Reads an address that is all of `text`.
    pub(crate) fn all(text: &'a str) -> Option<Self> {
        Self::first(text).and_then(|(address, rest)| rest.is_empty().then_some(address))
    }

    /// What is all of `text`, or, where that is no address this version can read, a resource of that name.
    pub(crate) fn or_name(text: &'a str) -> Self {
        Self::all(text).unwrap_or(Self {
            whole: text,
            module: None,
            owned: true,
            kind: "",
            name: text,
        })
    }
}

/// Where the text goes on after a dot at `at`.
fn dot(text: &str, at: usize) -> Option<usize> {
    text[at..].starts_with('.').then_some(at + 1)
}

/// The length of the identifier at the beginning; there is one.
fn identifier(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(text.len());
    (end > 0).then_some(end)
}

/// The length of the key at the beginning (`[0]`, `["a"]`), 0 without one; none when it does not end.
fn key(text: &str) -> Option<usize> {
    let Some(inner) = text.strip_prefix('[') else {
        return Some(0);
    };
    let closing = if inner.starts_with('"') {
        quoted(inner)?
    } else {
        number(inner)?
    };
    inner[closing..].starts_with(']').then_some(closing + 2)
}

/// The length of the number at the beginning.
fn number(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then_some(end)
}

/// The length of the quoted string at the beginning, quotes included.
fn quoted(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn takes_an_address_to_pieces() {
        let (address, rest) = Address::first(r#"module.a["x: y"].module.b.data.aws_ami.c[0]: Reading..."#).unwrap();
        assert_eq!(address.whole, r#"module.a["x: y"].module.b.data.aws_ami.c[0]"#);
        assert_eq!(address.module, Some(r#"module.a["x: y"].module.b"#));
        assert_eq!((address.kind, address.name, address.owned), ("aws_ami", "c[0]", false));
        assert_eq!(rest, ": Reading...");
    }

    #[test]
    fn finds_the_end_of_odd_keys() {
        for key in [
            r#"x \"q\""#,
            "süd [1]",
            "p: Creating...",
            "$${y}",
            r"tab\tx",
            r"back\\",
            "a.b",
            "]: Creating...",
            "",
        ] {
            let text = format!("terraform_data.each[\"{key}\"]: Creating...");
            let (address, rest) = Address::first(&text).unwrap();
            assert_eq!(address.name, format!("each[\"{key}\"]"));
            assert_eq!(rest, ": Creating...");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "Plan: 1 to add",
            "a",
            "a.",
            ".b",
            "a.b[",
            "a.b[\"x",
            "a.b[x]",
            "module.m",
            "module.m.a",
            "x = \"a.b: ",
        ] {
            assert_eq!(Address::all(text), None, "{text}");
        }
    }

    #[test]
    fn reads_unicode_identifiers() {
        let address = Address::all("größe_typ.süd-1").unwrap();
        assert_eq!((address.kind, address.name), ("größe_typ", "süd-1"));
    }
}
