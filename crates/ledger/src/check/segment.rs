//! Checks one segment against its own header: segments can be checked in any order, and by several threads.

use super::finding::Wrong;
use super::state::{Fit, State};
use super::window::Window;
use crate::ChainId;
use crate::checkpoint::{Checkpoint, origin};
use crate::disk::{Disk, Open};
use crate::error::Error;
use crate::frame::{HEADER, Header, Kind, MAGIC, Parsed, parse_header};
use crate::key::PublicKey;
use crate::segment::{self, SegmentHeader};
use crate::tree::Hash;
use crate::walk::MAX_GAP;
use memchr::memmem;
use std::path::Path;

/// Bytes searched at once for the next sound frame.
const SEARCH: usize = 1 << 20;

/// What to check a segment with.
pub(super) struct Task<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) chain: &'a ChainId,
    pub(super) path: &'a Path,
    pub(super) key: &'a PublicKey,
    /// Sizes at which somebody knows the root.
    pub(super) wanted: &'a [(u64, Hash)],
}

/// What one segment says.
#[derive(Debug, Default)]
pub(super) struct Inspected {
    /// Its header; `None` when it is damaged.
    pub(super) header: Option<SegmentHeader>,
    /// The state at its end; `None` when the header is damaged.
    pub(super) state: Option<State>,
    /// Bytes at its end that are no frame.
    pub(super) torn: u64,
    /// The checkpoint at its end.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Hash of its first frame; without one, its writer died before a frame was whole.
    pub(super) first: Option<Hash>,
    /// How the wanted roots compare, by their index.
    pub(super) fits: Vec<(usize, Fit)>,
    /// What is wrong, with the frame.
    pub(super) findings: Vec<(Option<u64>, Wrong)>,
}

/// Checks a segment; `header` stands in for its own when that is damaged. `None` when it is gone.
pub(super) fn inspect(task: &Task<'_>, header: Option<SegmentHeader>) -> Result<Option<Inspected>, Error> {
    let file = match task.disk.open(task.path, Open::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Error::io("open", task.path))?,
    };
    let len = file.len().map_err(Error::io("read", task.path))?;
    let mut window = Window::new(&*file, len);
    let bytes = window.get(0, segment::MAX).map_err(Error::io("read", task.path))?;
    let own = SegmentHeader::parse(bytes, task.chain);
    let mut found = Inspected {
        torn: len,
        ..Inspected::default()
    };
    let at = match (own, header) {
        (Some((own, at)), _) => {
            found.header = Some(own.clone());
            found.state = Some(State::at(own));
            at as u64
        }
        (None, Some(header)) => {
            let at = header.encode(task.chain).len() as u64;
            found.state = Some(State::at(header));
            at
        }
        (None, None) => 0,
    };
    let mut scan = Scan {
        task,
        window,
        len,
        at: at.min(len),
        found,
        damaged: Vec::new(),
    };
    let scanned = if scan.found.state.is_some() {
        scan.run()
    } else {
        scan.probe()
    };
    scanned.map_err(Error::io("read", task.path))?;
    Ok(Some(scan.found))
}

struct Scan<'a> {
    task: &'a Task<'a>,
    window: Window<'a>,
    len: u64,
    at: u64,
    found: Inspected,
    /// Places in the findings of what may have been lost before signing, with the frames.
    damaged: Vec<(usize, std::ops::Range<u64>)>,
}

impl Scan<'_> {
    /// Looks for any frame in a segment whose header is damaged.
    fn probe(&mut self) -> std::io::Result<()> {
        self.found.first = self.search()?.map(|(_, header)| header.hash);
        Ok(())
    }

    fn run(&mut self) -> std::io::Result<()> {
        self.compare();
        self.found.torn = 0;
        while self.at < self.len {
            let bytes = self.window.get(self.at, HEADER)?;
            let why = match parse_header(bytes) {
                Ok(header) if self.at + header.frame_len() <= self.len => match self.frame(header)? {
                    None => continue,
                    Some(why) => why,
                },
                Err(Parsed::Bad(why)) => why,
                _ => "cut off",
            };
            if !self.pass_over(why)? {
                self.found.torn = self.len - self.at;
                return Ok(());
            }
        }
        Ok(())
    }

    fn next(&self) -> u64 {
        self.found.state.as_ref().map_or(0, |state| state.next)
    }

    fn wrong(&mut self, frame: u64, wrong: Wrong) {
        self.found.findings.push((Some(frame), wrong));
    }

    /// Checks a frame whose header is sound; says why it is none here.
    fn frame(&mut self, header: Header) -> std::io::Result<Option<&'static str>> {
        let (next, index) = (self.next(), header.index);
        if self.found.checkpoint.is_some() {
            self.wrong(index, Wrong::BehindTheEnd);
            self.at = self.len;
            return Ok(None);
        }
        if index < next {
            self.wrong(next, Wrong::FrameOutOfPlace { found: index });
            self.at += header.frame_len();
            return Ok(None);
        }
        if index - next > MAX_GAP {
            return Ok(Some("frame out of order"));
        }
        let Some(state) = self.found.state.as_mut() else {
            return Ok(Some("no segment"));
        };
        if index > next {
            state.skip(index);
            self.damaged.push((self.found.findings.len(), next..index));
            self.wrong(next, Wrong::FramesMissing { frames: next..index });
        }
        let payload_at = self.at + HEADER as u64;
        let bytes = self.at..self.at + header.frame_len();
        self.at = bytes.end;
        let payload = self.window.get(payload_at, header.stored as usize)?;
        let Some(state) = self.found.state.as_mut() else {
            return Ok(None);
        };
        if self.found.first.is_none() {
            self.found.first = Some(header.hash);
        }
        if crc32c::crc32c(payload) != header.payload_crc {
            state.push_damaged(&header.hash, header.time);
            self.damaged.push((self.found.findings.len(), index..index + 1));
            let why = "payload checksum";
            self.wrong(index, Wrong::FrameDamaged { bytes, why });
            return Ok(None);
        }
        let mut findings = Vec::new();
        let follows = state.previous.is_none_or(|previous| header.follows(&previous, payload));
        if !follows {
            findings.push(Wrong::HashChain);
        }
        if header.time < state.time {
            findings.push(Wrong::TimeBack);
        }
        if matches!(header.kind, Kind::Checkpoint | Kind::End) {
            match Checkpoint::open(payload, self.task.key) {
                None => findings.push(Wrong::CheckpointSignature),
                Some(checkpoint) => {
                    let says = (checkpoint.size, checkpoint.end, checkpoint.origin.as_str());
                    let fit = if says == (index, header.kind == Kind::End, &origin(self.task.chain)) {
                        state.fits(&checkpoint.root)
                    } else {
                        Fit::No
                    };
                    state.settle(fit);
                    if fit == Fit::No {
                        findings.push(Wrong::CheckpointDiffers);
                    }
                    if fit == Fit::Lost {
                        for (place, frames) in self.damaged.drain(..) {
                            self.found.findings[place].1 = Wrong::LostBeforeSigning { frames };
                        }
                    }
                    self.found.checkpoint = Some(checkpoint);
                }
            }
        }
        state.push(&header.hash, header.time);
        findings.into_iter().for_each(|wrong| self.wrong(index, wrong));
        self.compare();
        Ok(None)
    }

    /// Compares with what others know of the chain at this size.
    fn compare(&mut self) {
        let Some(state) = &self.found.state else { return };
        for (at, (size, root)) in self.task.wanted.iter().enumerate() {
            if *size == state.next {
                self.found.fits.push((at, state.fits(root)));
            }
        }
    }

    /// Goes to the next sound frame and says what lies between; `false` when there is none.
    fn pass_over(&mut self, why: &'static str) -> std::io::Result<bool> {
        let Some((at, header)) = self.search()? else {
            return Ok(false);
        };
        let next = self.next();
        self.damaged.push((self.found.findings.len(), next..header.index));
        let bytes = self.at..at;
        self.wrong(next, Wrong::FrameDamaged { bytes, why });
        if let Some(state) = self.found.state.as_mut().filter(|state| header.index > state.next) {
            state.skip(header.index);
        }
        self.at = at;
        Ok(true)
    }

    /// The next sound frame behind this place that can follow.
    fn search(&mut self) -> std::io::Result<Option<(u64, Header)>> {
        let next = self.found.state.as_ref().map(|state| state.next);
        let mut from = self.at + 1;
        while from < self.len {
            let bytes = self.window.get(from, SEARCH)?;
            let places: Vec<usize> = memmem::find_iter(bytes, &MAGIC).collect();
            let count = bytes.len();
            for place in places {
                let at = from + place as u64;
                let Ok(header) = parse_header(self.window.get(at, HEADER)?) else {
                    continue;
                };
                let is_next = next.is_none_or(|next| header.index.checked_sub(next).is_some_and(|gap| gap <= MAX_GAP));
                if !is_next || at + header.frame_len() > self.len {
                    continue;
                }
                let payload = self.window.get(at + HEADER as u64, header.stored as usize)?;
                if crc32c::crc32c(payload) == header.payload_crc {
                    return Ok(Some((at, header)));
                }
            }
            // A magic number may lie across two pieces.
            let Some(step) = count.checked_sub(MAGIC.len() - 1).filter(|step| *step > 0) else {
                break;
            };
            from += step as u64;
        }
        Ok(None)
    }
}
