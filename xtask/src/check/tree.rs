//! What the rules judge: the text files of the checkout.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::workspace;

/// A file and its text.
pub(crate) struct TextFile {
    /// Relative to the top of the checkout.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn extension(&self) -> &str {
        self.path.extension().and_then(OsStr::to_str).unwrap_or_default()
    }

    /// Number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Recorded input of tests: data, not text of ours.
    pub(crate) fn is_data(&self) -> bool {
        self.path.iter().any(|part| {
            ["testdata", "corpus", "proptest-regressions"]
                .map(OsStr::new)
                .contains(&part)
        })
    }
}

/// The checkout's files that are UTF-8 text.
pub(crate) struct Tree {
    pub(crate) files: Vec<TextFile>,
}

impl Tree {
    pub(crate) fn of_checkout() -> Result<Self> {
        let root = workspace::root();
        let mut files = Vec::new();
        for path in workspace::files()? {
            if let Ok(text) = String::from_utf8(fs::read(root.join(&path))?) {
                files.push(TextFile { path, text });
            }
        }
        Ok(Self { files })
    }

    /// A tree made of (path, text).
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| TextFile {
                path: PathBuf::from(path),
                text: (*text).to_owned(),
            })
            .collect();
        Self { files }
    }
}

/// A file that breaks a rule, and how.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) path: PathBuf,
    /// 1-based; none when the whole file is meant.
    pub(crate) line: Option<usize>,
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(out, "{line}:")?;
        }
        write!(out, " {}", self.what)
    }
}
