//! The write side of a chain: turns batches into frames and puts them at the end of the last segment.

use crate::ChainId;
use crate::checkpoint::{Checkpoint, origin};
use crate::disk::{Disk, DiskFile, Open, write_all_at};
use crate::frame::{Encoding, Header, Kind};
use crate::key::SigningKey;
use crate::layout::segment_path;
use crate::segment::SegmentHeader;
use crate::tree::{Hash, Tree};
use sitelog_model::{Origin, Signal, Source};
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Payloads below this many bytes are copied behind their header and written with it; for larger ones a second write costs
/// less than the copy.
const COPIED: usize = 32 << 10;

thread_local! {
    /// Where a frame is put together: one a thread, for a thousand chains should not keep one each.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What goes into a frame.
pub(crate) struct Content<'a> {
    pub(crate) kind: Kind,
    pub(crate) signal: Signal,
    pub(crate) origin: Origin,
    pub(crate) encoding: Encoding,
    pub(crate) payload: &'a [u8],
    pub(crate) plain: usize,
}

/// The chain's end: everything the next frame builds on.
pub(crate) struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) chain: ChainId,
    pub(crate) folder: PathBuf,
    pub(crate) key: Arc<SigningKey>,
    /// The segment being written; none before the first frame and after a checkpoint.
    pub(crate) segment: Option<OpenSegment>,
    /// Number of the next segment.
    pub(crate) next_segment: u32,
    /// Hashes of all frames; its size is the next frame's index.
    pub(crate) tree: Tree,
    pub(crate) previous: Hash,
    /// Time of the last frame.
    pub(crate) time: u64,
    pub(crate) sealed: Option<Checkpoint>,
}

/// The segment at the chain's end.
pub(crate) struct OpenSegment {
    pub(crate) file: Arc<dyn DiskFile>,
    /// Bytes written; 0 when not even its header is.
    pub(crate) len: u64,
    /// Batches in it.
    pub(crate) count: u64,
    /// Time of its first frame.
    pub(crate) first_time: u64,
}

/// Why a frame was not written.
pub(crate) enum Fault {
    /// The disk refused; the chain is as it was before.
    Refused(io::Error),
    /// Half a frame is there and could not be removed: the chain cannot go on.
    Stuck(io::Error),
}

impl Writer {
    /// Index of the next frame.
    pub(crate) fn next(&self) -> u64 {
        self.tree.size()
    }

    /// Whether a frame of this size belongs into a new segment.
    pub(crate) fn is_full(&self, frame: u64, limit: u64) -> bool {
        self.segment
            .as_ref()
            .is_some_and(|segment| segment.count > 0 && segment.len + frame > limit)
    }

    /// Appends a frame and says how many bytes that took.
    pub(crate) fn put(&mut self, content: &Content<'_>, time: u64) -> Result<u64, Fault> {
        if self.segment.is_none() {
            self.segment = Some(self.begin().map_err(Fault::Refused)?);
        }
        let Some(segment) = self.segment.as_mut() else {
            return Ok(0);
        };
        let time = time.max(self.time);
        let mut header = Header {
            kind: content.kind,
            encoding: content.encoding,
            signal: content.signal,
            stored: content.payload.len() as u32,
            plain: content.plain as u32,
            index: self.tree.size(),
            time,
            origin: content.origin,
            payload_crc: 0,
            hash: [0; 32],
        };
        let mut buffer = BUFFER.take();
        buffer.clear();
        if segment.len == 0 {
            let head = SegmentHeader {
                tree: self.tree.clone(),
                previous: self.previous,
            };
            buffer.extend_from_slice(&head.encode(&self.chain));
        }
        buffer.extend_from_slice(&header.encode(&self.previous, content.payload));
        let bytes = (buffer.len() + content.payload.len()) as u64;
        let written = if content.payload.len() < COPIED {
            buffer.extend_from_slice(content.payload);
            write_all_at(&*segment.file, &buffer, segment.len)
        } else {
            // A header whose payload is cut off is a torn tail like any other.
            let behind = segment.len + buffer.len() as u64;
            write_all_at(&*segment.file, &buffer, segment.len)
                .and_then(|()| write_all_at(&*segment.file, content.payload, behind))
        };
        BUFFER.set(buffer);
        if let Err(error) = written {
            return Err(match segment.file.truncate(segment.len) {
                Ok(()) => Fault::Refused(error),
                Err(_) => Fault::Stuck(error),
            });
        }
        if segment.count == 0 {
            segment.first_time = time;
        }
        segment.count += u64::from(content.kind.is_batch());
        segment.len += bytes;
        self.time = time;
        self.previous = header.hash;
        self.tree.push(&header.hash);
        Ok(bytes)
    }

    /// Ends the segment with a signed checkpoint; `end` ends the chain with it.
    pub(crate) fn checkpoint(&mut self, time: u64, end: bool) -> Result<(Checkpoint, Arc<dyn DiskFile>, u64), Fault> {
        if self.segment.is_none() {
            self.segment = Some(self.begin().map_err(Fault::Refused)?);
        }
        let Some(segment) = &self.segment else {
            return Err(Fault::Refused(io::ErrorKind::NotFound.into()));
        };
        let file = segment.file.clone();
        let (count, first_time) = (segment.count, segment.first_time);
        let times = if count == 0 {
            self.time..self.time
        } else {
            first_time..self.time
        };
        let (size, root) = (self.tree.size(), self.tree.root());
        let checkpoint = Checkpoint {
            origin: origin(&self.chain),
            size,
            root,
            times,
            count,
            end,
        };
        let note = checkpoint.sign(&self.key);
        let content = Content {
            kind: if end { Kind::End } else { Kind::Checkpoint },
            signal: Signal::Logs,
            origin: Origin {
                source: Source::Sitelog,
                id: self.chain.id,
            },
            encoding: Encoding::None,
            payload: note.as_bytes(),
            plain: note.len(),
        };
        let bytes = self.put(&content, time)?;
        self.segment = None;
        if end {
            self.sealed = Some(checkpoint.clone());
        }
        Ok((checkpoint, file, bytes))
    }

    fn begin(&mut self) -> io::Result<OpenSegment> {
        let path = segment_path(&self.folder, self.next_segment);
        let file = self.disk.open(&path, Open::CreateNew)?;
        self.next_segment += 1;
        Ok(OpenSegment {
            file,
            len: 0,
            count: 0,
            first_time: 0,
        })
    }
}
