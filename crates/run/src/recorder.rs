//! Lines of both streams, in one order, into the ledger before anything else may depend on them.

use crate::clock::unix_nanos;
use crate::gap;
use crate::writing::{Waited, Writing};
use sitelog_ledger::Chain;
use sitelog_model::lines::{Header, Line};
use sitelog_model::{Origin, TenantId};
use sitelog_sanitize::lines::{Arrival, BlockBuilder, Splitter};
use sitelog_sanitize::{Clean, Sanitizer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A block is written when it has this size, in bytes, so that its OTLP form stays below a receiver's usual 4 MiB.
const BLOCK_BYTES: usize = 512 * 1024;
/// And when it has so many lines, for the same reason: a record has some 140 bytes beside its text.
const BLOCK_LINES: u32 = 8192;

/// What happens to lines when the ledger takes no more (`--when-full`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The job waits until there is room.
    #[default]
    Block,
    /// Lines are dropped, counted, and recorded as a gap.
    DropNew,
}

/// What a recorder does when the disk gives trouble.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// At the budget.
    pub when_full: WhenFull,
    /// How long the job waits for a disk that is full or faulty, which is no budget of the user's: a telemetry fault may
    /// slow a job down, never stop it. Then lines are dropped and counted.
    pub disk_patience: Duration,
    /// Tells the user, once a run, why the job stands still.
    pub tell: fn(&str),
}

/// What was recorded so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Line records in the ledger (`sitelog.run.lines`).
    pub recorded: u64,
    /// Line records that were dropped (`sitelog.run.lines.dropped`).
    pub dropped: u64,
    /// Why the last one was dropped.
    pub why: Option<String>,
    /// Time the job was held up by a ledger that took no more (`sitelog.run.blocked`).
    pub blocked: Duration,
}

/// Puts the lines of one run into its chain.
pub struct Recorder {
    /// Without a ledger to write to, everything is dropped and counted.
    writing: Arc<Writing>,
    header: Clean<Header>,
    tenant: TenantId,
    origin: Origin,
    sanitizer: Sanitizer,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The next `sitelog.seq`.
    seq: u64,
    block: Option<BlockBuilder>,
    tally: Tally,
    /// Lines dropped since the last one that was written.
    gap: u64,
    waited: Waited,
}

impl Recorder {
    /// Records into `chain`; without one, every line is dropped and counted with `why`.
    pub fn new(
        chain: Result<Chain, String>,
        header: Clean<Header>,
        (tenant, origin): (TenantId, Origin),
        sanitizer: Sanitizer,
        policy: Policy,
    ) -> Self {
        let (chain, why) = match chain {
            Ok(chain) => (Some(chain), None),
            Err(why) => (None, Some(why)),
        };
        let state = State {
            tally: Tally {
                why,
                ..Tally::default()
            },
            ..State::default()
        };
        Self {
            writing: Arc::new(Writing::new(chain, policy)),
            header,
            tenant,
            origin,
            sanitizer,
            state: Mutex::new(state),
        }
    }

    /// What was recorded so far.
    pub fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    /// How it writes, for what else is recorded of the run.
    pub(crate) fn writing(&self) -> &Arc<Writing> {
        &self.writing
    }

    /// The job has ended: nothing of it can be held up any more.
    pub(crate) fn job_ended(&self) {
        self.writing.job_ended();
    }

    /// Both streams have ended: what was dropped last is recorded as a gap.
    pub(crate) fn close(&self) -> Tally {
        let mut state = self.state();
        self.report_gap(&mut state);
        state.tally.clone()
    }

    /// Takes what was read from a stream; returns when its complete lines are in the ledger.
    pub(crate) fn record(&self, splitter: &mut Splitter, chunk: Clean<&[u8]>, arrival: Arrival) {
        let mut state = self.state();
        splitter.push(chunk, arrival, &mut |line| self.push(&mut state, line));
        self.flush(&mut state);
    }

    /// The stream has been idle in the middle of a line.
    pub(crate) fn idle(&self, splitter: &mut Splitter, now: u64) {
        let mut state = self.state();
        splitter.idle(now, &mut |line| self.push(&mut state, line));
        self.flush(&mut state);
    }

    /// The stream has ended.
    pub(crate) fn finish(&self, splitter: &mut Splitter, rest: Clean<&[u8]>, arrival: Arrival) {
        let mut state = self.state();
        splitter.push(rest, arrival, &mut |line| self.push(&mut state, line));
        splitter.finish(arrival.now, &mut |line| self.push(&mut state, line));
        self.flush(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of the other stream's thread leaves whole lines behind: nothing half done is kept in the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn push(&self, state: &mut State, line: &Clean<Line<'_>>) {
        let seq = state.seq;
        let block = state
            .block
            .get_or_insert_with(|| BlockBuilder::new(&self.header, seq, 64 * 1024));
        block.push(line);
        let full = block.size() >= BLOCK_BYTES || block.count() >= BLOCK_LINES;
        state.seq += 1;
        if full {
            self.flush(state);
        }
    }

    fn flush(&self, state: &mut State) {
        let Some(block) = state.block.take() else { return };
        let lines = u64::from(block.count());
        let batch = block.finish(self.tenant.clone(), self.origin);
        let written = match self.writing.chain() {
            Some(_) => self.writing.write(&mut state.waited, &batch),
            None => Err(state
                .tally
                .why
                .clone()
                .unwrap_or_else(|| "there is no ledger".to_owned())),
        };
        state.tally.blocked = state.waited.time;
        match written {
            Ok(_) => {
                state.tally.recorded += lines;
                self.report_gap(state);
            }
            Err(why) => {
                state.tally.dropped += lines;
                state.gap += lines;
                state.tally.why = Some(why);
            }
        }
    }

    /// After lines were dropped, the first thing written says how many: a gap is a record (`cli.md`).
    fn report_gap(&self, state: &mut State) {
        if state.gap == 0 {
            return;
        }
        let request = gap::request(&self.header, state.gap, state.tally.why.as_deref(), unix_nanos());
        let batch = gap::batch(&self.sanitizer, self.tenant.clone(), self.origin, request);
        // Beyond the budget: what it cost must be told even while it is used up.
        let written = self
            .writing
            .chain()
            .zip(batch)
            .is_some_and(|(chain, batch)| chain.write_closing(&batch).is_ok());
        if written {
            state.gap = 0;
        }
    }
}
