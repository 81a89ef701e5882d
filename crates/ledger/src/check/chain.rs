//! Puts a chain's segments together, and compares it with what others know of it.

use super::finding::{Finding, Memory, Place, Remark, Remarkable, Wrong};
use super::heads::ChainHeads;
use super::segment::Inspected;
use super::state::{Fit, State};
use super::{ChainReport, Known};
use crate::ChainId;
use crate::error::Error;
use crate::segment::SegmentHeader;
use crate::tree::Hash;

/// Inspects a segment again, with the header that it should have.
pub(super) type Again<'a> = &'a dyn Fn(u32, SegmentHeader) -> Result<Option<Inspected>, Error>;

/// A chain's segments, put together.
pub(super) struct Joined<'a> {
    chain: &'a ChainId,
    pub(super) report: ChainReport,
    pub(super) findings: Vec<Finding>,
    pub(super) remarks: Vec<Remark>,
    state: Option<State>,
    /// Number of the segment before, and whether something is wrong with it.
    before: Option<(u32, bool)>,
    torn: u64,
    fits: Vec<(usize, Fit)>,
    first: Option<Hash>,
}

impl<'a> Joined<'a> {
    pub(super) fn new(chain: &'a ChainId) -> Self {
        Self {
            chain,
            report: ChainReport {
                chain: chain.clone(),
                first: 0,
                frames: 0,
                checkpoint: None,
            },
            findings: Vec::new(),
            remarks: Vec::new(),
            state: None,
            before: None,
            torn: 0,
            fits: Vec::new(),
            first: None,
        }
    }

    fn wrong(&mut self, segment: Option<u32>, frame: Option<u64>, wrong: Wrong) {
        let chain = Some(self.chain.clone());
        let place = Place { chain, segment, frame };
        self.findings.push(Finding { place, wrong });
    }

    fn remark(&mut self, what: Remarkable) {
        let place = Place {
            chain: Some(self.chain.clone()),
            ..Place::default()
        };
        self.remarks.push(Remark { place, what });
    }

    fn next(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.next)
    }

    fn has_ended(&self) -> bool {
        self.report.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.end)
    }

    /// Adds all segments there are.
    pub(super) fn add_all(&mut self, mut segments: Vec<(u32, Inspected)>, again: Again<'_>) -> Result<(), Error> {
        let mut torn = 0;
        // Last segments without a whole frame: their writer died making them, and recovery removes them.
        while let Some((_, last)) = segments.pop_if(|(_, last)| last.first.is_none() && last.findings.is_empty()) {
            torn += last.torn;
        }
        let count = segments.len();
        for (nth, (number, found)) in segments.into_iter().enumerate() {
            self.add(number, found, nth + 1 == count, again)?;
        }
        if torn > 0 && self.has_ended() {
            self.wrong(None, Some(self.next()), Wrong::BehindTheEnd);
        }
        self.torn += torn;
        Ok(())
    }

    /// Adds the next segment there is.
    fn add(&mut self, number: u32, found: Inspected, is_last: bool, again: Again<'_>) -> Result<(), Error> {
        let next = self.next();
        if self.has_ended() {
            self.wrong(Some(number), Some(next), Wrong::BehindTheEnd);
            return Ok(());
        }
        let found = match found.header {
            Some(_) => found,
            None => match self.without_header(number, again)? {
                Some(found) => found,
                None => return Ok(()),
            },
        };
        if let Some(header) = &found.header
            && !self.continues(number, header)
        {
            return Ok(());
        }
        let is_bad = !found.findings.is_empty();
        for (frame, wrong) in found.findings {
            self.wrong(Some(number), frame, wrong);
        }
        if found.torn > 0 && found.checkpoint.is_some() {
            let frame = found.state.as_ref().map(|state| state.next);
            self.wrong(Some(number), frame, Wrong::BehindTheEnd);
        }
        self.torn = found.torn;
        let is_unsigned = found.checkpoint.is_none();
        if is_unsigned && !is_last && !is_bad && found.torn == 0 {
            let frame = found.state.as_ref().map(|state| state.next);
            self.wrong(Some(number), frame, Wrong::SegmentUnsigned);
        }
        self.before = Some((number, is_bad));
        self.report.checkpoint = found.checkpoint.or(self.report.checkpoint.take());
        self.fits.extend(found.fits);
        if self.state.is_none() {
            self.first = found.first.filter(|_| self.report.first == 0);
        }
        self.state = found.state;
        self.report.frames = self.next();
        Ok(())
    }

    /// A segment whose header is damaged, read with the header that it should have, if that is known.
    fn without_header(&mut self, number: u32, again: Again<'_>) -> Result<Option<Inspected>, Error> {
        let header = match &self.state {
            Some(state) => state.header(),
            None => (number == 1).then(|| SegmentHeader::first(self.chain)),
        };
        let next = self.next();
        let inspected = header.map_or(Ok(None), |header| again(number, header))?;
        self.wrong(Some(number), Some(next), Wrong::SegmentHeader);
        if inspected.is_none() {
            self.before = Some((number, true));
        }
        Ok(inspected)
    }

    /// Checks a header against the segment before; `false` when it does not belong here at all.
    fn continues(&mut self, number: u32, header: &SegmentHeader) -> bool {
        let start = header.tree.size();
        let Some(state) = &self.state else {
            self.report.first = start;
            if start == 0 && *header != SegmentHeader::first(self.chain) {
                self.wrong(Some(number), Some(0), Wrong::SegmentHeader);
            }
            return true;
        };
        let (next, fit) = (state.next, state.fits_header(header));
        let frames = next..start;
        if start < next {
            self.wrong(Some(number), Some(next), Wrong::SegmentOutOfPlace { found: start });
            return false;
        }
        let (before, is_bad) = self.before.unwrap_or((number, false));
        if self.torn > 0 {
            let bytes = 0..self.torn;
            let why = "the segment's end is no frame";
            self.wrong(Some(before), Some(next), Wrong::FrameDamaged { bytes, why });
        } else if start > next && number > before + 1 {
            let segments = before + 1..number;
            self.wrong(
                Some(before + 1),
                Some(next),
                Wrong::SegmentsMissing { segments, frames },
            );
        } else if start > next {
            self.wrong(Some(before), Some(next), Wrong::FramesMissing { frames });
        } else if fit == Fit::No && !is_bad {
            self.wrong(Some(number), Some(next), Wrong::SegmentBreak);
        }
        true
    }

    /// Says how the chain ends, and compares it with the trail and with checkpoints kept elsewhere.
    pub(super) fn compare(&mut self, heads: Option<&ChainHeads>, known: &[Known]) {
        let default = ChainHeads::default();
        let in_trail = heads.unwrap_or(&default);
        let total = self.next();
        if self.state.is_none() {
            self.compare_missing(in_trail, known);
            return;
        }
        let first = self.report.first;
        if first > in_trail.erased {
            let erased = in_trail.erased;
            self.wrong(None, Some(0), Wrong::BeginningMissing { first, erased });
        } else if first > 0 {
            self.remark(Remarkable::Erased { first });
        }
        if !self.has_ended() {
            let signed = self
                .report
                .checkpoint
                .as_ref()
                .map_or(first, |checkpoint| checkpoint.size + 1);
            let unsigned = total.saturating_sub(signed);
            self.remark(Remarkable::Unfinished { unsigned });
            if self.torn > 0 {
                self.remark(Remarkable::TornTail { bytes: self.torn });
            }
        } else if in_trail.sealed.is_none() {
            self.remark(Remarkable::NotEntered);
        }
        if let Some((begun, _)) = in_trail.begun
            && first == 0
            && self.first.is_some_and(|found| found != begun)
        {
            let memory = Memory::Trail;
            self.wrong(None, Some(0), Wrong::ChainDiffers { memory });
        }
        let sealed = in_trail.sealed.map(|sealed| sealed.size + 1);
        if let Some(known) = sealed.filter(|known| *known > total || !self.has_ended()) {
            self.cut_off(known.max(total), Memory::Trail);
        } else if in_trail.sealed.is_some_and(|sealed| {
            let previous = self.state.as_ref().and_then(|state| state.previous);
            previous.is_some_and(|last| last != sealed.last)
        }) {
            let memory = Memory::Trail;
            self.wrong(None, Some(total.saturating_sub(1)), Wrong::ChainDiffers { memory });
        }
        for (at, known) in known.iter().enumerate() {
            self.compare_known(at, known);
        }
    }

    fn compare_known(&mut self, at: usize, known: &Known) {
        let Known { size, memory, .. } = *known;
        let fit = |wanted: Fit| self.fits.contains(&(at, wanted));
        if size > self.next() {
            // The trail's own head was compared already.
            if memory == Memory::Outside {
                self.cut_off(size, memory);
            }
        } else if fit(Fit::No) && !fit(Fit::Yes) && !fit(Fit::Lost) {
            self.wrong(None, Some(size.saturating_sub(1)), Wrong::ChainDiffers { memory });
        } else if !fit(Fit::Yes) && !fit(Fit::Lost) && memory == Memory::Outside {
            let origin = crate::checkpoint::origin(self.chain);
            self.remark(Remarkable::OutsideUnused { origin });
        }
    }

    fn cut_off(&mut self, known: u64, memory: Memory) {
        let found = self.next();
        let segment = self.before.map(|(number, _)| number);
        self.wrong(segment, Some(found), Wrong::CutOff { found, known, memory });
    }

    /// A chain of which no frame is left.
    fn compare_missing(&mut self, in_trail: &ChainHeads, known: &[Known]) {
        let sealed = in_trail.sealed.map(|sealed| sealed.size + 1);
        if let Some(frames) = sealed.filter(|frames| in_trail.erased >= *frames) {
            self.remark(Remarkable::ErasedWhole { frames });
            return;
        }
        if in_trail.begun.is_some() || sealed.is_some() {
            let (known, memory) = (sealed.unwrap_or(1), Memory::Trail);
            self.wrong(None, None, Wrong::ChainMissing { known, memory });
        }
        let outside = known.iter().filter(|known| known.memory == Memory::Outside);
        if let Some(known) = outside.map(|known| known.size).max() {
            let memory = Memory::Outside;
            self.wrong(None, None, Wrong::ChainMissing { known, memory });
        }
    }
}
