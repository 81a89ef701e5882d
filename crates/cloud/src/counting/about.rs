//! What of an update is recorded, and neither counted nor looked at.

/// Beside its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Who requested it.
    pub by: Option<String>,
    /// What its author wrote to it, as it came.
    pub message: Option<String>,
    /// Where it came from, by our names.
    pub attributes: Vec<(&'static str, String)>,
    /// Names of its configuration's entries.
    pub config_keys: Vec<String>,
    /// The engine's version.
    pub engine: Option<String>,
}
