//! What the cursors of a chain have on disk, read without holding them.

use super::record::{CURSOR_MAGIC, tag_signal, take_progress};
use super::refused::RefusedRanges;
use super::{log, refusals};
use crate::disk::Disk;
use crate::error::Error;
use crate::layout::{CURSORS, list};
use crate::position::Progress;
use sitelog_model::Signal;
use std::path::Path;

/// A cursor as it stands on disk.
#[derive(Clone, Debug)]
pub(crate) struct StoredCursor {
    pub(crate) name: String,
    pub(crate) signal: Option<Signal>,
    pub(crate) progress: Progress,
    pub(crate) refused: RefusedRanges,
}

/// All cursors of a chain, by name.
pub(crate) fn list_cursors(disk: &dyn Disk, chain: &Path) -> Result<Vec<StoredCursor>, Error> {
    let folder = chain.join(CURSORS);
    let mut cursors = Vec::new();
    for entry in list(disk, &folder)? {
        let Some(name) = entry.name.to_str().and_then(|name| name.strip_suffix(".cursor")) else {
            continue;
        };
        let Some(stored) = log::read(disk, &folder.join(&entry.name), CURSOR_MAGIC)? else {
            continue;
        };
        let progress = stored
            .records
            .last()
            .and_then(|body| take_progress(body))
            .unwrap_or_default();
        let refused = refusals::read(disk, &folder.join(format!("{name}.refused")), &progress)?;
        let (name, signal) = (name.to_owned(), tag_signal(stored.tag));
        cursors.push(StoredCursor {
            name,
            signal,
            progress,
            refused,
        });
    }
    cursors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cursors)
}
