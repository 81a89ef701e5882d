//! The stacks that are known: what the lists say of them, and how far they are counted.

mod entry;

pub(crate) use entry::{Entry, Place, settled};

use crate::api::Listed;
use crate::counting::Cursor;
use crate::state::{Mark, StackRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a look at a listed stack brought to light.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Its id.
    pub(crate) id: Option<Arc<str>>,
    /// It has this place now and did not before.
    pub(crate) claimed: Option<Place>,
    /// It had this place before.
    pub(crate) left: Option<Place>,
    /// Its row is to be written.
    pub(crate) is_changed: bool,
}

/// All stacks.
#[derive(Debug, Default)]
pub(crate) struct Book {
    stacks: HashMap<Arc<str>, Entry>,
    /// Whose place it is: of two stacks with the same names the one that was listed last.
    owners: HashMap<Place, Arc<str>>,
    names: HashSet<Arc<str>>,
}

impl Book {
    /// As they were kept.
    pub(crate) fn load(&mut self, row: StackRow) {
        let place = row.labels.each_ref().map(|name| self.name(name));
        if row.gone == 0 {
            self.owners.insert(place, Arc::clone(&row.id));
        }
        self.put_back(row);
    }

    /// It was taken out while it was counted: the next list claims its place again, or tells that it is gone.
    pub(crate) fn put_back(&mut self, row: StackRow) {
        let place = row.labels.map(|name| self.name(&name));
        let entry = Entry {
            place,
            mark: row.mark,
            listed: row.mark,
            is_first: row.checked == 0,
            cursor: row.cursor,
            checked: row.checked,
            gone: row.gone,
            seen: 0,
            tried: 0,
            is_queued: false,
            is_called: false,
            asked: 0,
        };
        self.stacks.insert(row.id, entry);
    }

    /// One name for all that are the same.
    pub(crate) fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    /// What a stack is known by: the service's id, or its names where there is none.
    pub(crate) fn id_of(&self, listed: &Listed, place: &Place) -> Arc<str> {
        match &listed.id {
            Some(id) if !id.is_empty() => id.as_str().into(),
            _ => place.join("/").into(),
        }
    }

    /// The list shows a stack. `is_first` when its organization was not observed before.
    pub(crate) fn see(
        &mut self,
        listed: &Listed,
        organization: &Arc<str>,
        listing: u32,
        is_first: bool,
        now: u64,
    ) -> Seen {
        let place = [
            Arc::clone(organization),
            self.name(&listed.project),
            self.name(&listed.name),
        ];
        let id = self.id_of(listed, &place);
        let last_update = listed.last_update.unwrap_or(0).max(0);
        let known = self.stacks.get(&id);
        // One that was never updated has no resources; of any other a missing number says nothing.
        let before = known.map_or(0, |entry| entry.listed.resources);
        let resources = listed
            .resource_count
            .unwrap_or(if last_update == 0 { 0 } else { before });
        let mark = Mark { last_update, resources };
        let mut seen = Seen::default();
        match self.stacks.get_mut(&id) {
            None => {
                let has_nothing = last_update == 0;
                let entry = Entry {
                    place: place.clone(),
                    // So that what began since can be told from what had.
                    mark: if is_first || has_nothing { mark } else { Mark::default() },
                    listed: mark,
                    cursor: Cursor::default(),
                    checked: if has_nothing { now } else { 0 },
                    gone: 0,
                    is_first: is_first && !has_nothing,
                    seen: listing,
                    tried: 0,
                    is_queued: false,
                    is_called: false,
                    asked: 0,
                };
                seen.is_changed = entry.is_first || has_nothing;
                self.stacks.insert(Arc::clone(&id), entry);
            }
            Some(entry) => {
                seen.is_changed = entry.gone != 0;
                entry.gone = 0;
                entry.listed = mark;
                entry.seen = listing;
                if is_first && entry.is_first {
                    entry.mark = mark;
                }
                if entry.place != place {
                    seen.left = Some(std::mem::replace(&mut entry.place, place.clone()));
                    seen.is_changed |= entry.is_first || entry.checked != 0;
                }
            }
        }
        if let Some(left) = seen.left.as_ref().filter(|left| self.owners.get(*left) == Some(&id)) {
            self.owners.remove(left);
        }
        if self.owners.get(&place) != Some(&id) {
            self.owners.insert(place.clone(), Arc::clone(&id));
            seen.claimed = Some(place);
        }
        seen.id = Some(id);
        seen
    }

    /// The whole list of an organization was seen: those that are not in it are gone, unless one was seen since the list was
    /// begun. Says which, and what places they left.
    pub(crate) fn gone(&mut self, organization: &Arc<str>, listing: u32, now: u64) -> (Vec<Arc<str>>, Vec<Place>) {
        let (mut ids, mut left) = (Vec::new(), Vec::new());
        for (id, entry) in &mut self.stacks {
            if entry.place[0] == *organization && entry.gone == 0 && entry.seen < listing {
                entry.gone = now;
                ids.push(Arc::clone(id));
                if self.owners.get(&entry.place) == Some(id) {
                    self.owners.remove(&entry.place);
                    left.push(entry.place.clone());
                }
            }
        }
        // Those that were never read are as good as never seen.
        ids.retain(|id| self.get(id).is_some_and(|entry| entry.is_first || entry.checked != 0));
        self.stacks
            .retain(|_, entry| entry.gone == 0 || entry.is_first || entry.checked != 0);
        (ids, left)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Entry> {
        self.stacks.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Entry> {
        self.stacks.get_mut(id)
    }

    /// Whether nobody has this place.
    pub(crate) fn is_free(&self, place: &Place) -> bool {
        !self.owners.contains_key(place)
    }

    /// Whether a stack is the one that its names lead to.
    pub(crate) fn owns(&self, id: &Arc<str>, entry: &Entry) -> bool {
        entry.gone == 0 && self.owners.get(&entry.place) == Some(id)
    }

    /// Stacks of an organization that are to be read, with the cycle in which that was tried last; they are queued then.
    /// Before the list has come, only those that the last cycle has left: an open one would be read twice.
    pub(crate) fn due(&mut self, organization: &Arc<str>, cycle: u32, is_listed: bool) -> Vec<(u64, Arc<str>)> {
        let owners = &self.owners;
        let due = self.stacks.iter_mut().filter(|(id, entry)| {
            let is_here = entry.place[0] == *organization && entry.gone == 0;
            let is_idle = !entry.is_queued && entry.tried != cycle;
            let is_due = entry.is_behind() || is_listed && entry.is_waited_for(cycle);
            is_here && is_idle && is_due && owners.get(&entry.place) == Some(*id)
        });
        due.map(|(id, entry)| {
            entry.is_queued = true;
            (u64::from(entry.tried), Arc::clone(id))
        })
        .collect()
    }

    /// Those that were tried and read longest ago, one of `sweep`, although nothing says that they are to be, with their
    /// turns; they are queued then. Those that always fail take turns with the others.
    pub(crate) fn swept(&mut self, organizations: &[Arc<str>], sweep: u32, cycle: u32) -> Vec<(u64, Arc<str>)> {
        let here = |entry: &Entry| entry.gone == 0 && !entry.has_nothing() && organizations.contains(&entry.place[0]);
        let all = self.stacks.values().filter(|entry| here(entry)).count();
        let count = all.div_ceil(sweep.max(1) as usize);
        let idle = self.stacks.iter().filter(|(id, entry)| {
            let is_idle = !entry.is_queued && !entry.is_first && entry.tried != cycle;
            here(entry) && is_idle && self.owners.get(&entry.place) == Some(*id)
        });
        let mut idle: Vec<_> = idle
            .map(|(id, entry)| (entry.tried, entry.checked, Arc::clone(id)))
            .collect();
        if count < idle.len() {
            idle.select_nth_unstable(count);
            idle.truncate(count);
        }
        idle.sort_unstable();
        for (_, _, id) in &idle {
            if let Some(entry) = self.stacks.get_mut(id) {
                entry.is_queued = true;
            }
        }
        (0..).zip(idle).map(|(turn, (_, _, id))| (turn, id)).collect()
    }

    /// Nobody waits any more: the cycle is over.
    pub(crate) fn settle(&mut self) {
        self.stacks.values_mut().for_each(|entry| entry.is_queued = false);
    }

    /// Stacks in the lists, and versions that have not ended.
    pub(crate) fn census(&self) -> (u64, u64) {
        let here = self.stacks.values().filter(|entry| entry.gone == 0);
        here.fold((0, 0), |(stacks, open), entry| {
            (stacks + 1, open + entry.cursor.open.len() as u64)
        })
    }

    /// The stacks of an organization that are there.
    pub(crate) fn of<'a>(&'a self, organization: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry)> {
        let here = self.stacks.iter();
        here.filter(move |(_, entry)| entry.gone == 0 && &*entry.place[0] == organization)
    }

    /// A place that was claimed is nobody's again: the next list claims it once more.
    pub(crate) fn release(&mut self, place: &Place) {
        self.owners.remove(place);
    }

    /// Takes out those that have been gone since before `time`.
    pub(crate) fn forget(&mut self, time: u64) -> Vec<Arc<str>> {
        let old = self
            .stacks
            .iter()
            .filter(|(_, entry)| entry.gone != 0 && entry.gone < time);
        let old: Vec<Arc<str>> = old.map(|(id, _)| Arc::clone(id)).collect();
        old.iter().for_each(|id| drop(self.stacks.remove(id)));
        old
    }
}

#[cfg(test)]
mod tests;
