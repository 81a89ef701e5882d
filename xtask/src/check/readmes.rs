//! Each crate has a README with the same four headings, in this order.

use std::path::Path;

use super::tree::{Finding, Tree};

const HEADINGS: &[&str] = &["What it is", "Reads from", "Writes to", "Where to start"];

pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let crates = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml") && file.text.contains("[package]"))
        .filter_map(|manifest| manifest.path.parent());
    crates
        .filter_map(|folder| judge(tree, &folder.join("README.md")))
        .collect()
}

fn judge(tree: &Tree, path: &Path) -> Option<Finding> {
    let finding = |what: String| {
        Some(Finding {
            path: path.to_path_buf(),
            line: None,
            what,
        })
    };
    let Some(readme) = tree.files.iter().find(|file| file.path == path) else {
        return finding("is missing".to_owned());
    };
    let mut found = headings(&readme.text).filter(|heading| HEADINGS.contains(heading));
    let missing = HEADINGS.iter().find(|wanted| found.next() != Some(**wanted))?;
    finding(format!(
        "heading \"{missing}\" is missing or in the wrong place; wanted: {}",
        HEADINGS.join(" · ")
    ))
}

/// Headings of a Markdown text, of any level, without those inside code fences.
fn headings(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        let heading = line.strip_prefix('#').filter(|_| !fenced)?;
        Some(heading.trim_start_matches('#').trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n");
    const GOOD: &str = "# a\n## What it is\nx\n## Reads from\n## Writes to\n### Aside\n## Where to start\n";

    fn found(readme: &str) -> Vec<String> {
        let tree = Tree::of(&[MANIFEST, ("crates/a/README.md", readme)]);
        rule(&tree).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn the_four_headings_in_order_are_enough() {
        assert_eq!(found(GOOD), [""; 0]);
    }

    #[test]
    fn a_missing_heading_is_named() {
        let what = &found(&GOOD.replace("## Writes to\n", ""))[0];
        assert!(what.starts_with("heading \"Writes to\" is missing"), "{what}");
    }

    #[test]
    fn a_heading_inside_a_code_fence_does_not_count() {
        let fenced = GOOD.replace("## Reads from\n", "```\n## Reads from\n```\n");
        assert!(found(&fenced)[0].contains("Reads from"));
    }

    #[test]
    fn a_missing_readme_is_found_and_a_workspace_needs_none() {
        let tree = Tree::of(&[MANIFEST, ("Cargo.toml", "[workspace]\n")]);
        assert_eq!(
            rule(&tree)
                .iter()
                .map(|finding| finding.to_string())
                .collect::<Vec<_>>(),
            ["crates/a/README.md: is missing"]
        );
    }
}
