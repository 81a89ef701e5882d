//! Warnings and errors as they are shown, over several lines, in a box or not.

use super::super::address::Address;
use super::super::judgement::Said;

/// How many bytes of a diagnostic's detail are kept.
const MOST_DETAIL: usize = 64 << 10;

/// A diagnostic, while it is read.
#[derive(Debug)]
pub(super) struct Open {
    severity: &'static str,
    summary: String,
    detail: String,
    address: Option<String>,
    context: Option<String>,
    part: Part,
}

/// Where in a diagnostic the next line is.
#[derive(Debug, PartialEq)]
enum Part {
    /// The summary goes on.
    Summary,
    /// What it is about: `with`, `on`.
    About,
    /// A piece of the configuration and the values in it, which are not read.
    Code,
    Detail,
}

impl Open {
    /// A diagnostic that begins with this line, if one does.
    pub(crate) fn first(line: &str) -> Option<Self> {
        let begins = |start: &'static str, severity| line.strip_prefix(start).map(|summary| (severity, summary));
        let (severity, summary) = begins("Error: ", "error").or_else(|| begins("Warning: ", "warning"))?;
        Some(Self::of(severity, summary))
    }

    /// One of a known severity.
    pub(crate) fn of(severity: &'static str, summary: &str) -> Self {
        Self {
            severity,
            summary: summary.to_owned(),
            detail: String::new(),
            address: None,
            context: None,
            part: Part::Summary,
        }
    }

    /// Whether it is an error.
    pub(crate) fn error(&self) -> bool {
        self.severity == "error"
    }

    /// Reads its next line.
    pub(crate) fn line(&mut self, line: &str) {
        match self.part {
            Part::Summary if line.is_empty() => self.part = Part::About,
            Part::Summary => {
                self.summary.push('\n');
                self.summary.push_str(line);
            }
            Part::About => self.about(line),
            Part::Code => {
                if line.is_empty() {
                    self.part = Part::Detail;
                }
            }
            Part::Detail => self.detail(line),
        }
    }

    fn about(&mut self, line: &str) {
        if let Some(address) = line.strip_prefix("  with ").and_then(|rest| rest.strip_suffix(','))
            && self.address.is_none()
            && Address::all(address).is_some()
        {
            self.address = Some(address.to_owned());
        } else if let Some(place) = line.strip_prefix("  on ").and_then(|rest| rest.strip_suffix(':')) {
            self.context = place.split_once(", in ").map(|(_, block)| block.to_owned());
            self.part = Part::Code;
        } else {
            self.part = Part::Detail;
            self.detail(line);
        }
    }

    fn detail(&mut self, line: &str) {
        if self.detail.len() + line.len() < MOST_DETAIL {
            if !self.detail.is_empty() {
                self.detail.push('\n');
            }
            self.detail.push_str(line);
        }
    }

    /// It, as far as it was read.
    pub(crate) fn said(&self) -> Said<'_> {
        Said {
            severity: self.severity,
            summary: &self.summary,
            detail: &self.detail,
            address: self.address.as_deref(),
            context: self.context.as_deref(),
        }
    }
}
