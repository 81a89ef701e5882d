//! Faults as data: which calls, how often, and what goes wrong.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::api::Operation;

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// Refused with a status, in the service's form.
    Status {
        /// For example 401, 404, 429, 500.
        status: u16,
        /// When to come again.
        retry_after: Option<RetryAfter>,
    },
    /// Refused with 429 when there were more than so many calls in the time before; else nothing is wrong.
    Limit {
        /// Calls that are answered.
        calls: usize,
        /// In so many milliseconds.
        per_millis: u64,
        /// When to come again.
        retry_after: Option<RetryAfter>,
    },
    /// The right answer, later.
    Latency {
        /// Milliseconds.
        millis: u64,
    },
    /// Never an answer.
    Hang,
    /// The head and half of the body, then nothing, with the connection open.
    HangInBody,
    /// The right answer, a few bytes at a time.
    Drip {
        /// Bytes at a time.
        bytes: usize,
        /// Milliseconds between.
        millis: u64,
    },
    /// The connection breaks off in the middle of the body.
    Cut,
    /// 200 with a page for people.
    Html,
    /// 200 with `{}`.
    Empty,
    /// 200 with half of the JSON.
    Truncated,
    /// Everything at the top is null.
    Nulls,
    /// Every field of every item of a list is null.
    NullFields,
    /// Numbers are strings, strings are numbers, lists are objects.
    WrongTypes,
    /// The items of the lists have no fields.
    MissingFields,
    /// Every object has a field that nobody knows. Not wrong: it must be read as if it were not there.
    UnknownFields,
    /// The list goes on for so many bytes (before compression).
    Huge {
        /// Bytes.
        bytes: u64,
    },
    /// Every page names the same next page, which is the first one again.
    RepeatingToken,
}

/// The header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// As a number of seconds.
    Seconds(u64),
    /// As a date so many seconds ahead, rounded up.
    Date(u64),
}

/// A fault and the calls it meets. The first rule that meets a call is the one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Only calls of this operation.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Only calls whose path and query begin like this.
    #[serde(default)]
    pub path: Option<String>,
    /// So many of these calls go well first.
    #[serde(default)]
    pub skip: u64,
    /// How many calls are met; for ever when absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    /// Every call, for ever.
    pub fn new(fault: Fault) -> Self {
        Self {
            operation: None,
            path: None,
            skip: 0,
            times: None,
            fault,
        }
    }

    /// Only calls of an operation.
    pub fn on(self, operation: Operation) -> Self {
        let operation = Some(operation);
        Self { operation, ..self }
    }

    /// Only calls whose path and query begin like this.
    pub fn at(self, path: &str) -> Self {
        let path = Some(path.to_owned());
        Self { path, ..self }
    }

    /// So many of these calls go well first.
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// Only so many calls.
    pub fn times(self, times: u64) -> Self {
        let times = Some(times);
        Self { times, ..self }
    }

    fn is_for(&self, operation: Operation, path: &str) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.path.as_ref().is_none_or(|prefix| path.starts_with(prefix))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    rule: Rule,
    calls: u64,
    met: u64,
    /// Times of the calls that a limit let pass.
    passed: VecDeque<Instant>,
}

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(Active {
            rule,
            calls: 0,
            met: 0,
            passed: VecDeque::new(),
        });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What goes wrong with this call.
    pub(crate) fn choose(&mut self, operation: Operation, path: &str, now: Instant) -> Option<Fault> {
        let mut wanted = self
            .rules
            .iter_mut()
            .filter(|active| active.rule.is_for(operation, path));
        wanted.find_map(|active| active.meet(now))
    }
}

impl Active {
    fn meet(&mut self, now: Instant) -> Option<Fault> {
        self.calls += 1;
        let is_over = self.rule.times.is_some_and(|times| self.met >= times);
        if is_over || self.calls <= self.rule.skip {
            return None;
        }
        if let Fault::Limit { calls, per_millis, .. } = self.rule.fault {
            let since = now.checked_sub(Duration::from_millis(per_millis));
            self.passed.retain(|passed| since.is_none_or(|since| *passed > since));
            if self.passed.len() < calls {
                self.passed.push_back(now);
                return None;
            }
        }
        self.met += 1;
        Some(self.rule.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(list: &[Rule]) -> Rules {
        let mut rules = Rules::default();
        list.iter().cloned().for_each(|rule| rules.add(rule));
        rules
    }

    #[test]
    fn a_rule_meets_its_calls_so_many_times() {
        let rule = Rule::new(Fault::Html)
            .on(Operation::ListTeams)
            .at("/api/orgs/acme/")
            .after(1)
            .times(2);
        let mut rules = rules(&[rule]);
        let mut call = |operation, path| rules.choose(operation, path, Instant::now()).is_some();
        assert!(!call(Operation::ListTasks, "/api/orgs/acme/teams"));
        assert!(!call(Operation::ListTeams, "/api/orgs/other/teams"));
        let met = [1, 2, 3, 4, 5].map(|_| call(Operation::ListTeams, "/api/orgs/acme/teams"));
        assert_eq!(met, [false, true, true, false, false]);
    }

    #[test]
    fn a_limit_lets_pass_what_is_below_it() {
        let fault = Fault::Limit {
            calls: 2,
            per_millis: 1_000,
            retry_after: None,
        };
        let mut rules = rules(&[Rule::new(fault)]);
        let start = Instant::now();
        let mut call = |millis| {
            let now = start + Duration::from_millis(millis);
            rules.choose(Operation::ListTeams, "", now).is_some()
        };
        assert_eq!(
            [0, 10, 20, 900, 1_005, 1_011, 1_012].map(&mut call),
            [false, false, true, true, false, false, true]
        );
    }

    #[test]
    fn rules_are_read_from_json() {
        let text =
            r#"{"operation":"ListTeams","times":2,"fault":{"status":{"status":429,"retryAfter":{"seconds":4}}}}"#;
        let retry_after = Some(RetryAfter::Seconds(4));
        let rule = Rule::new(Fault::Status {
            status: 429,
            retry_after,
        })
        .on(Operation::ListTeams)
        .times(2);
        assert_eq!(serde_json::from_str::<Rule>(text).unwrap(), rule);
        assert_eq!(
            serde_json::from_str::<Rule>(r#"{"fault":"hang"}"#).unwrap(),
            Rule::new(Fault::Hang)
        );
        assert!(serde_json::from_str::<Rule>(r#"{"fault":"hang","time":2}"#).is_err());
    }
}
