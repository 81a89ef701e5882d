//! Admission: whether a tenant's budget has room for one more frame.

use crate::error::{Error, Refused};
use crate::layout::{CURSORS, QUARANTINE, list};
use crate::options::{Budget, Reclaim};
use crate::reserve::RESERVE;
use crate::retain::reclaim;
use crate::root::Root;
use sitelog_model::TenantId;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Own bytes after which a writer measures again: other processes write beside it.
const MEASURE_EVERY: u64 = 4 << 20;
/// Looking into all segments may take this long whenever it helps; beyond, it may take only a small part of the time.
const CHEAP: Duration = Duration::from_millis(100);
const SURVEYS_APART: u32 = 20;
/// When a refused input may try again: cursors move within this time if a destination is alive.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What a writer knows of its tenant's usage. Measuring means listing folders, so it is not done for each frame.
#[derive(Default)]
pub(crate) struct Gauge {
    /// Bytes in use when measured last, and those written since.
    used: u64,
    /// Own bytes since then.
    since: u64,
    measured: bool,
    /// When all segments were looked into last, and how long that took.
    surveyed: Option<(Instant, Duration)>,
    refusal: Option<Refusal>,
}

/// The last refusal, and the state of the world at which it may be repeated without measuring.
struct Refusal {
    time: u64,
    commits: u64,
    why: Why,
}

#[derive(Clone, Copy)]
enum Why {
    Full(u64),
    TooOld(Duration),
}

impl Gauge {
    /// Notes bytes that were written.
    pub(crate) fn wrote(&mut self, bytes: u64) {
        self.used += bytes;
        self.since += bytes;
    }

    /// Lets a frame of so many bytes in, or says why not. `must_measure`: a segment rolls.
    pub(crate) fn admit(
        &mut self,
        root: &Root,
        tenant: &TenantId,
        bytes: u64,
        must_measure: bool,
        now: u64,
    ) -> Result<(), Refused> {
        let budget = root.retention().budget;
        if budget.bytes.is_none() && budget.age.is_none() {
            return Ok(());
        }
        let limit = budget.bytes.unwrap_or(u64::MAX);
        let commits = root.commits.load(Ordering::Relaxed);
        if let Some(refusal) = &self.refusal {
            let waited = now.saturating_sub(refusal.time);
            let is_fresh = now >= refusal.time && u128::from(waited) < RETRY_AFTER.as_nanos();
            if is_fresh && refusal.commits == commits {
                return Err(refused(refusal.why, budget));
            }
        }
        let step = MEASURE_EVERY.min(limit / 4);
        let is_due = must_measure || self.refusal.is_some() || self.since + bytes > step;
        if !is_due && (!self.measured || self.used + bytes <= limit) {
            return Ok(());
        }
        let waiting = match &root.options.reclaim {
            Reclaim::Writer => self.make_room(root, tenant, bytes, now)?,
            Reclaim::Elsewhere(_) => {
                self.used = tenant_bytes(root, tenant).map_err(as_refused)?;
                let since = root.waiting_since(tenant);
                since.map(|since| Duration::from_nanos(now.saturating_sub(since)))
            }
        };
        (self.since, self.measured) = (0, true);
        let too_old = waiting.filter(|age| budget.age.is_some_and(|allowed| *age > allowed));
        let why = match too_old {
            _ if self.used + bytes > limit => Why::Full(self.used),
            Some(age) => Why::TooOld(age),
            None => {
                self.refusal = None;
                return Ok(());
            }
        };
        self.refusal = Some(Refusal {
            time: now,
            commits,
            why,
        });
        if let Reclaim::Elsewhere(tell) = &root.options.reclaim {
            tell(tenant, bytes);
        }
        Err(refused(why, budget))
    }

    /// Erases what may go, and says how old the oldest frame is that waits.
    fn make_room(&mut self, root: &Root, tenant: &TenantId, bytes: u64, now: u64) -> Result<Option<Duration>, Refused> {
        let begun = Instant::now();
        let is_affordable = |(ended, took): (Instant, Duration)| took < CHEAP || ended.elapsed() > took * SURVEYS_APART;
        let may_survey = self.surveyed.is_none_or(is_affordable);
        let reclaimed = reclaim(root, tenant, bytes, now, may_survey).map_err(as_refused)?;
        if may_survey {
            self.surveyed = Some((Instant::now(), begun.elapsed()));
        }
        self.used = reclaimed.used;
        Ok(reclaimed.undelivered_age)
    }
}

fn refused(why: Why, budget: Budget) -> Refused {
    let retry_after = RETRY_AFTER;
    match why {
        Why::Full(used) => Refused::Full {
            used,
            budget: budget.bytes.unwrap_or(u64::MAX),
            retry_after,
        },
        Why::TooOld(age) => Refused::TooOld {
            age,
            budget: budget.age.unwrap_or_default(),
            retry_after,
        },
    }
}

fn as_refused(error: Error) -> Refused {
    match error {
        Error::Io { source, .. } => source.into(),
        other => Refused::Io(io::Error::other(other.to_string())),
    }
}

/// Bytes of all chains of a tenant.
pub(crate) fn tenant_bytes(root: &Root, tenant: &TenantId) -> Result<u64, Error> {
    let chains = root.layout.list_chains(&*root.disk, tenant)?;
    let each = chains.iter().map(|chain| chain_bytes(root, &root.layout.chain(chain)));
    each.sum()
}

/// Bytes of all files of a chain; the room it puts aside is not in use.
pub(crate) fn chain_bytes(root: &Root, folder: &Path) -> Result<u64, Error> {
    let mut sum = 0;
    for folder in [folder.to_owned(), folder.join(CURSORS), folder.join(QUARANTINE)] {
        sum += list(&*root.disk, &folder)?
            .iter()
            .filter(|entry| !entry.is_dir && entry.name != RESERVE)
            .map(|entry| entry.len)
            .sum::<u64>();
    }
    Ok(sum)
}
