//! Counts what the rules hit in files that hold no secrets: hits of each rule per megabyte, and where the first ones are.
//!
//! `cargo xtask false-positives [PATH…]`, or by hand: `cargo run --release --example false_positives -- PATH…`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]

use sitelog_sanitize::{Sanitizer, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Places shown for each rule.
const SAMPLES: usize = 12;

/// Larger files are left out: none of sources or logs is, and the rest is generated tables.
const LARGEST: u64 = 8 << 20;

#[derive(Default)]
struct Report {
    bytes: u64,
    files: u64,
    hits: BTreeMap<String, (u64, Vec<String>)>,
}

fn main() -> ExitCode {
    let roots: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if roots.is_empty() {
        eprintln!("usage: false_positives PATH...");
        return ExitCode::from(64);
    }
    let sanitizer = Sanitizer::new(Settings::default());
    for root in &roots {
        let mut report = Report::default();
        report.walk(&sanitizer, root, root);
        report.print(root);
    }
    ExitCode::SUCCESS
}

impl Report {
    fn walk(&mut self, sanitizer: &Sanitizer, root: &Path, path: &Path) {
        let Ok(about) = fs::symlink_metadata(path) else {
            return;
        };
        if about.is_dir() {
            let hidden = path.file_name().is_some_and(|name| name == "target" || name == ".git");
            let Ok(entries) = fs::read_dir(path) else { return };
            let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            entries.sort_unstable();
            for entry in entries.iter().filter(|_| !hidden) {
                self.walk(sanitizer, root, entry);
            }
        } else if about.is_file() && about.len() <= LARGEST {
            match fs::read(path) {
                Ok(text) => self.file(sanitizer, path.strip_prefix(root).unwrap_or(path), &text),
                Err(error) => eprintln!("{}: {error}", path.display()),
            }
        }
    }

    fn file(&mut self, sanitizer: &Sanitizer, name: &Path, text: &[u8]) {
        self.files += 1;
        self.bytes += text.len() as u64;
        for hit in sanitizer.explain(text) {
            let (count, places) = self.hits.entry(hit.rule).or_default();
            *count += 1;
            // Of a file the first hit only: a list of test vectors is one finding.
            let place = format!("{}:{}:{}", name.display(), hit.line, hit.column);
            let file = format!("{}:", name.display());
            if places.len() < SAMPLES && !places.iter().any(|seen| seen.starts_with(&file)) {
                places.push(place);
            }
        }
    }

    fn print(&self, root: &Path) {
        let megabytes = self.bytes as f64 / 1e6;
        println!("{}: {} files, {megabytes:.1} MB", root.display(), self.files);
        let mut hits: Vec<_> = self.hits.iter().collect();
        hits.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (rule, (count, places)) in hits {
            println!("| `{rule}` | {count} | {:.2} |", *count as f64 / megabytes.max(1e-9));
            for place in places {
                println!("    {place}");
            }
        }
    }
}
