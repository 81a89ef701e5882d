//! What no message reports, settled by the engine's account: imports, moves, removals from the state, refreshes.

use super::super::address::Address;
use super::super::word::Word;
use super::steps::step;
use super::{Course, fact};
use crate::{Fact, Summary, What};

impl Course {
    /// The engine gives its account. Once it says that an apply is over, what was announced and has no message of its
    /// own has happened; imports only if the account has as many as were announced.
    pub(crate) fn summed_up(&mut self, summary: Summary, time: Option<u64>, out: &mut Vec<Fact>) {
        if !summary.planned {
            let count = |word: &str| summary.changes.get(word).copied().unwrap_or(0);
            let (imported, forgotten) = (count("import"), count("forget"));
            let quiet = std::mem::take(&mut self.quiet);
            let imports = quiet
                .iter()
                .filter(|(address, word)| *word == Word::Import && self.importing(address))
                .count();
            let all_imported = imports as u64 + self.imports_told == imported;
            for (address, word) in quiet {
                if word == Word::Import && !(all_imported && self.importing(&address)) {
                    continue;
                }
                let mut step = step(&Address::or_name(&address), &word, word.action());
                step.counted |= word == Word::Forget && forgotten > 0;
                out.push(fact(What::ResourceCompleted(step), time));
            }
        }
        out.push(fact(What::Summary(summary), time));
    }

    /// Work on an address begins that is announced to be taken over first: so it was.
    pub(super) fn taken_over(&mut self, address: &str, time: Option<u64>, out: &mut Vec<Fact>) {
        if self.stop_importing(address) {
            self.imports_told += 1;
            let step = step(&Address::or_name(address), &Word::Import, Word::Import.action());
            out.push(fact(What::ResourceCompleted(step), time));
        }
    }

    /// Whether an address is announced to be taken over, and it was not told yet that it is.
    fn importing(&self, address: &str) -> bool {
        self.known.get(address).is_some_and(|known| known.importing)
    }

    /// It is taken over; says whether that was announced.
    fn stop_importing(&mut self, address: &str) -> bool {
        let known = self.known.get_mut(address);
        known.is_some_and(|known| std::mem::take(&mut known.importing))
    }

    /// A resource is imported, and the engine says so.
    pub(crate) fn imported(&mut self, address: &Address<'_>, time: Option<u64>, out: &mut Vec<Fact>) {
        self.stop_importing(address.whole);
        self.imports_told += 1;
        self.completed(address, &Word::Import, time, out);
    }

    /// Whatever runs of one kind is done, one after the other by address.
    pub(crate) fn all_done(&mut self, word: &Word, out: &mut Vec<Fact>) {
        let runs = self
            .known
            .iter()
            .filter(|(_, known)| known.running.iter().any(|running| running.word == *word));
        let mut addresses: Vec<_> = runs.map(|(address, _)| address.clone()).collect();
        addresses.sort_unstable();
        for address in addresses {
            self.completed(&Address::or_name(&address), word, None, out);
        }
    }

    /// A refresh begins of which nothing says when it ends.
    pub(crate) fn refreshing(&mut self, address: &Address<'_>, time: Option<u64>, out: &mut Vec<Fact>) {
        self.started(address, None, Word::Refresh, time, out);
        if self.runs(address.whole) {
            self.refreshing.push(address.whole.into());
        }
    }

    /// Whatever was being refreshed is: the engine goes on to something that needs it.
    pub(crate) fn refreshed(&mut self, out: &mut Vec<Fact>) {
        for address in std::mem::take(&mut self.refreshing) {
            if self.runs_so(&address, &Word::Refresh) {
                self.completed(&Address::or_name(&address), &Word::Refresh, None, out);
            }
        }
    }
}
