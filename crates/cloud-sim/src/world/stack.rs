//! A stack and its update history.

use std::fmt;

use super::update::{Kind, Outcome, Update};
use crate::random::{Random, mix, uuid};

/// A stack's place: what its series are labelled with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackPath {
    /// Organization.
    pub org: String,
    /// Project.
    pub project: String,
    /// Name within the project.
    pub stack: String,
}

impl StackPath {
    /// The path of three names.
    pub fn new(org: &str, project: &str, stack: &str) -> Self {
        Self {
            org: org.to_owned(),
            project: project.to_owned(),
            stack: stack.to_owned(),
        }
    }
}

impl fmt::Display for StackPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.org, self.project, self.stack)
    }
}

/// Finished updates of before the simulation began. They follow from the seed, so that long histories take no memory.
#[derive(Debug, Clone)]
struct Past {
    count: u64,
    /// Start of the newest.
    newest: i64,
}

/// Seconds between the starts of two past updates; more than any of them takes.
const PAST_GAP: i64 = 7_200;
const PAST_DURATIONS: &[i64] = &[1, 4, 5, 9, 17, 30, 42, 75, 120, 260, 600, 1_300, 2_400];

/// A stack. Its place is the key under which the world holds it.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Logical id: stays when the stack is renamed, changes when it is recreated.
    pub id: String,
    /// How often versions have restarted under this id.
    pub life: u32,
    /// What everything made up about it follows from.
    pub seed: u64,
    past: Past,
    updates: Vec<Update>,
    resource_count: i64,
}

impl Stack {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            id: uuid(seed),
            life: 0,
            seed,
            past: Past { count: 0, newest: 0 },
            updates: Vec::new(),
            resource_count: 0,
        }
    }

    /// A stack with finished updates, the newest of which started at `newest`.
    pub(crate) fn with_past(seed: u64, count: u64, newest: i64) -> Self {
        let mut stack = Self::new(seed);
        stack.past = Past { count, newest };
        if count > 0 {
            stack.resource_count = stack.past_update(count).resource_count;
        }
        stack
    }

    /// Versions begin again at 1, with nothing before them.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            id: self.id.clone(),
            life: self.life + 1,
            ..Self::new(mix(self.seed, 99))
        };
    }

    /// The newest version; 0 when the stack was never updated.
    pub fn newest(&self) -> u64 {
        self.past.count + self.updates.len() as u64
    }

    /// An update by its version.
    pub fn update(&self, version: u64) -> Option<Update> {
        if version == 0 {
            None
        } else if version <= self.past.count {
            Some(self.past_update(version))
        } else {
            self.updates.get((version - self.past.count - 1) as usize).cloned()
        }
    }

    /// Updates from the newest to the oldest.
    pub fn newest_first(&self) -> impl Iterator<Item = Update> + '_ {
        (1..=self.newest()).rev().filter_map(|version| self.update(version))
    }

    /// Versions without a final result, oldest first.
    pub fn open(&self) -> impl Iterator<Item = u64> + '_ {
        let open = self.updates.iter().filter(|update| !update.outcome.is_final());
        open.map(|update| update.version)
    }

    /// Start of the newest update: what the service's list says as `lastUpdate`.
    pub fn last_started(&self) -> Option<i64> {
        self.update(self.newest()).map(|update| update.start)
    }

    /// The latest end of a finished update.
    pub fn last_ended(&self) -> Option<i64> {
        let past = (self.past.count > 0).then(|| self.past_update(self.past.count).end);
        let finished = self.updates.iter().filter(|update| update.outcome.is_final());
        finished.map(|update| update.end).chain(past).max()
    }

    /// Resources after the update that ended last.
    pub fn resource_count(&self) -> i64 {
        self.resource_count
    }

    /// The id by which an update's events are asked for.
    pub fn update_id(&self, version: u64) -> String {
        uuid(self.update_seed(version))
    }

    /// What everything made up about an update follows from.
    pub(crate) fn update_seed(&self, version: u64) -> u64 {
        mix(self.seed, version << 8)
    }

    pub(crate) fn begin(&mut self, kind: Kind, outcome: Outcome, start: i64) -> u64 {
        let version = self.newest() + 1;
        self.updates.push(Update {
            version,
            kind,
            outcome,
            start,
            end: 0,
            changes: Vec::new(),
            resource_count: self.resource_count,
        });
        version
    }

    /// False when there is no such open update.
    pub(crate) fn finish(&mut self, version: u64, outcome: Outcome, end: i64, changes: &[(&'static str, i64)]) -> bool {
        let open = |update: &&mut Update| update.version == version && !update.outcome.is_final();
        let Some(update) = self.updates.iter_mut().find(open) else {
            return false;
        };
        self.resource_count = (self.resource_count + growth(changes)).max(0);
        update.outcome = outcome;
        update.end = end;
        update.changes = changes.to_vec();
        update.resource_count = self.resource_count;
        true
    }

    fn past_update(&self, version: u64) -> Update {
        let mut random = Random::new(mix(self.update_seed(version), 3));
        let age = (self.past.count - version) as i64;
        let start = self.past.newest - age * PAST_GAP - random.between(0, 600);
        Update {
            version,
            kind: random.pick(&[Kind::Update, Kind::Update, Kind::Update, Kind::Refresh, Kind::Destroy]),
            outcome: random.pick(&[
                Outcome::Succeeded,
                Outcome::Succeeded,
                Outcome::Succeeded,
                Outcome::Failed,
            ]),
            start,
            end: start + random.pick(PAST_DURATIONS),
            changes: made_up_changes(&mut random),
            resource_count: random.between(1, 400),
        }
    }
}

/// By how many resources a stack grows.
fn growth(changes: &[(&'static str, i64)]) -> i64 {
    let sign = |operation| match operation {
        "create" | "import" => 1,
        "delete" => -1,
        _ => 0,
    };
    changes.iter().map(|(operation, count)| sign(*operation) * count).sum()
}

/// A few operations with counts above 0, none twice.
pub(crate) fn made_up_changes(random: &mut Random) -> Vec<(&'static str, i64)> {
    let mut changes = vec![("same", random.between(1, 90))];
    for operation in ["create", "update", "delete", "replace"] {
        if random.percent(40) {
            changes.push((operation, random.between(1, 12)));
        }
    }
    if random.percent(10) {
        let rare = &super::update::OPERATIONS[5..];
        changes.push((random.pick(rare), random.between(1, 3)));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_is_finished_in_order_and_the_same_again() {
        let stack = Stack::with_past(5, 260, 1_000_000_000);
        let updates: Vec<Update> = stack.newest_first().collect();
        assert_eq!(updates.len(), 260);
        assert!(updates.iter().all(|update| update.outcome.is_final()));
        assert!(updates.windows(2).all(|pair| pair[1].end < pair[0].start));
        assert_eq!(stack.last_ended(), Some(updates[0].end));
        assert_eq!(stack.last_started(), Some(updates[0].start));
        assert_eq!(
            updates,
            Stack::with_past(5, 260, 1_000_000_000)
                .newest_first()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_update_ends_once() {
        let mut stack = Stack::new(1);
        let version = stack.begin(Kind::Update, Outcome::InProgress, 100);
        assert_eq!(
            (version, stack.last_started(), stack.last_ended()),
            (1, Some(100), None)
        );
        assert!(stack.finish(1, Outcome::Succeeded, 130, &[("create", 4), ("same", 1)]));
        assert!(!stack.finish(1, Outcome::Failed, 140, &[]));
        assert_eq!((stack.resource_count(), stack.last_ended()), (4, Some(130)));
        assert_eq!(stack.update(1).and_then(|update| update.duration()), Some(30));
        assert_eq!(stack.open().count(), 0);
    }

    #[test]
    fn versions_restart_under_the_same_id() {
        let mut stack = Stack::with_past(9, 6, 1_000);
        let (id, update_id) = (stack.id.clone(), stack.update_id(1));
        stack.restart();
        assert_eq!((stack.newest(), stack.id == id), (0, true));
        assert_ne!(stack.update_id(1), update_id);
    }
}
