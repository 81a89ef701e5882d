//! Opens the index, and builds it anew when it is damaged or of another version.

use crate::Error;
use crate::schema::{TABLES, VERSION};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the index was found.
#[derive(Debug)]
pub enum Health {
    /// As it was left.
    Sound,
    /// It was not there, or of another version: it is empty and catches up from the beginning.
    New,
    /// It was damaged and has been taken away; what was wrong. It catches up from the beginning.
    Damaged(String),
    /// It cannot be written; why. This one is in memory, and goes when it is closed.
    InMemory(String),
}

/// An index over a ledger.
pub struct Store {
    pub(crate) index: Connection,
    health: Health,
}

impl Store {
    /// Opens the index of a data folder.
    ///
    /// # Errors
    /// [`Error::Remove`] for a damaged one that cannot be taken away, and the index's own.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("index.sqlite");
        match Self::at(&path) {
            Ok(store) => Ok(store),
            Err(error) if is_damage(&error) => {
                remove(&path)?;
                let store = Self::at(&path)?;
                Ok(Self {
                    health: Health::Damaged(error.to_string()),
                    ..store
                })
            }
            Err(error) if cannot_write(&error) => {
                let store = Self::prepare(Connection::open_in_memory()?)?;
                Ok(Self {
                    health: Health::InMemory(error.to_string()),
                    ..store
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the index away and begins a new one.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn rebuild(folder: &Path) -> Result<Self, Error> {
        remove(&folder.join("index.sqlite"))?;
        Self::open(folder)
    }

    /// How the index was found.
    pub fn health(&self) -> &Health {
        &self.health
    }

    fn at(path: &Path) -> rusqlite::Result<Self> {
        let index = Connection::open(path)?;
        // Somebody else may be catching up at this moment.
        index.busy_timeout(Duration::from_secs(30))?;
        // It can be made anew from the ledger: losing the last catch-up with the power costs nothing.
        index.pragma_update(None, "journal_mode", "WAL")?;
        index.pragma_update(None, "synchronous", "OFF")?;
        Self::prepare(index)
    }

    fn prepare(mut index: Connection) -> rusqlite::Result<Self> {
        index.pragma_update(None, "cache_size", -65_536)?;
        let transaction = index.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let is_new = version != VERSION;
        if is_new && tables > 0 {
            drop(transaction);
            return Err(other_version());
        }
        if is_new {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
        let health = if is_new { Health::New } else { Health::Sound };
        Ok(Self { index, health })
    }
}

/// An index of another version is dealt with like a damaged one.
fn other_version() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
    rusqlite::Error::SqliteFailure(code, Some("made by another version of sitelog".to_owned()))
}

pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn cannot_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::DiskFull)
    )
}

fn remove(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::Remove { path, error }),
            _ => {}
        }
    }
    Ok(())
}
