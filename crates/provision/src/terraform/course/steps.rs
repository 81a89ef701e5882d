//! Steps on resources as facts.

use super::super::address::Address;
use super::super::word::Word;
use super::{Course, Known, Planned, Running, fact};
use crate::{Action, Diagnostic, Fact, Level, Step, What};

impl Course {
    /// A change is announced.
    pub(crate) fn planned(&mut self, planned: Planned<'_>, time: Option<u64>, out: &mut Vec<Fact>) {
        let Planned {
            address,
            deposed,
            word,
            reason,
            importing,
            previous,
            diff,
        } = planned;
        let mut step = step(&address, &word, word.action());
        step.planned = true;
        step.counted = false;
        step.why = reason.map(str::to_owned);
        step.diff.clone_from(&diff);
        if let Some(deposed) = deposed {
            step.address = object(address.whole, deposed);
        }
        out.push(fact(What::ResourceCompleted(step), time));
        if let Some(previous) = previous {
            let message = format!("moved from {previous}");
            let address = Some(address.whole.to_owned());
            let diagnostic = Diagnostic {
                level: Level::Info,
                message,
                address,
                ephemeral: false,
            };
            out.push(fact(What::Diagnostic(diagnostic), time));
        }
        if deposed.is_some() {
            return;
        }
        let Some(known) = self.know(address.whole) else { return };
        known.replace = word == Word::Replace;
        known.diff = diff;
        known.importing = importing || word == Word::Import;
        if known.importing {
            self.quiet.push((address.whole.into(), Word::Import));
        }
        if previous.is_some() {
            self.quiet.push((address.whole.into(), Word::Move));
        }
        if word == Word::Forget {
            self.quiet.push((address.whole.into(), Word::Forget));
        }
        if let Some(known) = self.known.get_mut(address.whole) {
            known.planned = Some(word);
        }
    }

    /// Something begins to run on a resource.
    pub(crate) fn started(
        &mut self,
        address: &Address<'_>,
        deposed: Option<&str>,
        word: Word,
        time: Option<u64>,
        out: &mut Vec<Fact>,
    ) {
        if matches!(word, Word::Update | Word::Replace | Word::Delete) {
            self.taken_over(address.whole, time, out);
        }
        let known = self.know(address.whole);
        let action = known
            .as_ref()
            .map_or_else(|| word.action(), |known| known.action(&word));
        let mut step = step(address, &word, action);
        if let Some(known) = known {
            step.diff = known.diff_of(&word);
            known.running.push(Running {
                word,
                deposed: deposed.map(Into::into),
            });
        }
        step.address = shown(address.whole, deposed, action);
        out.push(fact(What::ResourceStarted(step), time));
    }

    /// It is done.
    pub(crate) fn completed(&mut self, address: &Address<'_>, word: &Word, time: Option<u64>, out: &mut Vec<Fact>) {
        let mut done = step(address, word, word.action());
        if let Some(known) = self.know(address.whole) {
            done.action = known.action(word);
            done.diff = known.diff_of(word);
            let deposed = known.stop(word).and_then(|running| running.deposed);
            done.address = shown(address.whole, deposed.as_deref(), done.action);
            match word {
                Word::Create => known.created = true,
                Word::Delete => known.deleted = true,
                _ => {}
            }
        }
        out.push(fact(What::ResourceCompleted(done), time));
    }

    /// It failed, and the engine says so.
    pub(crate) fn errored(&mut self, address: &Address<'_>, word: &Word, time: Option<u64>, out: &mut Vec<Fact>) {
        let mut failed = step(address, word, word.action());
        if let Some(known) = self.know(address.whole) {
            failed.action = known.action(word);
            failed.why = known
                .tainted(word)
                .then(|| "a provisioner failed; the object exists and is tainted".to_owned());
            let deposed = known.stop(word).and_then(|running| running.deposed);
            failed.address = shown(address.whole, deposed.as_deref(), failed.action);
            known.failed = true;
        }
        out.push(fact(What::ResourceFailed(failed), time));
    }

    /// An error names a resource: one that runs has failed, one that nothing runs on could not be planned.
    ///
    /// The text for people has no other word of a failure.
    pub(crate) fn blamed(&mut self, address: &Address<'_>, summary: &str, time: Option<u64>, out: &mut Vec<Fact>) {
        let mut word = None;
        let mut failed = step(address, &Word::Other("plan".into()), Action::Same);
        failed.why = Some(summary.to_owned());
        if let Some(known) = self.know(address.whole) {
            if std::mem::replace(&mut known.failed, true) {
                return;
            }
            let by_provisioner = known.provisioned && summary.ends_with("provisioner error");
            if let Some(running) = known.running.pop() {
                failed.action = known.action(&running.word);
                if running.word == Word::Create && by_provisioner {
                    failed.why = Some(format!("{summary}; the object exists and is tainted"));
                }
                failed.address = shown(address.whole, running.deposed.as_deref(), failed.action);
                word = Some(running.word);
            } else if let Some(planned) = known.planned.clone() {
                failed.action = known.action(&planned);
                word = Some(planned);
            }
        }
        let word = word.or_else(|| (!address.owned).then_some(Word::Read));
        if let Some(word) = word {
            if failed.action == Action::Same {
                failed.action = word.action();
            }
            word.text().clone_into(&mut failed.engine_action);
        }
        out.push(fact(What::ResourceFailed(failed), time));
    }
}

impl Known {
    /// What a word is as an action here: a create is half of a replacement where that was announced, or where the other
    /// half is already done.
    fn action(&self, word: &Word) -> Action {
        match word {
            Word::Create if self.replace || self.deleted => Action::Replace,
            Word::Delete if self.replace || self.created => Action::Replace,
            word => word.action(),
        }
    }

    /// Keys that change by a step of this kind; a creation or a deletion by itself changes none.
    fn diff_of(&self, word: &Word) -> Vec<String> {
        let changes = *word == Word::Update || (self.replace && matches!(word, Word::Create | Word::Delete));
        if changes { self.diff.clone() } else { Vec::new() }
    }

    /// Takes what runs off the list.
    fn stop(&mut self, word: &Word) -> Option<Running> {
        let at = self.running.iter().position(|running| running.word == *word)?;
        Some(self.running.remove(at))
    }

    /// Whether a failure of this kind leaves an object behind that the next apply replaces.
    fn tainted(&self, word: &Word) -> bool {
        *word == Word::Create && self.provisioner_failed
    }
}

/// A step that nothing is known of but its address and word.
pub(super) fn step(address: &Address<'_>, word: &Word, action: Action) -> Step {
    Step {
        address: address.whole.to_owned(),
        kind: address.kind.to_owned(),
        name: address.name.to_owned(),
        action,
        engine_action: word.text().to_owned(),
        parent: address.module.map(str::to_owned),
        diff: Vec::new(),
        planned: false,
        counted: word.counted() && address.owned,
        why: None,
        component: false,
    }
}

/// How a deposed object is called.
fn object(address: &str, deposed: &str) -> String {
    format!("{address} (deposed object {deposed})")
}

/// Whom a step is about: a deposed object that no replacement of this operation left is one of its own, because the
/// resource of that address lives on.
fn shown(address: &str, deposed: Option<&str>, action: Action) -> String {
    match deposed {
        Some(deposed) if action != Action::Replace => object(address, deposed),
        _ => address.to_owned(),
    }
}
