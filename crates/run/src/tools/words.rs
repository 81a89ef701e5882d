//! Flags among the words of a command line.

/// The value of the last flag of any of some names: `--flag value` or `--flag=value`.
pub(super) fn value<'a>(words: &'a [String], names: &[&str]) -> Option<&'a str> {
    let mut found = None;
    for (at, word) in words.iter().enumerate().take_while(|(_, word)| *word != "--") {
        if names.contains(&word.as_str()) {
            found = words.get(at + 1).map(String::as_str).or(found);
        } else if let Some((name, value)) = word.split_once('=')
            && names.contains(&name)
        {
            found = Some(value);
        }
    }
    found
}

/// Whether a flag that takes no value, or `true` or `false` behind `=`, is on. The last one holds.
pub(super) fn is_on<'a>(words: impl IntoIterator<Item = &'a str>, names: &[&str]) -> bool {
    let mut on = false;
    for word in words.into_iter().take_while(|word| *word != "--") {
        let (name, value) = word.split_once('=').unwrap_or((word, "true"));
        if names.contains(&name) {
            on = !matches!(value, "false" | "0" | "f" | "F" | "False" | "FALSE");
        }
    }
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_flag_holds() {
        let line = words("up --stack a -s b --stack=c -- --stack d");
        assert_eq!(value(&line, &["--stack", "-s"]), Some("c"));
        assert_eq!(value(&words("up -s"), &["-s"]), None);
        assert!(is_on(["plan", "-json"], &["-json"]));
        assert!(!is_on(["plan", "-json", "-json=false"], &["-json"]));
        assert!(!is_on(["apply", "--", "-json"], &["-json"]));
    }
}
