//! How far an organization's audit log is read. Its entries have no ids and are listed newest first by whole seconds: the
//! last minutes are read again each time, and what of them is known is left out.

use super::{entry::Entry, ids, waiting::Waiting};
use crate::api::AuditEntry;
use serde::{Deserialize, Serialize};
use sitelog_sanitize::Sanitizer;
use std::collections::BTreeSet;

/// An entry may come to light so much later than others of its time, seconds.
const OVERLAP: i64 = 300;

/// A cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogCursor {
    /// What is recorded begins here, Unix seconds.
    first: i64,
    /// From when on it is read.
    pub(crate) from: i64,
    /// Ids of the entries from then on that are recorded.
    seen: BTreeSet<String>,
}

impl LogCursor {
    /// Nothing is recorded yet; what happened at `first` or later is to be.
    pub(crate) fn new(first: i64) -> Self {
        Self {
            first,
            from: first,
            seen: BTreeSet::new(),
        }
    }

    /// All entries from [`Self::from`] on were read: what of them is to be recorded, and the cursor after that.
    pub(crate) fn after(
        &self,
        organization: &str,
        entries: Vec<AuditEntry>,
        hide: &Sanitizer,
    ) -> (Self, Vec<(String, Vec<u8>)>) {
        // Equal ones are told apart by their number: all of a second are always read together.
        let mut entries = entries;
        entries.retain(|entry| entry.time >= self.from);
        entries.sort();
        let newest = entries.last().map_or(self.from, |entry| entry.time);
        let mut after = Self {
            first: self.first,
            from: (newest - OVERLAP).max(self.from).max(self.first),
            seen: BTreeSet::new(),
        };
        let (mut rows, mut number) = (Vec::new(), 0);
        for (at, entry) in entries.iter().enumerate() {
            number = match at.checked_sub(1).map(|before| &entries[before]) {
                Some(before) if before == entry => number + 1,
                _ => 0,
            };
            let uid = uid(organization, entry, number);
            if !self.seen.contains(&uid) {
                let waiting = Waiting::Entry(Box::new(Entry::new(organization, entry, hide)));
                rows.push((uid.clone(), waiting.write()));
            }
            if entry.time >= after.from {
                after.seen.insert(uid);
            }
        }
        (after, rows)
    }
}

fn uid(organization: &str, entry: &AuditEntry, number: u64) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let (number, time) = (number.to_string(), entry.time.to_string());
    let more = [&entry.user, &entry.address].into_iter();
    let more: Vec<String> = more.chain(&entry.token).chain(&entry.actor).map(or_none).collect();
    let marks = [entry.is_refusal, entry.took_org_admin, entry.took_stack_admin].map(|mark| mark.to_string());
    let mut parts = vec!["entry", organization, &time, &entry.event, &entry.description, &number];
    parts.extend(more.iter().map(String::as_str));
    parts.extend(marks.iter().map(String::as_str));
    ids::of(entry.time, &parts).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sitelog_sanitize::Settings;
    use std::collections::HashSet;

    fn entry(time: i64, event: &str) -> AuditEntry {
        AuditEntry {
            time,
            event: event.to_owned(),
            ..AuditEntry::default()
        }
    }

    /// Times of the log grow by less than the overlap at once, as far as entries come late.
    fn growth() -> impl Strategy<Value = Vec<Vec<(i64, bool)>>> {
        proptest::collection::vec(proptest::collection::vec((-250i64..400, any::<bool>()), 0..8), 1..8)
    }

    proptest! {
        #[test]
        fn each_entry_is_taken_once_however_the_log_grows(growth in growth()) {
            let hide = Sanitizer::new(Settings::default());
            let (mut cursor, mut log, mut newest) = (LogCursor::new(1_000), Vec::<AuditEntry>::new(), 1_000);
            let (mut taken, mut count) = (HashSet::new(), 0);
            for more in growth {
                let before = newest;
                for (step, kind) in more {
                    let time = (before + step).max(1_000);
                    newest = newest.max(time);
                    log.push(entry(time, if kind { "a" } else { "b" }));
                }
                let mut page: Vec<AuditEntry> = log.iter().filter(|entry| entry.time >= cursor.from).cloned().collect();
                page.sort_by_key(|entry| std::cmp::Reverse(entry.time));
                let (after, rows) = cursor.after("acme", page, &hide);
                count += rows.len();
                taken.extend(rows.into_iter().map(|(uid, _)| uid));
                prop_assert!(after.from >= cursor.from);
                cursor = serde_json::from_str(&serde_json::to_string(&after).unwrap()).unwrap();
            }
            prop_assert_eq!((count, taken.len()), (log.len(), log.len()));
        }
    }

    #[test]
    fn what_was_before_is_not_taken() {
        let hide = Sanitizer::new(Settings::default());
        let log = vec![entry(9, "a"), entry(10, "a"), entry(10, "a")];
        let (after, rows) = LogCursor::new(10).after("acme", log, &hide);
        assert_eq!((rows.len(), after.from, after.seen.len()), (2, 10, 2));
    }
}
