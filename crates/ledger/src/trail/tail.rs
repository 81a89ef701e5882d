//! Finds the trail's end without reading all of it: the last whole batch carries the tree's right edge.

use super::{Trail, log};
use crate::disk::{DiskFile, read_full_at};
use crate::error::Error;
use crate::note::Head;
use crate::quarantine;
use crate::tree::Tree;
use memchr::memmem;
use std::path::Path;

/// Bytes read from the end at first: several batches.
const WINDOW: u64 = 16 << 10;

/// The tree at the trail's end, and where that is. Bytes behind it were written by a process that died: they are copied and cut.
pub(super) fn find(trail: &Trail<'_>, file: &dyn DiskFile, path: &Path) -> Result<(Tree, u64), Error> {
    let len = file.len().map_err(Error::io("read", path))?;
    let mut window = WINDOW.min(len);
    loop {
        let from = len - window;
        let mut bytes = vec![0; usize::try_from(window).unwrap_or(0)];
        let count = read_full_at(file, &mut bytes, from).map_err(Error::io("read", path))?;
        bytes.truncate(count);
        let found = last_batch(&bytes);
        if found.is_none() && from > 0 {
            window = (window * 8).min(len);
            continue;
        }
        let Some((note, tree, end)) = found else {
            cut(trail, file, path, 0, len)?;
            return Ok((Tree::default(), 0));
        };
        if Head::open(note, trail.key.public()).is_none() {
            return Err(Error::Trail {
                path: path.to_owned(),
                why: "its last checkpoint is not signed by this installation's key",
            });
        }
        let end = from + end as u64;
        cut(trail, file, path, end, len)?;
        return Ok((tree, end));
    }
}

/// The last whole batch in some bytes: its note, its tree, and where it ends.
fn last_batch(bytes: &[u8]) -> Option<(&str, Tree, usize)> {
    let mut upto = bytes.len();
    while let Some(at) = memmem::rfind(&bytes[..upto], b"\nedge") {
        if let Some((edge, note, len)) = log::closing(&bytes[at + 1..]) {
            let head = Head::read(note)?;
            let tree = Tree::from_edge(head.size, edge).filter(|tree| tree.root() == head.root);
            if let Some(tree) = tree {
                return Some((note, tree, at + 1 + len));
            }
        }
        upto = at;
    }
    None
}

fn cut(trail: &Trail<'_>, file: &dyn DiskFile, path: &Path, end: u64, len: u64) -> Result<(), Error> {
    if end == len {
        return Ok(());
    }
    // A full disk must not keep the trail closed: the copy is a convenience.
    drop(quarantine::keep(&**trail.disk, &trail.folder, 0, file, &(end..len)));
    file.truncate(end).map_err(Error::io("cut", path))?;
    trail.counters.trail_bytes_cut.add(len - end);
    Ok(())
}
