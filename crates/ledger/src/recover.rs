//! Opens a chain again whose writer closed or died.

use crate::ChainId;
use crate::disk::{Disk, DiskFile, Open};
use crate::error::{Damage, Error};
use crate::frame::Kind;
use crate::layout::{list_segments, segment_path};
use crate::quarantine;
use crate::root::Root;
use crate::segment::SegmentHeader;
use crate::tree::LOST;
use crate::walk::{Found, Step, Walk};
use crate::writer::{OpenSegment, Writer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What recovery found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes cut from the tail: frames that were never acknowledged. A copy is in the quarantine.
    pub cut: u64,
    /// Damaged ranges of the last segment, copied to the quarantine. Older segments are checked when they are read.
    pub damage: Vec<Damage>,
}

/// Finds the chain's end, cuts what is torn, and makes all that stays durable. The caller holds the chain's lock.
pub(crate) fn recover(root: &Root, chain: &ChainId, folder: PathBuf) -> Result<(Writer, Recovery), Error> {
    let disk = &root.disk;
    let mut recovery = Recovery::default();
    remove_torn_segments(root, chain, &folder, &mut recovery)?;
    let first = SegmentHeader::first(chain);
    let mut writer = Writer {
        disk: disk.clone(),
        chain: chain.clone(),
        folder: folder.clone(),
        key: root.key()?,
        segment: None,
        next_segment: list_segments(&**disk, &folder)?
            .last()
            .map_or(1, |segment| segment.number + 1),
        tree: first.tree,
        previous: first.previous,
        time: 0,
        sealed: None,
    };
    read_to_end(root, &mut writer, &mut recovery)?;
    if root.syncs() {
        make_durable(&**disk, &folder)?;
    }
    Ok((writer, recovery))
}

fn read_to_end(root: &Root, writer: &mut Writer, recovery: &mut Recovery) -> Result<(), Error> {
    let folder = writer.folder.clone();
    let mut walk = Walk::near(root.disk.clone(), &writer.chain, folder.clone(), u64::MAX)?;
    loop {
        let mut step = walk.step()?;
        if let Step::Frame(found) = &step {
            if walk.payload(found)?.is_some() {
                take(root, writer, found)?;
                if found.header.kind == Kind::End {
                    return Err(Error::Sealed(writer.chain.clone()));
                }
                continue;
            }
            step = walk.reject(found, "payload checksum")?;
        }
        match step {
            Step::Segment(header) => {
                (writer.tree, writer.previous) = (header.tree, header.previous);
                let (number, offset) = walk.place().unwrap_or_default();
                writer.segment = Some(open_segment(root, &folder, number, offset)?);
            }
            Step::Damage(damage) => {
                root.damaged(&folder, &damage);
                let file = open(&*root.disk, &folder, damage.segment, Open::Read)?;
                drop(quarantine::keep(
                    &*root.disk,
                    &folder,
                    damage.segment,
                    &*file,
                    &damage.bytes,
                ));
                recovery.damage.push(damage);
            }
            Step::End { torn } => return cut(root, writer, &walk, torn, recovery),
            Step::Frame(_) => {}
        }
    }
}

/// Takes a sound frame into the writer's state.
fn take(root: &Root, writer: &mut Writer, found: &Found) -> Result<(), Error> {
    while writer.tree.size() < found.header.index {
        writer.tree.push(&LOST);
    }
    writer.tree.push(&found.header.hash);
    (writer.previous, writer.time) = (found.header.hash, found.header.time.max(writer.time));
    if matches!(found.header.kind, Kind::Checkpoint | Kind::End) {
        writer.segment = None;
        return Ok(());
    }
    let end = found.offset + found.header.frame_len();
    if writer.segment.is_none() {
        // Its header is damaged: there was no step for it.
        writer.segment = Some(open_segment(root, &writer.folder, found.segment, end)?);
    }
    if let Some(segment) = &mut writer.segment {
        segment.len = end;
        segment.first_time = if segment.count == 0 {
            found.header.time
        } else {
            segment.first_time
        };
        segment.count += 1;
    }
    Ok(())
}

fn cut(root: &Root, writer: &mut Writer, walk: &Walk, torn: u64, recovery: &mut Recovery) -> Result<(), Error> {
    let (Some((number, offset)), Some(file)) = (walk.place(), walk.file()) else {
        return Ok(());
    };
    if let Some(segment) = &mut writer.segment {
        segment.len = offset;
    }
    if torn == 0 {
        return Ok(());
    }
    drop(quarantine::keep(
        &*root.disk,
        &writer.folder,
        number,
        &**file,
        &(offset..offset + torn),
    ));
    let path = segment_path(&writer.folder, number);
    let file = open(&*root.disk, &writer.folder, number, Open::Write)?;
    file.truncate(offset).map_err(Error::io("cut", &path))?;
    recovery.cut += torn;
    root.counters.tail_bytes_cut.add(torn);
    Ok(())
}

/// Removes last segments in which nothing is sound: their writer died before their first frame was whole.
fn remove_torn_segments(root: &Root, chain: &ChainId, folder: &Path, recovery: &mut Recovery) -> Result<(), Error> {
    while let Some(last) = list_segments(&*root.disk, folder)?.last().copied() {
        let mut walk = Walk::new(root.disk.clone(), chain, folder.to_owned(), last.number);
        if !matches!(walk.step()?, Step::End { .. }) {
            return Ok(());
        }
        let path = segment_path(folder, last.number);
        let file = open(&*root.disk, folder, last.number, Open::Read)?;
        drop(quarantine::keep(
            &*root.disk,
            folder,
            last.number,
            &*file,
            &(0..last.len),
        ));
        root.disk.remove(&path).map_err(Error::io("remove", &path))?;
        recovery.cut += last.len;
        root.counters.tail_bytes_cut.add(last.len);
    }
    Ok(())
}

/// Syncs all that a chain consists of.
pub(crate) fn make_durable(disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
    for segment in list_segments(disk, folder)? {
        let file = open(disk, folder, segment.number, Open::Read)?;
        file.sync_data()
            .map_err(Error::io("sync", &segment_path(folder, segment.number)))?;
    }
    for folder in folder.ancestors().take(2) {
        disk.sync_dir(folder).map_err(Error::io("sync", folder))?;
    }
    Ok(())
}

fn open_segment(root: &Root, folder: &Path, number: u32, len: u64) -> Result<OpenSegment, Error> {
    let file = open(&*root.disk, folder, number, Open::Write)?;
    Ok(OpenSegment {
        file,
        len,
        count: 0,
        first_time: 0,
    })
}

fn open(disk: &dyn Disk, folder: &Path, number: u32, how: Open) -> Result<Arc<dyn DiskFile>, Error> {
    let path = segment_path(folder, number);
    disk.open(&path, how).map_err(Error::io("open", &path))
}
