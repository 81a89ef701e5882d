//! What is under way: bytes that were read and not answered yet, of a tenant and of all. A tenant may have as much of the room
//! for all as it leaves free (the dynamic threshold of Choudhury and Hahne, 1998): so many that flood it together still leave
//! some for the next one.

use crate::refusal::{Limit, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Room is there again as soon as anything is answered.
const RETRY: Duration = Duration::from_millis(100);

/// A number of bytes that has a limit.
#[derive(Debug, Default)]
pub(crate) struct Flight(AtomicU64);

impl Flight {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: u64, limit: u64) -> bool {
        let fits = |now: u64| now.checked_add(bytes).filter(|sum| *sum <= limit);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn remove(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes of one request, counted as long as it lives. Nothing waits for room: two half-read requests could wait for each
/// other for ever. Who finds none is told to come again.
pub(crate) struct Held {
    all: Arc<Flight>,
    tenant: Arc<Flight>,
    limits: (u64, u64),
    bytes: u64,
}

impl Held {
    /// Nothing yet; `limits` are of all and of the tenant.
    pub(crate) fn new(all: &Arc<Flight>, tenant: &Arc<Flight>, limits: (u64, u64)) -> Self {
        let (all, tenant) = (Arc::clone(all), Arc::clone(tenant));
        Self {
            all,
            tenant,
            limits,
            bytes: 0,
        }
    }

    /// Counts so many more.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Refusal> {
        let bytes = bytes as u64;
        if self.bytes.saturating_add(bytes) > self.limits.1 {
            // It would not fit even if nothing else were under way.
            let max = usize::try_from(self.limits.1).unwrap_or(usize::MAX);
            return Err(Refusal::TooLarge { max });
        }
        if !self.tenant.add(bytes, self.limits.1) {
            let limit = Limit::BytesInFlight;
            return Err(Refusal::Limited { limit, retry: RETRY });
        }
        let free = self.limits.0.saturating_sub(self.all.bytes());
        if self.tenant.bytes() > free || !self.all.add(bytes, self.limits.0) {
            self.tenant.remove(bytes);
            return Err(Refusal::Busy { retry: RETRY });
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.remove(self.bytes);
        self.tenant.remove(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_counted_and_what_ends_is_given_back() {
        let (all, a, b) = (Arc::default(), Arc::default(), Arc::default());
        let mut one = Held::new(&all, &a, (10, 8));
        one.add(5).unwrap();
        let mut second = Held::new(&all, &a, (10, 8));
        assert_eq!(second.add(4).unwrap_err().name(), "bytes_in_flight");
        assert_eq!(one.add(4).unwrap_err(), Refusal::TooLarge { max: 8 });
        let mut other = Held::new(&all, &b, (10, 8));
        assert_eq!(other.add(6).unwrap_err().name(), "busy");
        other.add(2).unwrap();
        assert_eq!((all.bytes(), a.bytes(), b.bytes()), (7, 5, 2));
        drop((one, other));
        assert_eq!((all.bytes(), a.bytes(), b.bytes()), (0, 0, 0));
    }

    #[test]
    fn whoever_floods_leaves_room() {
        let all = Arc::default();
        let flood = |limit| {
            let (mut held, tenant) = (Vec::new(), Arc::default());
            loop {
                let mut one = Held::new(&all, &tenant, (limit, limit));
                if one.add(1).is_err() {
                    return held;
                }
                held.push(one);
            }
        };
        let many: Vec<_> = (0..8).map(|_| flood(1 << 16)).collect();
        assert_eq!(many[0].len(), 1 << 15, "half for one alone");
        let free = (1 << 16) - many.iter().map(Vec::len).sum::<usize>();
        assert!(free >= 1 << 7, "{free}");
        assert!(!flood(1 << 16).is_empty());
    }
}
