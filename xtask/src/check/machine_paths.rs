//! Nothing names a folder of the machine it was written on: another machine does not have it.

use super::tree::{Finding, TextFile, Tree};

/// First parts of absolute paths that are one machine's own.
const MACHINE_FOLDERS: &[&str] = &["work", "root", "tmp"];

pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| !is_exempt(file))
        .flat_map(|file| {
            product_text(file)
                .lines()
                .enumerate()
                .filter_map(|(index, line)| Some((index, machine_path(line)?)))
                .map(|(index, path)| Finding {
                    path: file.path.clone(),
                    line: Some(index + 1),
                    what: format!("names the machine's folder {path}"),
                })
        })
        .collect()
}

/// Data is as it was recorded, and a test may make up any path.
fn is_exempt(file: &TextFile) -> bool {
    let in_tests = file
        .path
        .iter()
        .any(|part| part == "tests" || part == "tests.rs" || part == "fuzz");
    file.is_data() || in_tests
}

/// A Rust file's text before its unit tests; another file's whole text.
fn product_text(file: &TextFile) -> &str {
    if file.extension() != "rs" {
        return &file.text;
    }
    let end = file.text.find("#[cfg(test)]\nmod").unwrap_or(file.text.len());
    &file.text[..end]
}

/// The first machine folder a line names as an absolute path: "a/tmp/b", "$X/tmp/b" and "https://host/tmp/" are none.
fn machine_path(line: &str) -> Option<String> {
    MACHINE_FOLDERS.iter().map(|name| format!("/{name}/")).find(|folder| {
        line.match_indices(folder.as_str())
            .any(|(at, _)| line[..at].chars().next_back().is_none_or(starts_a_path))
    })
}

fn starts_a_path(before: char) -> bool {
    !before.is_alphanumeric() && !"_.-~*/}>)]".contains(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn absolute_paths_are_found() {
        for line in ["/tmp/x", "cd /root/src", "path = \"/work/main\"", "a:/tmp/b"] {
            assert!(machine_path(line).is_some(), "{line}");
        }
    }

    #[test]
    fn parts_of_other_paths_are_not() {
        for line in [
            "../work/x",
            "target/tmp/x",
            "$T/tmp/x",
            "${T}/tmp/x",
            "https://a.example/root/x",
            "<data>/tmp/x",
            "/tmpfs/x",
            "/var/x",
        ] {
            assert_eq!(machine_path(line), None, "{line}");
        }
    }

    #[test]
    fn tests_and_data_may_name_any_path() {
        let tree = Tree::of(&[
            (
                "src/a.rs",
                "fn a() {}\n// /tmp/a\n#[cfg(test)]\nmod tests { /* /tmp/b */ }\n",
            ),
            ("tests/it/a.rs", "// /tmp/a"),
            ("testdata/a.json", "/root/a"),
        ]);
        let found: Vec<String> = rule(&tree).iter().map(|finding| finding.to_string()).collect();
        assert_eq!(found, ["src/a.rs:2: names the machine's folder /tmp/"]);
    }

    proptest! {
        #[test]
        fn any_line_is_judged(line in any::<String>()) {
            machine_path(&line);
        }
    }
}
