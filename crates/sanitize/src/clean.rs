//! The proof, kept by the type system, that a value went through the sanitizer.

use std::ops::Deref;

/// A value in which nothing sensitive is left.
///
/// The field is private and there is no `map`: from raw data only this crate makes one, so a function that takes a
/// `Clean<T>` (the ledger's `append` above all) cannot be reached around the sanitizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clean<T>(T);

impl<T> Clean<T> {
    /// Called by the engine, on its own output only.
    pub(crate) fn made(value: T) -> Self {
        Self(value)
    }

    /// Vouches for a value read back from where only clean values are written: what was stored was clean.
    ///
    /// This is the one door from outside the crate, meant for the ledger's readers. Any other caller is a hole:
    /// review every use of this name.
    pub fn stored(value: T) -> Self {
        Self(value)
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Gives up the proof and keeps the value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> AsRef<T> for Clean<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Clean<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Clean;

    #[test]
    fn a_clean_value_can_be_read_and_taken() {
        let clean = Clean::stored("log line".to_owned());
        assert_eq!(clean.get(), "log line");
        assert_eq!(clean.len(), 8);
        assert_eq!(clean.clone(), clean);
        assert_eq!(clean.into_inner(), "log line");
    }
}
