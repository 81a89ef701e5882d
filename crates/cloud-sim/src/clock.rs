//! The time of the simulation.

use std::time::Instant;

/// Unix seconds: advanced by the caller, or with the machine's clock at a factor.
#[derive(Debug, Clone)]
pub enum Clock {
    /// Stands still until it is advanced.
    Manual {
        /// Now.
        now: i64,
    },
    /// Goes by itself.
    Running {
        /// The time when it was started, and what it was advanced by since.
        origin: i64,
        /// When it was started.
        started: Instant,
        /// Simulated seconds in a second.
        factor: f64,
    },
}

impl Clock {
    /// A clock that stands at a time.
    pub fn manual(now: i64) -> Self {
        Self::Manual { now }
    }

    /// A clock that goes from a time on.
    pub fn running(now: i64, factor: f64) -> Self {
        Self::Running {
            origin: now,
            started: Instant::now(),
            factor,
        }
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        match self {
            Self::Manual { now } => *now,
            Self::Running {
                origin,
                started,
                factor,
            } => origin + (started.elapsed().as_secs_f64() * factor) as i64,
        }
    }

    /// Puts the clock forward.
    pub fn advance(&mut self, seconds: i64) {
        match self {
            Self::Manual { now: time } | Self::Running { origin: time, .. } => *time += seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_it_is_advanced() {
        let mut clock = Clock::manual(1_000);
        assert_eq!(clock.now(), 1_000);
        clock.advance(60);
        assert_eq!(clock.now(), 1_060);
    }

    #[test]
    fn a_running_clock_never_goes_back_and_can_be_put_forward() {
        let mut clock = Clock::running(1_000, 1.0);
        let before = clock.now();
        clock.advance(3_600);
        assert!(before >= 1_000);
        assert!(clock.now() >= before + 3_600);
    }
}
