//! What comes next: what was begun is brought to its end, then lists, numbers of organizations and stacks take turns, so
//! that none of them waits for all of another.

use super::job::Job;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Why a stack is read: the first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Somebody called.
    Called,
    /// Its list says that something happened, or one of its updates has not ended.
    Due,
    /// It is its turn.
    Swept,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Item {
    /// A job that is ready.
    Job(Box<Job>),
    /// A stack to be read.
    Stack(Arc<str>),
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    begun: VecDeque<Job>,
    lists: VecDeque<Job>,
    census: VecDeque<Job>,
    /// By class, then by when they were tried last: the longest ago first.
    stacks: BinaryHeap<Reverse<(Class, u64, Arc<str>)>>,
    turn: usize,
}

impl Queue {
    /// A job that goes on.
    pub(crate) fn resume(&mut self, job: Job) {
        self.begun.push_back(job);
    }

    /// A new one, unless the same waits or was begun already.
    pub(crate) fn add(&mut self, job: Job) {
        let is_same = |other: &Job| other.about() == job.about() && !matches!(other, Job::Read(_) | Job::Look(_));
        if self.begun.iter().chain(&self.lists).chain(&self.census).any(is_same) {
            return;
        }
        match job {
            Job::List(_) => self.lists.push_back(job),
            Job::Census(_) | Job::Hear(_) => self.census.push_back(job),
            Job::Read(_) | Job::Look(_) => self.begun.push_back(job),
        }
    }

    /// Stacks to be read.
    pub(crate) fn read(&mut self, class: Class, stacks: impl IntoIterator<Item = (u64, Arc<str>)>) {
        let stacks = stacks.into_iter().map(|(tried, id)| Reverse((class, tried, id)));
        self.stacks.extend(stacks);
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Option<Item> {
        if let Some(job) = self.begun.pop_front() {
            return Some(Item::Job(Box::new(job)));
        }
        if let Some(Reverse((Class::Called, _, _))) = self.stacks.peek() {
            return self.stack();
        }
        for _ in 0..3 {
            self.turn = (self.turn + 1) % 3;
            let item = match self.turn {
                0 => self.lists.pop_front().map(|job| Item::Job(Box::new(job))),
                1 => self.census.pop_front().map(|job| Item::Job(Box::new(job))),
                _ => self.stack(),
            };
            if item.is_some() {
                return item;
            }
        }
        None
    }

    fn stack(&mut self) -> Option<Item> {
        self.stacks.pop().map(|Reverse((_, _, id))| Item::Stack(id))
    }

    /// The cycle is over: stacks are planned anew, the rest goes on. Says how many stacks waited.
    pub(crate) fn settle(&mut self) -> usize {
        let waiting = self.stacks.len();
        self.stacks.clear();
        waiting
    }

    /// Stacks whose reading goes on.
    pub(crate) fn reading(&self) -> Vec<Arc<str>> {
        let id = |job: &Job| match job {
            Job::Read(read) => Some(Arc::clone(&read.id)),
            _ => None,
        };
        self.begun.iter().filter_map(id).collect()
    }

    /// Nothing that waits is of any use.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            turn: self.turn,
            ..Self::default()
        };
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.lists.is_empty() && self.census.is_empty() && self.stacks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Operation;
    use crate::cycle::job::{Census, Pages};

    fn census(organization: &str, operation: Operation) -> Job {
        Job::Census(Census {
            organization: organization.into(),
            operation,
            pages: Pages::default(),
            counts: Default::default(),
        })
    }

    fn names(queue: &mut Queue) -> Vec<String> {
        let name = |item| match item {
            Item::Job(job) => format!("{} {}", job.about().1, job.about().0.name()),
            Item::Stack(id) => id.to_string(),
        };
        std::iter::from_fn(|| queue.next()).map(name).collect()
    }

    #[test]
    fn stacks_and_numbers_take_turns_and_the_oldest_comes_first() {
        let mut queue = Queue::default();
        let ids = |all: &[(u64, &str)]| {
            all.iter()
                .map(|(tried, id)| (*tried, Arc::from(*id)))
                .collect::<Vec<_>>()
        };
        queue.read(Class::Swept, ids(&[(1, "swept")]));
        queue.read(Class::Due, ids(&[(7, "newer"), (3, "older")]));
        for operation in [Operation::Teams, Operation::Tasks, Operation::Teams] {
            queue.add(census("o", operation));
        }
        queue.read(Class::Called, ids(&[(9, "called")]));
        assert_eq!(
            names(&mut queue),
            ["called", "o teams", "older", "o tasks", "newer", "swept"]
        );
        assert!(queue.is_empty());
    }
}
