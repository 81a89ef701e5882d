//! What a run came to, by the facts that were read of it, as sets that can be compared.

use sitelog_provision::{Action, Fact, Level, Reader, Summary, What, terraform};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Addresses = BTreeSet<String>;

/// What was done, as an audit counts it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) created: Addresses,
    pub(crate) updated: Addresses,
    pub(crate) replaced: Addresses,
    pub(crate) deleted: Addresses,
    pub(crate) failed: Addresses,
    pub(crate) tainted: Addresses,
}

/// Everything that facts say and tests ask for.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: Done,
    /// Planned, by the engine's word.
    pub(crate) planned: BTreeMap<String, Addresses>,
    /// Done without being counted: moved, forgotten; and imported.
    pub(crate) others: BTreeMap<String, Addresses>,
    pub(crate) refreshed: Addresses,
    /// Started and neither completed nor failed.
    pub(crate) open: Addresses,
    pub(crate) summaries: Vec<Summary>,
    pub(crate) diagnostics: Vec<(Level, String, Option<String>)>,
    pub(crate) ephemeral: Vec<(String, String)>,
    pub(crate) policies: Vec<(String, bool)>,
    pub(crate) canceled: Vec<String>,
    pub(crate) unknown: Vec<(String, Vec<String>)>,
    pub(crate) version: Option<String>,
    pub(crate) diffs: BTreeMap<String, Vec<String>>,
    /// How many steps the engine counts, by its word.
    pub(crate) counted: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn of(facts: &[Fact]) -> Self {
        let mut tally = Self::default();
        let mut halves: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for fact in facts {
            match &fact.what {
                What::ResourceCompleted(step) if step.planned => {
                    assert!(!step.counted, "a plan is not counted: {step:?}");
                    let addresses = tally.planned.entry(step.engine_action.clone()).or_default();
                    assert!(addresses.insert(step.address.clone()), "planned twice: {step:?}");
                    tally.diffs.insert(step.address.clone(), step.diff.clone());
                }
                What::ResourceStarted(step) => {
                    assert!(!step.planned);
                    tally.open.insert(format!("{} {}", step.engine_action, step.address));
                }
                What::ResourceCompleted(step) => {
                    tally.open.remove(&format!("{} {}", step.engine_action, step.address));
                    *tally.counted.entry(step.engine_action.clone()).or_default() += u64::from(step.counted);
                    let words = halves.entry(&step.address).or_default();
                    match (step.engine_action.as_str(), step.action) {
                        (word @ ("create" | "delete"), action) => {
                            words.insert(word);
                            assert!(
                                words.len() < 2 || action == Action::Replace,
                                "the second half: {step:?}"
                            );
                        }
                        ("update", Action::Update) => drop(tally.done.updated.insert(step.address.clone())),
                        ("refresh", Action::Refresh) => drop(tally.refreshed.insert(step.address.clone())),
                        (word, _) => drop(
                            tally
                                .others
                                .entry(word.to_owned())
                                .or_default()
                                .insert(step.address.clone()),
                        ),
                    }
                }
                What::ResourceFailed(step) => {
                    tally.open.remove(&format!("{} {}", step.engine_action, step.address));
                    assert!(tally.done.failed.insert(step.address.clone()), "failed twice: {step:?}");
                    if step.why.as_deref().is_some_and(|why| why.ends_with("tainted")) {
                        tally.done.tainted.insert(step.address.clone());
                        let words = halves.entry(&step.address).or_default();
                        words.insert("create");
                        // Of a replacement that begins with the new object the old one is left, but no longer the resource.
                        words.extend((step.action == Action::Replace).then_some("delete"));
                    }
                }
                what => tally.said(what),
            }
        }
        for (address, words) in halves {
            let set = match (words.contains("create"), words.contains("delete")) {
                (true, true) => &mut tally.done.replaced,
                (true, false) => &mut tally.done.created,
                (false, true) => &mut tally.done.deleted,
                (false, false) => continue,
            };
            set.insert(address.to_owned());
        }
        tally
    }

    fn said(&mut self, what: &What) {
        match what {
            What::Begin(begin) => self.version.clone_from(&begin.version),
            What::Summary(summary) => self.summaries.push(summary.clone()),
            What::Diagnostic(said) if said.ephemeral => {
                self.ephemeral
                    .push((said.address.clone().unwrap(), said.message.clone()));
            }
            What::Diagnostic(said) => self
                .diagnostics
                .push((said.level, said.message.clone(), said.address.clone())),
            What::Policy(policy) => self.policies.push((policy.name.clone(), policy.mandatory)),
            What::Canceled(said) => self.canceled.push(said.clone()),
            What::Other { kind, keys } => self.unknown.push((kind.clone(), keys.clone())),
            other => panic!("no fact of Terraform: {other:?}"),
        }
    }

    /// The engine's account of what was done equals the steps that were told.
    pub(crate) fn account_is_right(&self) {
        let account = self
            .summaries
            .iter()
            .rfind(|summary| !summary.planned)
            .expect("an account");
        for (word, count) in &account.changes {
            assert_eq!(
                self.counted.get(word).copied().unwrap_or(0),
                *count,
                "{word}: {self:#?}"
            );
        }
    }

    /// How it ended, as far as one reader knows: the exit status, and whether it was told to stop.
    pub(crate) fn outcome(&self, exit: i64) -> &'static str {
        let planned_ok = exit == 2 && self.summaries.iter().all(|summary| summary.planned);
        match exit {
            _ if !self.canceled.is_empty() => "canceled",
            0 => "succeeded",
            2 if planned_ok => "succeeded",
            _ => "failed",
        }
    }
}

/// All facts of a message stream.
pub(crate) fn messages(stream: &[u8]) -> Vec<Fact> {
    let mut reader = terraform::Messages::new();
    let mut facts = Vec::new();
    for line in stream.split(|byte| *byte == b'\n') {
        reader.read(line, &mut facts).expect("a well-formed message");
    }
    reader.finish(&mut facts);
    facts
}

/// All facts of a run's text; stderr is read first or last, for the streams race.
pub(crate) fn text(stdout: &[u8], stderr: &[u8], errors_first: bool) -> Vec<Fact> {
    let mut reader = terraform::Text::new();
    let mut facts = Vec::new();
    for errors in [errors_first, !errors_first] {
        let stream = if errors { stderr } else { stdout };
        for line in stream.split(|byte| *byte == b'\n') {
            if errors {
                reader.read_err(line, &mut facts);
            } else {
                reader.read(line, &mut facts).expect("text");
            }
        }
    }
    reader.finish(&mut facts);
    facts
}
