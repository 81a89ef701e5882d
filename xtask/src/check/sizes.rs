//! Source files stay small: none over 500 lines, nine of ten under 300.

use super::tree::{Finding, TextFile, Tree};

const LONGEST: usize = 500;
const NINE_OF_TEN: usize = 300;
const SOURCES: &[&str] = &["rs", "go", "py", "sh", "js", "css"];

pub(crate) fn rule(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sources(tree)
        .filter(|file| file.lines() > LONGEST)
        .map(|file| Finding {
            path: file.path.clone(),
            line: None,
            what: format!("{} lines, at most {LONGEST} are allowed: split it", file.lines()),
        })
        .collect();
    let lengths = rust_lengths(tree);
    let ninth = quantile(&lengths, 0.9);
    if ninth > NINE_OF_TEN {
        findings.push(Finding {
            path: "*.rs".into(),
            line: None,
            what: format!("nine of ten have up to {ninth} lines, at most {NINE_OF_TEN} are allowed"),
        });
    }
    findings
}

/// One line about the Rust files.
pub(crate) fn statistics(tree: &Tree) -> String {
    let lengths = rust_lengths(tree);
    format!(
        "{} Rust files: median {} lines, nine of ten up to {}, longest {}",
        lengths.len(),
        quantile(&lengths, 0.5),
        quantile(&lengths, 0.9),
        lengths.last().unwrap_or(&0)
    )
}

fn sources(tree: &Tree) -> impl Iterator<Item = &TextFile> {
    tree.files
        .iter()
        .filter(|file| SOURCES.contains(&file.extension()) && !file.is_data())
}

fn rust_lengths(tree: &Tree) -> Vec<usize> {
    let mut lengths: Vec<usize> = sources(tree)
        .filter(|file| file.extension() == "rs")
        .map(TextFile::lines)
        .collect();
    lengths.sort_unstable();
    lengths
}

/// Nearest-rank quantile of a sorted list; 0 of an empty one.
fn quantile(sorted: &[usize], share: f64) -> usize {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_501_lines_is_found_and_one_of_500_is_not() {
        let (long, longest) = ("x\n".repeat(501), "x\n".repeat(500));
        let short: Vec<String> = (0..20).map(|number| format!("{number}.rs")).collect();
        let mut files: Vec<(&str, &str)> = short.iter().map(|name| (name.as_str(), "x\n")).collect();
        files.extend([
            ("a.rs", long.as_str()),
            ("b.rs", &longest),
            ("testdata/c.rs", &long),
            ("d.lock", &long),
        ]);
        let found = rule(&Tree::of(&files));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].to_string(),
            "a.rs: 501 lines, at most 500 are allowed: split it"
        );
    }

    #[test]
    fn many_long_files_are_found_together() {
        let long = "x\n".repeat(301);
        let found = rule(&Tree::of(&[("a.rs", &long), ("b.rs", &long), ("c.rs", "")]));
        assert_eq!(
            found[0].what,
            "nine of ten have up to 301 lines, at most 300 are allowed"
        );
    }

    #[test]
    fn quantiles_are_values_of_the_list() {
        let ten: Vec<usize> = (1..=10).collect();
        assert_eq!(
            (quantile(&ten, 0.5), quantile(&ten, 0.9), quantile(&[], 0.5)),
            (5, 9, 0)
        );
        assert_eq!(
            statistics(&Tree::of(&[("a.rs", "x\ny\n")])),
            "1 Rust files: median 2 lines, nine of ten up to 2, longest 2"
        );
    }
}
