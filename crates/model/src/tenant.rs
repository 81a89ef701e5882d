//! The name of a tenant, fit to be a folder.

use std::fmt;

/// A tenant's id: 1 to 64 of `a-z A-Z 0-9 . _ -`, not starting with a dot, so that it is a safe folder name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

/// Why a text is no tenant id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("tenant id {0:?} is not 1 to 64 of a-z A-Z 0-9 . _ - without a leading dot")]
pub struct InvalidTenantId(String);

impl TenantId {
    /// Checks a text and makes it a tenant id.
    ///
    /// # Errors
    /// [`InvalidTenantId`] when a character, the length or a leading dot is not allowed.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidTenantId> {
        let id = id.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if id.is_empty() || id.len() > 64 || id.starts_with('.') || !id.chars().all(allowed) {
            return Err(InvalidTenantId(id));
        }
        Ok(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    /// The one tenant of a machine on which nobody named one.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::TenantId;

    #[test]
    fn a_tenant_id_is_a_safe_folder_name() {
        for good in ["a", "team-1", "x.y_z", &"a".repeat(64)] {
            assert!(TenantId::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a\0", "ü", &"a".repeat(65)] {
            assert!(TenantId::new(bad).is_err(), "{bad}");
        }
    }
}
