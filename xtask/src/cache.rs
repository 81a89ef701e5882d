//! The folder outside the checkout that holds installed programs, one entry for each name and version.
//!
//! An entry is made in a staging folder and renamed into place, so it is there whole or not at all. Installs exclude
//! each other by a lock, so a second one finds the first one's work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Installed programs.
pub(crate) struct Cache {
    root: PathBuf,
}

/// Where an entry is made before it counts.
pub(crate) struct Staging<'a> {
    /// What becomes the entry.
    pub(crate) entry: &'a Path,
    /// For intermediate files: kept when the install fails, so that the next try goes on; deleted when it succeeds.
    pub(crate) scratch: &'a Path,
}

impl Cache {
    /// The cache in `$SITELOG_CACHE`, else in the user's cache folder.
    pub(crate) fn open() -> Result<Self> {
        let folder = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = folder("SITELOG_CACHE")
            .or_else(|| folder("XDG_CACHE_HOME").map(|folder| folder.join("sitelog")))
            .or_else(|| folder("HOME").map(|folder| folder.join(".cache/sitelog")))
            .context("no cache folder: set SITELOG_CACHE")?;
        Self::at(root)
    }

    fn at(root: PathBuf) -> Result<Self> {
        fs::create_dir_all(&root).with_context(|| format!("cannot make the cache {}", root.display()))?;
        // Absolute, as commands run in other folders are handed paths in it.
        let root = root.canonicalize()?;
        Ok(Self { root })
    }

    /// Where an entry is, if it is there.
    pub(crate) fn path(&self, name: &str, version: &str) -> PathBuf {
        self.root.join(name).join(version)
    }

    /// The folder of an entry; `install` makes it when it is not there.
    pub(crate) fn entry(
        &self,
        name: &str,
        version: &str,
        install: impl FnOnce(&Staging<'_>) -> Result<()>,
    ) -> Result<PathBuf> {
        let entry = self.path(name, version);
        if entry.is_dir() {
            return Ok(entry);
        }
        let lock = File::create(self.root.join(".lock"))?;
        lock.lock().context("cannot lock the cache")?;
        if entry.is_dir() {
            return Ok(entry);
        }
        self.install(name, version, &entry, install)
            .with_context(|| format!("cannot install {name} {version}"))?;
        Ok(entry)
    }

    fn install(
        &self,
        name: &str,
        version: &str,
        entry: &Path,
        install: impl FnOnce(&Staging<'_>) -> Result<()>,
    ) -> Result<()> {
        eprintln!("installing {name} {version} into {}", self.root.display());
        // What an install that was killed left here is nobody's: the lock is ours.
        let staged = self.root.join(".staging");
        if staged.exists() {
            fs::remove_dir_all(&staged)?;
        }
        fs::create_dir_all(&staged)?;
        let scratch = self.root.join(".scratch").join(format!("{name}-{version}"));
        fs::create_dir_all(&scratch)?;
        install(&Staging {
            entry: &staged,
            scratch: &scratch,
        })?;
        if let Some(parent) = entry.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(&staged, entry)?;
        fs::remove_dir_all(&scratch)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use anyhow::bail;

    use super::*;

    #[test]
    fn an_entry_is_installed_once_even_by_two_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let installs = AtomicU32::new(0);
        let install = || {
            let cache = Cache::at(folder.path().to_path_buf()).unwrap();
            let entry = cache.entry("tool", "1.0", |staging| {
                installs.fetch_add(1, Ordering::Relaxed);
                Ok(fs::write(staging.entry.join("tool"), "x")?)
            });
            assert_eq!(fs::read_to_string(entry.unwrap().join("tool")).unwrap(), "x");
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(install);
            }
        });
        assert_eq!(installs.into_inner(), 1);
    }

    #[test]
    fn a_failed_install_leaves_no_entry_and_keeps_its_scratch_for_the_next_try() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_path_buf()).unwrap();
        let failed = cache.entry("tool", "1.0", |staging| {
            fs::write(staging.entry.join("half"), "x")?;
            fs::write(staging.scratch.join("object"), "x")?;
            bail!("no network")
        });
        assert_eq!(failed.unwrap_err().to_string(), "cannot install tool 1.0");
        assert!(!cache.root.join("tool/1.0").exists());

        let mut scratch = PathBuf::new();
        let entry = cache.entry("tool", "1.0", |staging| {
            scratch = staging.scratch.to_path_buf();
            assert!(scratch.join("object").exists());
            assert!(!staging.entry.join("half").exists());
            Ok(())
        });
        assert_eq!(fs::read_dir(entry.unwrap()).unwrap().count(), 0);
        assert!(!scratch.exists());
    }

    #[test]
    fn versions_stand_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_path_buf()).unwrap();
        let one = cache.entry("tool", "1", |_| Ok(())).unwrap();
        let two = cache.entry("tool", "2", |_| Ok(())).unwrap();
        assert_ne!(one, two);
        assert!(one.is_dir() && two.is_dir());
    }
}
