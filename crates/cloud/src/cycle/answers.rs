//! What becomes of the answers.

use super::batch::{Done, show};
use super::book::Place;
use super::job::{Answer, Job, List, Look, Read, Why};
use super::{Cycle, census, lock, unreadable};
use crate::api::{ApiError, Listed, Operation};
use crate::state::OrganizationRow;
use std::sync::Arc;

impl Cycle<'_> {
    /// The answer to a job's call.
    pub(super) fn answered(&mut self, number: u64, answer: Result<Answer, ApiError>) {
        let Some(job) = self.jobs.remove(&number) else { return };
        let (operation, organization) = job.about();
        let organization = Arc::clone(organization);
        let limit = self.memory.config.page_limit;
        let (job, result) = match (job, answer) {
            (job, Err(error)) => (job, Err(error)),
            (Job::List(mut list), Ok(Answer::Stacks(page))) => {
                let shown = self.listed(&mut list, &page.items);
                let goes_on = shown.and_then(|()| list.turn(page.next, limit));
                (Job::List(list), goes_on)
            }
            (Job::Census(mut census), Ok(Answer::Census(counts, next))) => {
                let goes_on = census.take(counts, next, limit);
                (Job::Census(census), goes_on)
            }
            (Job::Read(mut read), Ok(Answer::Updates(page))) => {
                let goes_on = read.take(page, limit);
                (Job::Read(read), goes_on)
            }
            (Job::Hear(mut hear), Ok(Answer::AuditLog(page))) => {
                let goes_on = hear.take(page, limit);
                (Job::Hear(hear), goes_on)
            }
            (Job::Look(look), Ok(Answer::Stacks(page))) => return self.looked(look, page.items, page.next),
            (job, Ok(_)) => (
                job,
                Err(ApiError::Malformed("an answer to another question".to_owned())),
            ),
        };
        match result {
            Ok(true) => self.memory.queue.resume(job),
            Ok(false) => self.done(job),
            Err(error) => {
                match job {
                    Job::Read(read) if matches!(error, ApiError::Gone(_)) => self.is_elsewhere(&read),
                    job => self.gave_up(job),
                }
                let is_no_failure = match operation {
                    // That a stack is gone the next list will tell.
                    Operation::Updates => matches!(error, ApiError::Gone(_)),
                    Operation::AuditLog => self.refused_log(&organization, &error),
                    _ => false,
                };
                if !is_no_failure {
                    self.failed(operation, &organization, &error);
                }
            }
        }
    }

    fn succeeded(&mut self, operation: Operation, organization: &Arc<str>) {
        let now = self.memory.now();
        let key = (Arc::clone(organization), operation);
        self.memory.counters.change(|counts| {
            counts.last_success.insert(key, now);
        });
    }

    fn done(&mut self, job: Job) {
        let (operation, organization) = job.about();
        let organization = Arc::clone(organization);
        self.succeeded(operation, &organization);
        match job {
            Job::List(list) => self.list_ended(list, true),
            Job::Census(counted) => {
                let now = self.memory.now();
                let mut series = lock(&self.memory.series);
                census::show(&mut series, &organization, operation, &counted.counts, now);
            }
            Job::Read(read) => self.was_read(read),
            Job::Hear(hear) => self.heard(hear),
            Job::Look(_) => {}
        }
    }

    /// A stack is not where it was: it was renamed or deleted, which the list will tell in this cycle, or has told.
    fn is_elsewhere(&mut self, read: &Read) {
        let Some(entry) = self.memory.book.get_mut(&read.id) else {
            return;
        };
        entry.is_queued = entry.gone == 0 && entry.place != read.place;
        if entry.is_queued {
            let stack = (u64::from(entry.tried), Arc::clone(&read.id));
            self.memory.queue.read(super::Class::Due, [stack]);
        }
    }

    fn gave_up(&mut self, job: Job) {
        match job {
            Job::List(list) => self.list_ended(list, false),
            Job::Read(read) => self.memory.release(&read.id),
            Job::Look(Look {
                why: Why::WentBack(read),
                ..
            }) => self.memory.release(&read.id),
            Job::Look(_) | Job::Census(_) | Job::Hear(_) => {}
        }
    }

    /// A page of an organization's list.
    fn listed(&mut self, list: &mut List, page: &[Listed]) -> Result<(), ApiError> {
        for listed in page {
            // A service may not know the filter.
            if listed.organization.eq_ignore_ascii_case(&list.organization) {
                let id = self.see(listed, &list.organization, list.number, list.is_first)?;
                list.changed.extend(id);
            }
        }
        Ok(())
    }

    /// A stack as the list has it now; its id when its row is to be written.
    fn see(
        &mut self,
        listed: &Listed,
        organization: &Arc<str>,
        number: u32,
        is_first: bool,
    ) -> Result<Option<Arc<str>>, ApiError> {
        let memory = &mut *self.memory;
        let now = memory.now();
        let seen = memory.book.see(listed, organization, number, is_first, now);
        if let Some(left) = seen.left
            && let Some(known) = memory.organization(organization)
        {
            known.vacated.push(left);
        }
        let series = Arc::clone(&memory.series);
        if let Some(place) = &seen.claimed
            && !is_first
        {
            // Whoever had the place before: its sums go on.
            let sums = lock(&memory.state).sums_below(place);
            let sums = sums
                .inspect_err(|_| memory.book.release(place))
                .map_err(|error| unreadable(&error))?;
            let mut series = lock(&series);
            for sum in sums {
                let labels = sum.labels.iter().map(|label| memory.book.name(label)).collect();
                series.put(sum.metric, labels, sum.value, sum.start, now);
            }
        }
        let Some(id) = seen.id else { return Ok(None) };
        if let Some(entry) = memory.book.get(&id).filter(|entry| memory.book.owns(&id, entry)) {
            show(&mut lock(&series), &entry.place, entry.listed, entry.cursor.ended, now);
        }
        Ok(seen.is_changed.then_some(id))
    }

    /// A list came to its end, or broke off: only a whole one tells what is gone.
    fn list_ended(&mut self, list: List, is_whole: bool) {
        let now = self.memory.now();
        self.batch.rows.extend(list.changed);
        if is_whole {
            self.report.is_good = true;
            let (gone, left) = self.memory.book.gone(&list.organization, list.number, now);
            self.batch.rows.extend(gone);
            self.left(&list.organization, left, now);
            if list.is_first {
                self.batch.begun.push(OrganizationRow {
                    name: Arc::clone(&list.organization),
                    since: list.since,
                });
                let all = self.memory.book.of(&list.organization);
                self.batch.rows.extend(all.map(|(id, _)| Arc::clone(id)));
            }
        }
        self.batch.rows.sort_unstable();
        self.batch.rows.dedup();
        self.batch.plan.push(list.organization);
    }

    /// The series of places that nobody has any more end.
    fn left(&mut self, organization: &Arc<str>, mut left: Vec<Place>, now: u64) {
        if let Some(known) = self.memory.organization(organization) {
            left.append(&mut known.vacated);
        }
        let mut series = lock(&self.memory.series);
        for place in left.iter().filter(|place| self.memory.book.is_free(place)) {
            series.end_below(place, now);
        }
    }

    /// A history was read as far as is needed.
    fn was_read(&mut self, read: Read) {
        if read.reading.went_back() {
            self.memory.queue.resume(Job::Look(Look {
                place: read.place.clone(),
                pages: Default::default(),
                why: Why::WentBack(Box::new(read)),
            }));
            return;
        }
        if read.is_anew {
            self.memory.counters.change(|counts| counts.recreated += 1);
        }
        self.batch.done.push(Done {
            id: read.id,
            place: read.place,
            listed: read.listed,
            counted: read.reading.finish(),
        });
    }

    /// A page of a project's list, in which one stack is looked for.
    fn looked(&mut self, mut look: Look, page: Vec<Listed>, next: Option<String>) {
        let [organization, project, name] = look.place.clone();
        let found = page.iter().find(|listed| {
            let is_there = *listed.project == *project && *listed.name == *name;
            is_there && listed.organization.eq_ignore_ascii_case(&organization)
        });
        let Some(found) = found else {
            match look.turn(next, self.memory.config.page_limit) {
                Ok(true) => return self.memory.queue.resume(Job::Look(look)),
                Ok(false) => {}
                Err(error) => self.failed(Operation::Stacks, &organization, &error),
            }
            return self.gave_up(Job::Look(look));
        };
        let found_id = found.id.as_deref().filter(|id| !id.is_empty());
        match look.why {
            Why::Called => {
                let number = self.memory.number;
                let id = self.memory.book.id_of(found, &look.place);
                match self.see(found, &organization, number, false) {
                    Ok(changed) => self.batch.rows.extend(changed),
                    Err(error) => return self.failed(Operation::Stacks, &organization, &error),
                }
                let entry = self.memory.book.get_mut(&id).filter(|entry| !entry.has_nothing());
                if let Some(entry) = entry {
                    if std::mem::replace(&mut entry.is_queued, true) {
                        entry.is_called = true;
                    } else {
                        self.memory.queue.read(super::Class::Called, [(0, id)]);
                    }
                }
            }
            Why::WentBack(read) => {
                let listed = self.memory.book.get(&read.id).map_or(read.listed, |entry| entry.listed);
                // An empty history of a stack that was updated is no history.
                let is_plausible = !read.is_empty || found.last_update.unwrap_or(0) == 0;
                if found_id.is_none_or(|id| *id == *read.id) && is_plausible {
                    self.start(Job::Read(read.anew(listed)));
                } else {
                    self.memory.release(&read.id);
                }
            }
        }
    }
}
