//! Each line of the security checklist names a test that is there.

use std::path::Path;

use super::tree::{Finding, Tree};

const CHECKLIST: &str = "docs/security.md";

pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let Some(checklist) = tree.files.iter().find(|file| file.path == Path::new(CHECKLIST)) else {
        return Vec::new();
    };
    let lines = checklist.text.lines().enumerate();
    let rows = lines.filter(|(_, line)| {
        line.starts_with("| ") && !line.starts_with("| what is promised") && !line.starts_with("| ---")
    });
    rows.filter_map(|(number, row)| {
        Some(Finding {
            path: CHECKLIST.into(),
            line: Some(number + 1),
            what: missing(tree, row)?,
        })
    })
    .collect()
}

/// What a row lacks.
fn missing(tree: &Tree, row: &str) -> Option<String> {
    let test = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
    let Some((path, name)) = test.trim_matches('`').split_once(".rs#") else {
        return Some("names no test; write `PATH.rs#TEST`".to_owned());
    };
    let path = format!("{path}.rs");
    let Some(file) = tree.files.iter().find(|file| file.path == Path::new(&path)) else {
        return Some(format!("{path} is not there"));
    };
    // A test of proptest's has its name and its inputs on one line too.
    let is_there = file.text.contains("#[test]") || file.text.contains("#[tokio::test");
    let is_there = is_there && file.text.contains(&format!("fn {name}("));
    (!is_there).then(|| format!("{path} has no test {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_test_that_is_there_is_found() {
        let table = "| what is promised | test |\n| --- | --- |\n| a | `x/a.rs#good` |\n| b | `x/a.rs#gone` |\n| c | `x/b.rs#good` |\n| d | |\n";
        let tree = Tree::of(&[(CHECKLIST, table), ("x/a.rs", "#[test]\nfn good() {}\n")]);
        let found: Vec<_> = rule(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/security.md:4: x/a.rs has no test gone",
                "docs/security.md:5: x/b.rs is not there",
                "docs/security.md:6: names no test; write `PATH.rs#TEST`",
            ]
        );
    }
}
