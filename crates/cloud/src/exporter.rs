//! The exporter: cycle after cycle, and what others may know of it meanwhile.

use crate::api::{Api, SetupError};
use crate::beyond::{Beyond, Shared, TrailError};
use crate::config::Config;
use crate::counters::Counters;
use crate::cycle::batch::{GAUGES, is_kept, show};
use crate::cycle::book::Book;
use crate::cycle::queue::Queue;
use crate::cycle::{CycleReport, Memory, Organization, lock};
use crate::metrics::ALL;
use crate::series::Series;
use crate::state::{Change, Loaded, State, StateError};
use sitelog_ledger::Ledger;
use sitelog_model::{attributes as name, key_value};
use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

/// Calls for single stacks that may wait; each cycle reads what has changed anyway.
const CALLS: usize = 1_000;
/// Stacks that have been gone for so long are forgotten, nanoseconds: 90 days.
const FORGOTTEN: u64 = 90 * 86_400 * 1_000_000_000;
/// The cursor that keeps that the state before was damaged.
const GAP: &str = "gap";

/// What is kept of the gauges of an organization whose series were ended: it is observed no more.
const ENDED: &str = "ended";

/// Why the exporter cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The API's address or the token.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// The exporter. A crash loses nothing that was counted.
#[derive(Debug)]
pub struct CloudExporter {
    memory: Memory,
    calls: mpsc::Sender<[String; 3]>,
    instance: String,
    set_aside: Option<PathBuf>,
}

/// What others see of the exporter while it runs. A clone is the same.
#[derive(Clone, Debug)]
pub struct Observed {
    series: Arc<Mutex<Series>>,
    counters: Arc<Counters>,
    api: Api,
    calls: mpsc::Sender<[String; 3]>,
}

impl Observed {
    /// Looks at the series, or marks them as told; the exporter waits meanwhile.
    pub fn series<T>(&self, look: impl FnOnce(&mut Series) -> T) -> T {
        look(&mut lock(&self.series))
    }

    /// What the exporter says of itself.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Seconds during which no call was made because the service had said so.
    pub fn throttled(&self) -> f64 {
        self.api.limiter().throttled()
    }

    /// Has a stack (organization, project, name) read at once; `false` when too many wait, and the next cycle will do it.
    pub fn call(&self, stack: [String; 3]) -> bool {
        let is_taken = self.calls.try_send(stack).is_ok();
        if !is_taken {
            self.counters.change(|counts| counts.polls_dropped += 1);
        }
        is_taken
    }
}

impl CloudExporter {
    /// Opens the state. Nothing is called yet.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::default());
        let api = Api::new(&config, Arc::clone(&counters))?;
        let now = config.clock.now();
        let (mut state, loaded) = State::open(&config.state_dir, now)?;
        if loaded.set_aside.is_some() {
            counters.change(|counts| counts.states_set_aside += 1);
            state.commit(&Change {
                cursors: vec![(GAP.to_owned(), now.to_string())],
                ..Change::default()
            })?;
        }
        let has_gap = state.cursor(GAP)?.is_some();
        let (sender, receiver) = mpsc::channel(CALLS);
        let mut memory = Memory {
            api,
            counters,
            state: Arc::new(Mutex::new(state)),
            series: Arc::default(),
            book: Book::default(),
            organizations: Vec::new(),
            queue: Queue::default(),
            calls: receiver,
            unsaved: HashSet::new(),
            has_gap,
            number: 0,
            wake: Arc::default(),
            config,
        };
        let (instance, set_aside) = (loaded.instance.clone(), loaded.set_aside.clone());
        memory.restore(loaded, now)?;
        memory.restore_logs()?;
        Ok(Self {
            memory,
            calls: sender,
            instance,
            set_aside,
        })
    }

    /// `service.instance.id`, the same after each start.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Where a damaged state was set aside: what happened since it was written is a gap.
    pub fn set_aside(&self) -> Option<&PathBuf> {
        self.set_aside.as_ref()
    }

    /// What takes over what is recorded, into `ledger`; `None` when nothing is. It is to run beside the exporter.
    ///
    /// # Errors
    /// [`TrailError`].
    pub fn beyond(&self, ledger: &Ledger) -> Result<Option<Beyond>, TrailError> {
        let Some(mut audit) = self.memory.config.audit.clone() else {
            return Ok(None);
        };
        audit
            .resource
            .push(key_value::text(name::SERVICE_INSTANCE_ID, &self.instance));
        let shared = Shared {
            state: Arc::clone(&self.memory.state),
            api: self.memory.api.clone(),
            counters: Arc::clone(&self.memory.counters),
            clock: self.memory.config.clock.clone(),
            wake: Arc::clone(&self.memory.wake),
        };
        Beyond::open(shared, audit, ledger).map(Some)
    }

    /// What others may see.
    pub fn observed(&self) -> Observed {
        Observed {
            series: Arc::clone(&self.memory.series),
            counters: Arc::clone(&self.memory.counters),
            api: self.memory.api.clone(),
            calls: self.calls.clone(),
        }
    }

    /// One cycle. It takes at most [`Config::cycle_limit`] and a commit.
    pub async fn cycle(&mut self) -> CycleReport {
        self.memory.cycle().await
    }

    /// Reads a stack (organization, project, name) at once.
    pub async fn call(&mut self, stack: [String; 3]) -> CycleReport {
        self.memory.called(stack).await
    }

    /// Cycle after cycle until `stop`, the first at once; a cycle that took too long leaves out those it ran into. `each` is
    /// given what each came to; after it the series are to be told.
    pub async fn run(&mut self, stop: impl Future<Output = ()>, mut each: impl FnMut(&CycleReport)) {
        tokio::pin!(stop);
        let mut ticks = tokio::time::interval_at(Instant::now(), self.memory.config.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let call = tokio::select! {
                biased;
                () = &mut stop => return,
                _ = ticks.tick() => None,
                Some(call) = self.memory.calls.recv() => Some(call),
            };
            let work = async {
                match call {
                    None => self.cycle().await,
                    Some(stack) => self.call(stack).await,
                }
            };
            let report = tokio::select! {
                biased;
                () = &mut stop => return,
                report = work => report,
            };
            each(&report);
        }
    }
}

impl Memory {
    /// Takes up what was kept: the series go on where they were.
    fn restore(&mut self, loaded: Loaded, now: u64) -> Result<(), StateError> {
        let configured: Vec<Arc<str>> = self
            .config
            .organizations
            .iter()
            .map(|name| Arc::from(name.as_str()))
            .collect();
        let mut left: BTreeSet<Arc<str>> = loaded.organizations.iter().map(|row| Arc::clone(&row.name)).collect();
        for name in configured {
            let name = self.book.name(&name);
            left.remove(&name);
            let since = loaded
                .organizations
                .iter()
                .find(|row| row.name == name)
                .map(|row| row.since);
            self.organizations.push(Organization {
                name,
                since,
                vacated: Vec::new(),
                failing: BTreeSet::new(),
                gauges: String::new(),
                log: Default::default(),
            });
        }
        loaded.stacks.into_iter().for_each(|row| self.book.load(row));
        let series = Arc::clone(&self.series);
        let mut series = lock(&series);
        for sum in loaded.sums {
            let labels: Vec<Arc<str>> = sum.labels.iter().map(|label| self.book.name(label)).collect();
            let place = [0, 1, 2].map(|at| labels.get(at).cloned().unwrap_or_default());
            if !self.book.is_free(&place) {
                series.put(sum.metric, labels, sum.value, sum.start, now);
            }
        }
        let observed: Vec<Arc<str>> = self.organizations.iter().map(|known| Arc::clone(&known.name)).collect();
        let mut change = Change::default();
        for name in observed.iter().chain(&left) {
            let cursor = format!("{GAUGES}{name}");
            let kept = lock(&self.state).cursor(&cursor)?.unwrap_or_default();
            if kept == ENDED && left.contains(name) {
                series.forget(&[Arc::clone(name)]);
                continue;
            }
            let of = self.book.of(name).filter(|(_, entry)| entry.checked != 0);
            of.for_each(|(_, entry)| show(&mut series, &entry.place, entry.mark, entry.cursor.ended, now));
            let gauges: Vec<(String, Vec<String>, i64)> = serde_json::from_str(&kept).unwrap_or_default();
            for (metric, labels, value) in gauges {
                let known = ALL
                    .into_iter()
                    .find(|known| known.name == metric && is_kept(known.kind, known.labels));
                if let Some(metric) = known {
                    let labels = labels.iter().map(|label| self.book.name(label)).collect();
                    series.set(metric, labels, value, now);
                }
            }
            if let Some(known) = self.organizations.iter_mut().find(|known| known.name == *name) {
                known.gauges = kept;
            } else {
                // It is observed no more: its series end, and go on when it is again.
                series.end_below(&[Arc::clone(name)], now);
                change.cursors.push((cursor, ENDED.to_owned()));
            }
        }
        change.forgotten = self.book.forget(now.saturating_sub(FORGOTTEN));
        if !(change.forgotten.is_empty() && change.cursors.is_empty()) {
            lock(&self.state).commit(&change)?;
        }
        Ok(())
    }
}
