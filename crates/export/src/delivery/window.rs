//! How many requests may be on their way to a destination at the same time: more as long as it answers quickly, fewer when
//! it refuses or slows down (additive increase, multiplicative decrease).

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// What a new destination gets.
const FIRST: f64 = 4.0;
/// An answer that took so many times the quickest one says that requests queue up there.
const SLOW: u32 = 3;
/// Answers quicker than this say nothing about a queue.
const QUICK: Duration = Duration::from_millis(20);

/// The window of a destination.
pub(crate) struct Window {
    most: f64,
    limit: Cell<f64>,
    used: Cell<usize>,
    quickest: Cell<Option<Duration>>,
    freed: Notify,
}

/// The right to have a request on its way.
pub(crate) struct Slot(Rc<Window>);

impl Window {
    pub(crate) fn new(most: usize) -> Rc<Self> {
        let most = most.max(1) as f64;
        let (used, quickest, freed) = Default::default();
        Rc::new(Self {
            most,
            limit: Cell::new(FIRST.min(most)),
            used,
            quickest,
            freed,
        })
    }

    /// Waits for a place.
    pub(crate) async fn enter(self: Rc<Self>) -> Slot {
        while self.used.get() >= self.places() {
            self.freed.notified().await;
        }
        self.used.set(self.used.get() + 1);
        if self.used.get() < self.places() {
            self.freed.notify_one();
        }
        Slot(self)
    }

    /// A request was answered after so long, and taken.
    pub(crate) fn answered(&self, time: Duration) {
        // What was quick once need not be for ever.
        let known = self.quickest.get().map(|known| known + known / 64);
        let quickest = known.map_or(time, |known| known.min(time));
        self.quickest.set(Some(quickest));
        if time > QUICK.max(quickest * SLOW) {
            self.set(self.limit.get() * 0.9);
        } else if self.used.get() >= self.places() {
            self.set(self.limit.get() + 1.0 / self.limit.get());
        }
    }

    /// The destination refused, or did not answer: one request finds out how it goes on.
    pub(crate) fn refused(&self) {
        self.set(1.0);
    }

    /// How many requests may be on their way.
    pub(crate) fn places(&self) -> usize {
        self.limit.get() as usize
    }

    fn set(&self, limit: f64) {
        self.limit.set(limit.clamp(1.0, self.most));
        if self.used.get() < self.places() {
            self.freed.notify_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.set(self.0.used.get() - 1);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;

    #[test]
    fn it_opens_while_answers_are_quick_and_closes_when_they_are_not() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let window = Window::new(16);
            let fill = async |window: &Rc<Window>| {
                let mut slots = Vec::new();
                while window.used.get() < window.places() {
                    slots.push(window.clone().enter().await);
                }
                slots
            };
            for _ in 0..200 {
                let slots = fill(&window).await;
                window.answered(Duration::from_millis(1));
                drop(slots);
            }
            assert_eq!(window.places(), 16);
            (0..10).for_each(|_| window.answered(Duration::from_secs(1)));
            assert!((2..10).contains(&window.places()), "{}", window.places());
            window.refused();
            assert_eq!(window.places(), 1);
            window.answered(Duration::from_millis(1));
            assert_eq!(window.places(), 1, "one that is not used need not grow");
            assert_eq!(window.used.get(), 0);
        });
    }
}
