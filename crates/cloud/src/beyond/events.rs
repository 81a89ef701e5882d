//! What an update's engine said, page by page; and when to ask again, and when no more.

use super::finished::Finished;
use crate::api::{Api, ApiError};
use serde_json::value::RawValue;
use sitelog_model::Ulid;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// An update of more events is recorded without the rest of them.
const MOST_EVENTS: usize = 200_000;
/// It is asked again after this time, then after twice as long, up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// So often; it comes to about an hour and a half.
const TRIES: u32 = 25;

/// What came of asking.
#[derive(Debug)]
pub(super) enum Heard {
    /// All of them.
    Events(Vec<Box<RawValue>>),
    /// There are none to be had, in one word for a counter.
    Nothing(&'static str),
    /// Not now.
    Later,
}

/// Asks for all events of an update.
pub(super) async fn ask(api: &Api, update: &Finished) -> Result<Vec<Box<RawValue>>, ApiError> {
    let Some((stack, which)) = update.asked_by() else {
        return Err(ApiError::Gone("it has no id".to_owned()));
    };
    let (mut all, mut token, mut seen) = (Vec::new(), None::<String>, HashSet::new());
    loop {
        let page = api.events(stack, which, token.as_deref()).await?;
        let is_empty = page.items.is_empty();
        all.extend(page.items);
        match page.next {
            // One that has ended has nothing more to say, whatever token comes with it.
            Some(next) if !is_empty && all.len() < MOST_EVENTS => {
                if !seen.insert(next.clone()) {
                    return Err(ApiError::RepeatedToken);
                }
                token = Some(next);
            }
            _ => return Ok(all),
        }
    }
}

/// How long updates wait for their events.
#[derive(Debug, Default)]
pub(super) struct Patience(HashMap<Ulid, Waits>);

#[derive(Debug)]
struct Waits {
    tries: u32,
    next: Instant,
}

impl Patience {
    /// Whether it is time to ask for an update's events.
    pub(super) fn is_due(&self, id: Ulid) -> bool {
        self.0.get(&id).is_none_or(|waits| waits.next <= Instant::now())
    }

    /// How long until something is due; `or` when nothing waits.
    pub(super) fn due(&self, or: Duration) -> Duration {
        let next = self.0.values().map(|waits| waits.next).min();
        next.map_or(or, |next| next.saturating_duration_since(Instant::now()).min(or))
    }

    /// What an answer comes to.
    pub(super) fn judge(&mut self, id: Ulid, answer: Result<Vec<Box<RawValue>>, ApiError>) -> Heard {
        let error = match answer {
            Ok(events) => {
                self.0.remove(&id);
                return match events.is_empty() {
                    true => Heard::Nothing("none"),
                    false => Heard::Events(events),
                };
            }
            Err(error) => error,
        };
        // A token that is refused says nothing of the update.
        let is_final = match &error {
            ApiError::Refused { .. } => !error.is_unauthorized(),
            ApiError::Gone(_) => true,
            _ => false,
        };
        let waits = self.0.entry(id).or_insert_with(|| Waits {
            tries: 0,
            next: Instant::now(),
        });
        waits.tries += u32::from(!error.is_unauthorized());
        if !is_final && waits.tries < TRIES {
            let wait = FIRST.saturating_mul(1 << waits.tries.min(10)).min(LONGEST);
            waits.next = Instant::now() + wait;
            return Heard::Later;
        }
        self.0.remove(&id);
        Heard::Nothing(match error {
            ApiError::Gone(_) => "gone",
            ApiError::Refused { .. } => "refused",
            ApiError::Malformed(_) => "malformed",
            ApiError::TooLarge(_) => "too_large",
            ApiError::RepeatedToken | ApiError::TooManyPages(_) => "pages",
            _ => "unreachable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_waited_for_and_what_cannot_is_not() {
        let (mut patience, id) = (Patience::default(), Ulid::from_parts(1, 1));
        let gone = patience.judge(id, Err(ApiError::Gone("x".into())));
        assert!(matches!(gone, Heard::Nothing("gone")) && patience.is_due(id));
        let began = Instant::now();
        let mut answers = 0;
        let last = loop {
            answers += 1;
            match patience.judge(id, Err(ApiError::Server(502))) {
                Heard::Later => tokio::time::sleep(patience.due(LONGEST)).await,
                other => break other,
            }
            assert!(patience.is_due(id));
        };
        assert!(matches!(last, Heard::Nothing("unreachable")), "{last:?}");
        assert_eq!(answers, TRIES);
        assert!(
            (3_600..7_200).contains(&began.elapsed().as_secs()),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(patience.due(FIRST), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_costs_no_try() {
        let (mut patience, id) = (Patience::default(), Ulid::from_parts(1, 1));
        for _ in 0..2 * TRIES {
            let refused = ApiError::Refused {
                status: 401,
                why: String::new(),
            };
            assert!(matches!(patience.judge(id, Err(refused)), Heard::Later));
            assert!(!patience.is_due(id));
        }
        assert!(matches!(patience.judge(id, Ok(Vec::new())), Heard::Nothing("none")));
    }
}
