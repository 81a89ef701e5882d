//! Reading a stack's pages: which one is needed next, and what all of them say.

use super::{Cursor, From, Update};
use std::collections::BTreeMap;

/// What was read of a stack.
#[derive(Debug)]
pub struct Reading {
    cursor: Cursor,
    from: From,
    page_size: u32,
    found: BTreeMap<u64, Update>,
    /// Pages that were read, from 1, and the versions between which they reach; `None` for an empty one.
    read: BTreeMap<u32, Option<(u64, u64)>>,
    /// The page that goes on where the last one ended; `None` when that is not needed or there is none.
    next: Option<u32>,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Updates that count now, oldest first.
    pub updates: Vec<Update>,
    /// How far it is counted then.
    pub cursor: Cursor,
    /// Open versions that the history does not hold any more: they will never have a result.
    pub vanished: Vec<u64>,
}

impl Reading {
    /// Begins with the newest page; `page_size` updates are asked for at once.
    pub fn new(cursor: Cursor, from: From, page_size: u32) -> Self {
        Self {
            cursor,
            from,
            page_size: page_size.max(1),
            found: BTreeMap::new(),
            read: BTreeMap::new(),
            next: Some(1),
        }
    }

    /// How many updates are asked for at once.
    pub fn page_size(&self) -> u32 {
        self.page_size
    }

    /// The page to be asked for next, from 1; `None` when enough was read.
    pub fn next(&self) -> Option<u32> {
        if self.next.is_some() {
            return self.next;
        }
        let open = self.cursor.open.iter().rev();
        let mut missing = open.filter(|version| !self.found.contains_key(version));
        missing.find_map(|version| match self.search(*version) {
            Search::Page(page) => Some(page),
            Search::Vanished | Search::Unknown => None,
        })
    }

    /// An update that ran for long stands deep in the history: its page follows from its version, without all pages before
    /// it. When updates have begun since the first page was read, it has moved on to the page after.
    fn search(&self, version: u64) -> Search {
        let newest = self.found.keys().next_back().copied().unwrap_or(0);
        let Some(behind) = newest.checked_sub(version) else {
            return Search::Unknown;
        };
        let Ok(mut page) = u32::try_from(behind / u64::from(self.page_size) + 1) else {
            return Search::Unknown;
        };
        let mut from_newer = false;
        while let Some(range) = self.read.get(&page) {
            match range {
                Some((oldest, _)) if *oldest > version => (page, from_newer) = (page + 1, true),
                Some((_, latest)) if *latest >= version => return Search::Vanished,
                // It stands on a newer page, or between two.
                _ if from_newer || page == 1 => return Search::Vanished,
                _ => page -= 1,
            }
        }
        Search::Page(page)
    }

    /// Takes the page that [`Reading::next`] named. Doubles, which come when an update begins between two pages, do no harm.
    pub fn add(&mut self, page: Vec<Update>) {
        let Some(number) = self.next() else { return };
        // One that has no version yet is none of the history.
        let versions = || page.iter().map(|update| update.version).filter(|version| *version > 0);
        self.read.insert(number, versions().min().zip(versions().max()));
        let is_last = page.len() < self.page_size as usize;
        let was_next = self.next == Some(number);
        let oldest = versions().min();
        let is_old = page.iter().any(|update| self.is_before(update));
        for update in page.into_iter().filter(|update| update.version > 0) {
            let known = self.found.get(&update.version);
            if known.is_none_or(|known| !known.is_final()) {
                self.found.insert(update.version, update);
            }
        }
        if was_next {
            let reached = oldest.is_none_or(|oldest| oldest <= 1 || self.reaches(oldest)) || is_old;
            self.next = (!is_last && !reached).then_some(number + 1);
        }
    }

    /// Whether the newest version that was found says that the history began anew: a stack of the same name, made again. One
    /// that was there before says only that a newer one is not shown, by a replica that lags or because it was taken out.
    pub fn went_back(&self) -> bool {
        let is_later = |(version, update): (&u64, &Update)| {
            let began_since = self.cursor.ended.is_none_or(|ended| update.start > ended);
            *version < self.cursor.upto && began_since && !self.cursor.open.contains(version)
        };
        let is_anew = || self.found.last_key_value().map_or(self.cursor.upto > 0, is_later);
        self.from == From::Cursor && !self.read.is_empty() && is_anew()
    }

    /// What of it counts. Call it when [`Reading::next`] is `None`.
    pub fn finish(self) -> Counted {
        let newest = self.found.keys().next_back().copied().unwrap_or(0);
        let mut counted = Counted {
            cursor: self.cursor.clone(),
            ..Counted::default()
        };
        counted.cursor.upto = counted.cursor.upto.max(newest);
        for version in &self.cursor.open {
            if !self.found.contains_key(version) && self.search(*version) == Search::Vanished {
                counted.cursor.open.remove(version);
                counted.vanished.push(*version);
            }
        }
        for (version, update) in &self.found {
            let is_known = self.from == From::Cursor && *version <= self.cursor.upto;
            let was_open = self.cursor.open.contains(version);
            if !update.is_final() {
                // A version that was counted does not open again.
                if !is_known || was_open {
                    counted.cursor.open.insert(*version);
                }
                continue;
            }
            counted.cursor.open.remove(version);
            counted.cursor.ended = counted.cursor.ended.max((update.end > 0).then_some(update.end));
            if was_open || !is_known && self.counts(update) {
                counted.updates.push(update.clone());
            }
        }
        counted
    }

    /// Whether a new, ended update is one that is to be counted.
    fn counts(&self, update: &Update) -> bool {
        match self.from {
            From::Cursor | From::Beginning => true,
            From::Since { began, ended } => update.start > began || update.end >= ended,
        }
    }

    /// Whether nothing older than this version is needed.
    fn reaches(&self, oldest: u64) -> bool {
        match self.from {
            From::Cursor => oldest <= self.cursor.upto + 1,
            From::Since { .. } | From::Beginning => false,
        }
    }

    /// Whether an update ended before the time from which on they count: those below it did too.
    fn is_before(&self, update: &Update) -> bool {
        matches!(self.from, From::Since { .. }) && update.is_final() && !self.counts(update)
    }
}

/// Where a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// On this page, which was not read.
    Page(u32),
    /// On none, although the pages around were read.
    Vanished,
    /// Newer than all that was read.
    Unknown,
}

#[cfg(test)]
mod tests;
