//! A file is named after its concept, not after the fact that things were put together.

use std::ffi::OsStr;

use super::tree::{Finding, Tree};

const BANNED: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc"];

pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if file.is_data() || file.extension() != "rs" {
            continue;
        }
        let folders = file.path.parent().into_iter().flatten();
        let mut names = folders.chain(file.path.file_stem()).filter_map(OsStr::to_str);
        if let Some(name) = names.find(|name| BANNED.contains(name)) {
            findings.push(Finding {
                path: file.path.clone(),
                line: None,
                what: format!("`{name}` says nothing: name the concept"),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_words_are_found_as_a_file_or_a_folder_name() {
        let tree = Tree::of(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/a/tests/it/common/mod.rs", ""),
            ("crates/a/src/commonplace.rs", ""),
            ("crates/a/testdata/common.rs", ""),
            ("docs/common/x.md", ""),
        ]);
        let found: Vec<String> = rule(&tree).iter().map(|finding| finding.to_string()).collect();
        assert_eq!(
            found,
            [
                "crates/a/src/utils.rs: `utils` says nothing: name the concept",
                "crates/a/tests/it/common/mod.rs: `common` says nothing: name the concept"
            ]
        );
    }
}
