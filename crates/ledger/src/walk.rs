//! Reads the frames of a chain one after the other, passing over what is damaged.

use crate::ChainId;
use crate::disk::{Disk, DiskFile, Open, read_full_at};
use crate::error::{Damage, Error};
use crate::frame::{HEADER, Header, MAGIC, Parsed, parse_frame, parse_header};
use crate::layout::{list_segments, segment_path};
use crate::segment::{self, SegmentHeader};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes read at once: many small frames, or a large one's header and beginning.
const CHUNK: usize = 16 << 10;
/// Bytes searched at once for the next sound frame.
const SEARCH: usize = 1 << 20;

/// More frames than this are not missing at once within a segment: the header is a forged one.
pub(crate) const MAX_GAP: u64 = 1 << 20;

/// A reader's place in a chain's files.
pub(crate) struct Walk {
    pub(crate) disk: Arc<dyn Disk>,
    chain: ChainId,
    pub(crate) folder: PathBuf,
    segment: Option<Segment>,
    /// Number of the segment to open next.
    number: u32,
    /// Index of the frame expected next; unknown before the first.
    expected: Option<u64>,
    buffer: Vec<u8>,
    buffer_at: u64,
}

/// A segment's number and file.
type Opened = (u32, Arc<dyn DiskFile>);

struct Segment {
    number: u32,
    file: Arc<dyn DiskFile>,
    offset: u64,
    /// Bytes it is known to have.
    len: u64,
}

/// A frame found: its header, and where its payload is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) header: Header,
    pub(crate) segment: u32,
    pub(crate) offset: u64,
}

impl Found {
    /// The frame as one that cannot be read.
    pub(crate) fn damage(&self, why: &'static str) -> Damage {
        let index = self.header.index;
        Damage {
            segment: self.segment,
            bytes: self.offset..self.offset + self.header.frame_len(),
            frames: index..index + 1,
            why,
        }
    }
}

/// What the next step found.
pub(crate) enum Step {
    Frame(Found),
    /// A range was passed over.
    Damage(Damage),
    /// A segment begins.
    Segment(SegmentHeader),
    /// No further sound frame now; so many bytes follow that are none.
    End {
        torn: u64,
    },
}

impl Walk {
    /// At the beginning of a chain, or of what is left of it, from a segment on.
    pub(crate) fn new(disk: Arc<dyn Disk>, chain: &ChainId, folder: PathBuf, number: u32) -> Self {
        let chain = chain.clone();
        Self {
            disk,
            chain,
            folder,
            segment: None,
            number,
            expected: None,
            buffer: Vec::new(),
            buffer_at: 0,
        }
    }

    /// At the segment that holds a frame, if there is one; the caller steps over those before it.
    pub(crate) fn near(disk: Arc<dyn Disk>, chain: &ChainId, folder: PathBuf, frame: u64) -> Result<Self, Error> {
        let segments = list_segments(&*disk, &folder)?;
        for file in segments.iter().rev() {
            let path = segment_path(&folder, file.number);
            let Ok(open) = disk.open(&path, Open::Read) else {
                continue;
            };
            let mut bytes = vec![0; segment::MAX];
            let count = read_full_at(&*open, &mut bytes, 0).map_err(Error::io("read", &path))?;
            let header = SegmentHeader::parse(&bytes[..count], chain);
            if header.is_some_and(|(header, _)| header.tree.size() <= frame) {
                return Ok(Self::new(disk, chain, folder, file.number));
            }
        }
        Ok(Self::new(disk, chain, folder, 0))
    }

    /// Index of the frame expected next; `None` before the first.
    pub(crate) fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// Segment and offset behind what was read.
    pub(crate) fn place(&self) -> Option<(u32, u64)> {
        self.segment.as_ref().map(|segment| (segment.number, segment.offset))
    }

    /// Finds what comes next.
    pub(crate) fn step(&mut self) -> Result<Step, Error> {
        let Some(segment) = &self.segment else {
            return self.enter();
        };
        let offset = segment.offset;
        let bad = match self.header_at(offset)? {
            Ok(header) => match self.accept(header, offset)? {
                Ok(step) => return Ok(step),
                Err(why) => why,
            },
            Err(Parsed::Bad(why)) => why,
            Err(_) => "cut off",
        };
        self.pass_over(offset, bad)
    }

    /// Reads the payload, as stored, of the frame found last; `None` when it is damaged.
    pub(crate) fn payload(&mut self, found: &Found) -> Result<Option<Vec<u8>>, Error> {
        let (at, len) = (found.offset + HEADER as u64, found.header.stored as usize);
        let mut bytes = vec![0; len];
        let count = self.read(&mut bytes, at)?;
        let sound = count == len && crc32c::crc32c(&bytes) == found.header.payload_crc;
        Ok(sound.then_some(bytes))
    }

    /// Passes over the frame found last, whose payload turned out to be damaged.
    pub(crate) fn reject(&mut self, found: &Found, why: &'static str) -> Result<Step, Error> {
        let end = found.offset + found.header.frame_len();
        let len = self.len()?;
        if self.sound_frame(end, len)?.is_some() {
            // The header was right about the length: what looks like a frame inside the payload is none.
            return Ok(Step::Damage(found.damage(why)));
        }
        self.expected = Some(found.header.index);
        self.seek(found.offset);
        self.pass_over(found.offset, why)
    }

    /// The file of the segment the walk is in.
    pub(crate) fn file(&self) -> Option<&Arc<dyn DiskFile>> {
        self.segment.as_ref().map(|segment| &segment.file)
    }

    /// Nothing is read for a while: a thousand readers at their ends should not keep a buffer each.
    pub(crate) fn rest(&mut self) {
        self.buffer = Vec::new();
    }

    /// Opens the next segment there is.
    fn enter(&mut self) -> Result<Step, Error> {
        let Some((number, file)) = self.open_next()? else {
            return Ok(Step::End { torn: 0 });
        };
        self.segment = Some(Segment {
            number,
            file,
            offset: 0,
            len: 0,
        });
        self.number = number + 1;
        self.buffer.clear();
        let mut bytes = vec![0; segment::MAX];
        let count = self.read(&mut bytes, 0)?;
        let Some((header, len)) = SegmentHeader::parse(&bytes[..count], &self.chain) else {
            return self.enter_without_header(number);
        };
        self.seek(len as u64);
        let first = header.tree.size();
        let expected = *self.expected.get_or_insert(first);
        if expected < first {
            self.expected = Some(first);
            let why = "frames are missing";
            return Ok(Step::Damage(Damage {
                segment: number,
                bytes: 0..0,
                frames: expected..first,
                why,
            }));
        }
        Ok(Step::Segment(header))
    }

    /// Passes over the beginning of the segment just opened, unless its writer wrote it meanwhile.
    fn enter_without_header(&mut self, number: u32) -> Result<Step, Error> {
        let (expected, file) = (self.expected, self.file().cloned());
        let step = self.pass_over(0, "segment header")?;
        let mut bytes = vec![0; segment::MAX];
        let count = match (&step, &file) {
            (Step::End { .. }, _) | (_, None) => 0,
            (_, Some(file)) => {
                read_full_at(&**file, &mut bytes, 0).map_err(Error::io("read", &segment_path(&self.folder, number)))?
            }
        };
        let is_there = SegmentHeader::parse(&bytes[..count], &self.chain).is_some();
        if is_there || matches!(step, Step::End { .. }) {
            // Its writer may be about to write it: look again next time.
            (self.segment, self.number) = (None, number);
        }
        if is_there {
            self.expected = expected;
            return self.enter();
        }
        Ok(step)
    }

    fn open_next(&self) -> Result<Option<Opened>, Error> {
        let mut missed = None;
        while let Some(number) = self.next_number()? {
            let path = segment_path(&self.folder, number);
            match self.disk.open(&path, Open::Read) {
                // Retention was faster: the next one may be there still. One that is listed and cannot be opened is none.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && missed != Some(number) => {
                    missed = Some(number);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                other => return other.map(|file| Some((number, file))).map_err(Error::io("open", &path)),
            }
        }
        Ok(None)
    }

    fn next_number(&self) -> Result<Option<u32>, Error> {
        let segments = list_segments(&*self.disk, &self.folder)?;
        Ok(segments
            .iter()
            .map(|segment| segment.number)
            .find(|number| *number >= self.number))
    }

    /// Takes a frame with a sound header if it can be the next one, or says what is wrong with it.
    fn accept(&mut self, header: Header, offset: u64) -> Result<Result<Step, &'static str>, Error> {
        let Some(segment) = &self.segment else {
            return Ok(Err("no segment"));
        };
        let number = segment.number;
        let end = offset + header.frame_len();
        if end > segment.len && end > self.len()? {
            return Ok(Err("cut off"));
        }
        let expected = *self.expected.get_or_insert(header.index);
        if header.index < expected || header.index - expected > MAX_GAP {
            return Ok(Err("frame out of order"));
        }
        if header.index > expected {
            self.expected = Some(header.index);
            let (frames, why) = (expected..header.index, "frames are missing");
            return Ok(Ok(Step::Damage(Damage {
                segment: number,
                bytes: offset..offset,
                frames,
                why,
            })));
        }
        self.expected = Some(header.index + 1);
        self.seek(end);
        Ok(Ok(Step::Frame(Found {
            header,
            segment: number,
            offset,
        })))
    }

    /// Goes to the next sound frame of the segment, or to the next segment, and reports what lies between.
    fn pass_over(&mut self, from: u64, why: &'static str) -> Result<Step, Error> {
        let len = self.len()?;
        let number = self.segment.as_ref().map_or(0, |segment| segment.number);
        let found = if from < len { self.search(from, len)? } else { None };
        let is_last = found.is_none() && self.next_number()?.is_none();
        if !is_last && let Some(step) = self.written_meanwhile(from)? {
            return Ok(step);
        }
        if let Some((at, header)) = found {
            let frames = self.expected.unwrap_or(header.index)..header.index;
            self.expected = Some(header.index);
            self.seek(at);
            return Ok(Step::Damage(Damage {
                segment: number,
                bytes: from..at,
                frames,
                why,
            }));
        }
        if is_last {
            // What follows may be cut off and written anew.
            self.rest();
            return Ok(Step::End {
                torn: len.saturating_sub(from),
            });
        }
        self.segment = None;
        if from == len {
            return self.enter();
        }
        let next = self.expected.unwrap_or(0);
        Ok(Step::Damage(Damage {
            segment: number,
            bytes: from..len,
            frames: next..next,
            why,
        }))
    }

    /// The frame at an offset where none was a moment ago. Writers go forward: what is seen behind it shows that it is whole
    /// by now if it ever will be.
    fn written_meanwhile(&mut self, offset: u64) -> Result<Option<Step>, Error> {
        self.buffer.clear();
        if offset == 0 {
            return Ok(None);
        }
        let len = self.len()?;
        match self.sound_frame(offset, len)? {
            Some(header) => Ok(self.accept(header, offset)?.ok()),
            None => Ok(None),
        }
    }

    /// The first whole, sound frame behind an offset that can come next.
    fn search(&mut self, from: u64, len: u64) -> Result<Option<(u64, Header)>, Error> {
        let mut window = Vec::new();
        let mut at = from;
        while at < len {
            window.resize(usize::try_from(len - at).unwrap_or(SEARCH).min(SEARCH), 0);
            let count = self.read(&mut window, at)?;
            for hit in memchr::memmem::find_iter(&window[..count], &MAGIC) {
                let offset = at + hit as u64;
                if let Some(header) = self.sound_frame(offset, len)?.filter(|_| offset > from || from == 0) {
                    return Ok(Some((offset, header)));
                }
            }
            // A magic number may lie across two windows.
            let Some(step) = count.checked_sub(MAGIC.len() - 1).filter(|step| *step > 0) else {
                break;
            };
            at += step as u64;
        }
        Ok(None)
    }

    fn sound_frame(&mut self, offset: u64, len: u64) -> Result<Option<Header>, Error> {
        let Ok(header) = self.header_at(offset)? else {
            return Ok(None);
        };
        let possible = self
            .expected
            .is_none_or(|next| (next..=next.saturating_add(MAX_GAP)).contains(&header.index));
        if offset + header.frame_len() > len || !possible {
            return Ok(None);
        }
        let mut bytes = vec![0; HEADER + header.stored as usize];
        self.read(&mut bytes, offset)?;
        Ok(matches!(parse_frame(&bytes), Parsed::Frame(..)).then_some(header))
    }

    fn header_at(&mut self, offset: u64) -> Result<Result<Header, Parsed<'static>>, Error> {
        let mut bytes = [0; HEADER];
        let count = self.read(&mut bytes, offset)?;
        Ok(parse_header(&bytes[..count]))
    }

    fn len(&mut self) -> Result<u64, Error> {
        let Some(segment) = &mut self.segment else { return Ok(0) };
        segment.len = segment
            .file
            .len()
            .map_err(Error::io("read", &segment_path(&self.folder, segment.number)))?;
        Ok(segment.len)
    }

    fn seek(&mut self, offset: u64) {
        if let Some(segment) = &mut self.segment {
            segment.offset = offset;
        }
    }

    /// Reads at an offset of the segment, through the buffer where that saves calls.
    fn read(&mut self, out: &mut [u8], at: u64) -> Result<usize, Error> {
        let Some(segment) = &self.segment else { return Ok(0) };
        let path = || segment_path(&self.folder, segment.number);
        if out.len() >= CHUNK {
            return read_full_at(&*segment.file, out, at).map_err(Error::io("read", &path()));
        }
        let skip = at
            .checked_sub(self.buffer_at)
            .and_then(|skip| usize::try_from(skip).ok());
        if let Some(bytes) = skip.and_then(|skip| self.buffer.get(skip..skip.checked_add(out.len())?)) {
            out.copy_from_slice(bytes);
            return Ok(out.len());
        }
        self.buffer.resize(CHUNK, 0);
        let count = read_full_at(&*segment.file, &mut self.buffer, at).map_err(Error::io("read", &path()))?;
        self.buffer.truncate(count);
        self.buffer_at = at;
        let count = count.min(out.len());
        out[..count].copy_from_slice(&self.buffer[..count]);
        Ok(count)
    }
}
