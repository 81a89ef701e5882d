//! How many calls there are at once, and when: one for the process.
//!
//! As many as the service takes: one more after each round of good answers, half of them after a 429, a 5xx, a timeout, or
//! answers that have become much slower. `Retry-After` stops all calls, not only the one that was told.

mod budget;
mod latency;

use super::ApiError;
use budget::Budget;
use latency::Latency;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The first wait after a 429 that does not say how long; doubled by each that follows without a good answer between.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Repeated calls that may be made without good answers between; each good answer earns a tenth.
const RETRIES: f64 = 10.0;

/// The limiter. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    inner: Mutex<Inner>,
    freed: Notify,
}

#[derive(Debug)]
struct Inner {
    running: usize,
    limit: f64,
    shrunk: Instant,
    paused_until: Instant,
    /// 429s that did not say how long to wait, without a good answer between. Those to calls that were made before the last
    /// of them came say nothing new.
    refusals: u32,
    refused: Instant,
    throttled: Duration,
    retries: f64,
    latency: Latency,
    budget: Option<Budget>,
}

/// When a call may be made.
enum Admission {
    Now,
    At(Instant),
    WhenFreed,
}

impl Limiter {
    /// At most `most` calls at once, and `calls_per_hour` where there is such a limit.
    pub fn new(most: usize, calls_per_hour: Option<u64>) -> Self {
        let now = Instant::now();
        let most = most.max(1);
        Self(Arc::new(Shared {
            most,
            inner: Mutex::new(Inner {
                running: 0,
                limit: most as f64,
                shrunk: now,
                paused_until: now,
                refusals: 0,
                refused: now,
                throttled: Duration::ZERO,
                retries: RETRIES,
                latency: Latency::default(),
                budget: calls_per_hour.map(|calls| Budget::new(calls, now)),
            }),
            freed: Notify::new(),
        }))
    }

    /// Waits until a call may be made. It is over when the permit is dropped.
    pub async fn permit(&self) -> Permit {
        loop {
            let freed = self.0.freed.notified();
            let admission = self.inner().admit(Instant::now());
            match admission {
                Admission::Now => return Permit(self.clone(), Instant::now()),
                Admission::At(time) => tokio::time::sleep_until(time).await,
                Admission::WhenFreed => freed.await,
            }
        }
    }

    /// A call got its answer, the head of it after `latency`.
    pub(super) fn good(&self, permit: &Permit, latency: Duration) {
        let mut inner = self.inner();
        inner.refusals = 0;
        inner.retries = (inner.retries + 0.1).min(RETRIES);
        if inner.latency.add(latency) {
            inner.shrink(permit.1, 0.7);
        } else if inner.running >= inner.whole() {
            inner.limit = (inner.limit + 1.0 / inner.whole() as f64).min(self.0.most as f64);
        }
        drop(inner);
        self.0.freed.notify_one();
    }

    /// A call failed.
    pub(super) fn failed(&self, permit: &Permit, error: &ApiError) {
        if error.is_strain() {
            self.inner().shrink(permit.1, 0.5);
        }
    }

    /// The service asks to be left alone, a 429 also without saying for how long: nobody calls meanwhile.
    pub(super) fn pause(&self, permit: &Permit, retry_after: Option<Duration>) {
        let mut inner = self.inner();
        let now = Instant::now();
        if let Some(wait) = retry_after {
            inner.pause(now, wait);
        } else if permit.1 >= inner.refused {
            let doubled = FIRST_PAUSE * 2_u32.saturating_pow(inner.refusals.min(10));
            inner.refusals += 1;
            inner.refused = now;
            inner.pause(now, doubled.min(LONGEST_PAUSE).mul_f64(0.5 + chance() / 2.0));
        }
    }

    /// Whether a failed call may be made again, and after what time; `before` times it was already. Only so many may for
    /// each good answer: a service that is down is not asked three times as often.
    pub(super) fn again(&self, error: &ApiError, before: u32) -> Option<Duration> {
        const TIMES: u32 = 2;
        let mut inner = self.inner();
        if !error.is_passing() || before >= TIMES || inner.retries < 1.0 {
            return None;
        }
        inner.retries -= 1.0;
        Some(match error {
            // The pause is for all calls.
            ApiError::Limited { .. } => Duration::ZERO,
            _ => Duration::from_millis(200 << (2 * before)).mul_f64(0.5 + chance()),
        })
    }

    /// Seconds during which no call was made because the service had said so.
    pub fn throttled(&self) -> f64 {
        self.inner().throttled.as_secs_f64()
    }

    /// How many calls may be made at once now.
    pub fn limit(&self) -> usize {
        self.inner().whole()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The limit as a number of calls; sums of fractions fall a little short.
    fn whole(&self) -> usize {
        (self.limit + 1e-6) as usize
    }

    fn admit(&mut self, now: Instant) -> Admission {
        if now < self.paused_until {
            return Admission::At(self.paused_until);
        }
        if self.running >= self.whole() {
            return Admission::WhenFreed;
        }
        if let Some(time) = self.budget.as_mut().and_then(|budget| budget.take(now)) {
            return Admission::At(time);
        }
        self.running += 1;
        Admission::Now
    }

    /// Answers to calls that were made before the last time say nothing new.
    fn shrink(&mut self, called: Instant, factor: f64) {
        if called >= self.shrunk {
            self.limit = (self.limit * factor).max(1.0);
            self.shrunk = Instant::now();
        }
    }

    fn pause(&mut self, now: Instant, wait: Duration) {
        // A wait without end is none that a clock can hold.
        let until = now + wait.min(Duration::from_secs(30 * 86_400));
        let from = self.paused_until.max(now);
        self.throttled += until.saturating_duration_since(from);
        self.paused_until = self.paused_until.max(until);
    }
}

/// Leave to make one call.
#[derive(Debug)]
pub struct Permit(Limiter, Instant);

impl Drop for Permit {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.running -= 1;
        drop(inner);
        self.0.0.freed.notify_one();
    }
}

/// A number from 0 to 1. The standard library's hasher keys are random and differ for each hasher: enough for jitter.
fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
