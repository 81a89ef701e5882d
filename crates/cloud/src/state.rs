//! What outlives the process: how far each stack is counted, and the sums that this has led to, in one transaction.
//!
//! A SQLite database in the state folder, which one process holds. A point that is pushed is made from the sums here: a crash
//! between the two repeats a point, never a count. A damaged one is set aside and counting starts anew, which is told.

mod rows;

pub use rows::{Mark, OrganizationRow, StackRow, SumRow};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What waits for its place in the ledger: made where a state was written before there was one.
const OUTBOX: &str =
    "CREATE TABLE IF NOT EXISTS outbox (uid TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID";

/// The file in the state folder.
pub const FILE: &str = "cloud.sqlite";
/// Of the tables below.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE organizations (name TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE stacks (
        id TEXT PRIMARY KEY, org TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
        last_update INTEGER NOT NULL, resources INTEGER NOT NULL,
        upto INTEGER NOT NULL, open TEXT NOT NULL, ended INTEGER, checked INTEGER NOT NULL, gone INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sums (
        metric TEXT NOT NULL, labels TEXT NOT NULL, start INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (metric, labels)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// Why the state cannot be had or kept. Nothing counts that was not committed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder.
    #[error("state folder {0}: {1}")]
    Folder(PathBuf, io::Error),
    /// Another process holds it.
    #[error("state folder {0}: another `sitelog cloud` uses it")]
    Busy(PathBuf),
    /// It is of a later version of sitelog.
    #[error("state folder {0}: written by a newer sitelog (version {1})")]
    Newer(PathBuf, i64),
    /// A full or a read-only disk, or a file that was damaged while in use.
    #[error("state: {0}")]
    Database(#[from] rusqlite::Error),
    /// What is kept there is nothing that was written.
    #[error("state: {0}")]
    Malformed(String),
}

/// What was there when it was opened.
#[derive(Debug, Default)]
pub struct Loaded {
    /// `service.instance.id`, the same for ever.
    pub instance: String,
    /// Organizations that were observed before, and since when (Unix nanoseconds).
    pub organizations: Vec<OrganizationRow>,
    /// Stacks, those too that are gone.
    pub stacks: Vec<StackRow>,
    /// Sums and histograms.
    pub sums: Vec<SumRow>,
    /// Where a damaged state was set aside: what happened since it was written is a gap.
    pub set_aside: Option<PathBuf>,
}

/// What is written at once.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Organizations that are observed from now on.
    pub organizations: Vec<OrganizationRow>,
    /// Stacks as they are now.
    pub stacks: Vec<StackRow>,
    /// Ids of stacks that nobody will hear of again.
    pub forgotten: Vec<Arc<str>>,
    /// Sums as they are now.
    pub sums: Vec<SumRow>,
    /// Named cursors (audit log) as they are now.
    pub cursors: Vec<(String, String)>,
    /// What is to be put into the ledger: its id, and what is known of it.
    pub outbox: Vec<(String, Vec<u8>)>,
    /// Ids of what is in the ledger.
    pub sent: Vec<String>,
}

/// The open state.
#[derive(Debug)]
pub struct State {
    database: Connection,
}

impl State {
    /// Opens the state in `folder`, making both when they are missing.
    ///
    /// # Errors
    /// [`StateError`]; a damaged file is no error, see [`Loaded::set_aside`].
    pub fn open(folder: &Path, now: u64) -> Result<(Self, Loaded), StateError> {
        fs::create_dir_all(folder).map_err(|error| StateError::Folder(folder.to_owned(), error))?;
        match Self::load(folder, now) {
            Err(StateError::Database(error)) if is_damaged(&error) => {
                let aside = set_aside(folder, now).map_err(|error| StateError::Folder(folder.to_owned(), error))?;
                let (state, mut loaded) = Self::load(folder, now)?;
                loaded.set_aside = Some(aside);
                Ok((state, loaded))
            }
            Err(StateError::Malformed(_)) => {
                let aside = set_aside(folder, now).map_err(|error| StateError::Folder(folder.to_owned(), error))?;
                let (state, mut loaded) = Self::load(folder, now)?;
                loaded.set_aside = Some(aside);
                Ok((state, loaded))
            }
            other => other,
        }
    }

    fn load(folder: &Path, now: u64) -> Result<(Self, Loaded), StateError> {
        let database = Connection::open(folder.join(FILE))?;
        let busy = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StateError::Busy(folder.to_owned()),
            _ => StateError::Database(error),
        };
        database
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(busy)?;
        database.pragma_update(None, "journal_mode", "WAL").map_err(busy)?;
        // A commit is on the disk when it returns, also after a power loss.
        database.pragma_update(None, "synchronous", "FULL")?;
        let sound: String = database
            .query_row("PRAGMA quick_check", (), |row| row.get(0))
            .map_err(busy)?;
        if sound != "ok" {
            return Err(StateError::Malformed(sound));
        }
        let version: i64 = database.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        match version {
            0 => {
                let make = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;");
                database.execute_batch(&make).map_err(busy)?;
            }
            VERSION => {}
            newer => return Err(StateError::Newer(folder.to_owned(), newer)),
        }
        database.execute(OUTBOX, ()).map_err(busy)?;
        let state = Self { database };
        let loaded = state.read(now)?;
        Ok((state, loaded))
    }

    fn read(&self, now: u64) -> Result<Loaded, StateError> {
        let ask = "SELECT value FROM meta WHERE key = 'instance'";
        let instance: Option<String> = self.database.query_row(ask, (), |row| row.get(0)).optional()?;
        let instance = match instance {
            Some(instance) => instance,
            None => {
                let made = rows::instance(now);
                let keep = "INSERT INTO meta (key, value) VALUES ('instance', ?1)";
                self.database.execute(keep, [&made])?;
                made
            }
        };
        Ok(Loaded {
            instance,
            organizations: rows::organizations(&self.database)?,
            stacks: rows::stacks(&self.database)?,
            sums: rows::sums(&self.database)?,
            set_aside: None,
        })
    }

    /// Writes all of a change, or nothing.
    ///
    /// # Errors
    /// A full or read-only disk: nothing was written.
    pub fn commit(&mut self, change: &Change) -> Result<(), StateError> {
        let transaction = self.database.transaction()?;
        write(&transaction, change)?;
        transaction.commit()?;
        Ok(())
    }

    /// The sums of series whose labels begin like this: those of a stack that has come back.
    ///
    /// # Errors
    /// The database's.
    pub fn sums_below(&self, prefix: &[Arc<str>]) -> Result<Vec<SumRow>, StateError> {
        rows::sums_below(&self.database, prefix)
    }

    /// A named cursor.
    ///
    /// # Errors
    /// The database's.
    pub fn cursor(&self, name: &str) -> Result<Option<String>, StateError> {
        let ask = "SELECT value FROM cursors WHERE name = ?1";
        Ok(self.database.query_row(ask, [name], |row| row.get(0)).optional()?)
    }

    /// What may not be in the ledger yet, at most `most`, by ids greater than `after` in their order.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox(&self, after: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let ask = "SELECT uid, record FROM outbox WHERE uid > ?1 ORDER BY uid LIMIT ?2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut ask = self.database.prepare_cached(ask)?;
        let rows = ask.query_map((after, most), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How much may not be in the ledger yet.
    ///
    /// # Errors
    /// The database's.
    pub fn outbox_size(&self) -> Result<u64, StateError> {
        let ask = "SELECT count(*) FROM outbox";
        let size: i64 = self.database.query_row(ask, (), |row| row.get(0))?;
        Ok(size.cast_unsigned())
    }
}

fn write(transaction: &Transaction<'_>, change: &Change) -> Result<(), StateError> {
    rows::write_organizations(transaction, &change.organizations)?;
    rows::write_stacks(transaction, &change.stacks)?;
    rows::write_sums(transaction, &change.sums)?;
    let mut forgotten = transaction.prepare_cached("DELETE FROM stacks WHERE id = ?1")?;
    for id in &change.forgotten {
        forgotten.execute([&**id])?;
    }
    let mut cursors = transaction.prepare_cached("INSERT OR REPLACE INTO cursors (name, value) VALUES (?1, ?2)")?;
    for cursor in &change.cursors {
        cursors.execute((&cursor.0, &cursor.1))?;
    }
    let mut outbox = transaction.prepare_cached("INSERT OR IGNORE INTO outbox (uid, record) VALUES (?1, ?2)")?;
    for (uid, record) in &change.outbox {
        outbox.execute((uid, record))?;
    }
    let mut sent = transaction.prepare_cached("DELETE FROM outbox WHERE uid = ?1")?;
    for uid in &change.sent {
        sent.execute([uid])?;
    }
    Ok(())
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    ) || matches!(
        error,
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..)
    )
}

/// Moves the database away, with its journal.
fn set_aside(folder: &Path, now: u64) -> io::Result<PathBuf> {
    let aside = folder.join(format!("{FILE}.damaged-{}", now / 1_000_000_000));
    fs::rename(folder.join(FILE), &aside)?;
    for kind in ["-wal", "-shm"] {
        let _ = fs::rename(
            folder.join(format!("{FILE}{kind}")),
            format!("{}{kind}", aside.display()),
        );
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
