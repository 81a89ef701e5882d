//! What a tenant calls a destination.

use super::ConfigError;
use sitelog_model::{Signal, TenantId};
use std::fmt;

/// The longest ending of a cursor's name.
const ENDING: usize = ".metrics".len();
/// The longest name of a cursor.
const CURSOR: usize = 64;

/// The name of a destination, a part of its cursors' names: 1 to 56 of `a-z A-Z 0-9 . _ -`, not starting with a dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationName(String);

impl DestinationName {
    /// Checks a text from a setting.
    ///
    /// # Errors
    /// [`ConfigError::Name`] when a character, the length or a leading dot is not allowed.
    pub fn new(name: impl Into<String>, from: &str) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.len() > CURSOR - ENDING || TenantId::new(name.as_str()).is_err() {
            let from = from.to_owned();
            return Err(ConfigError::Name { from, name });
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the cursor that delivers a signal to this destination.
    pub fn cursor(&self, signal: Signal) -> String {
        format!("{}.{}", self.0, signal.name())
    }
}

impl Default for DestinationName {
    /// The one destination of a command that knows only one.
    fn default() -> Self {
        Self("otlp".to_owned())
    }
}

impl fmt::Display for DestinationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_names_of_cursors() {
        let longest = "x".repeat(CURSOR - ENDING);
        for name in ["loki", "a.b_c-1", &longest] {
            let name = DestinationName::new(name, "file").unwrap();
            let cursors = Signal::ALL.map(|signal| name.cursor(signal));
            assert!(
                cursors.iter().all(|cursor| TenantId::new(cursor.as_str()).is_ok()),
                "{cursors:?}"
            );
        }
        assert_eq!(
            Signal::ALL.map(|s| DestinationName::default().cursor(s)),
            ["otlp.logs", "otlp.traces", "otlp.metrics"]
        );
        for name in ["", ".a", "a/b", "a b", &format!("{longest}x")] {
            let error = DestinationName::new(name, "sitelog.yaml").unwrap_err().to_string();
            assert!(error.starts_with("sitelog.yaml: destination name"), "{error}");
        }
    }
}
