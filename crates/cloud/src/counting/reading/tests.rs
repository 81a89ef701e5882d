//! Histories that grow while they are read, and what is counted of them.

use super::*;
use proptest::prelude::*;

/// What has not ended yet.
const NOW: From = From::Since {
    began: i64::MAX,
    ended: i64::MAX,
};

/// A stack on the service.
#[derive(Clone, Debug, Default)]
struct Stack {
    updates: Vec<Update>,
    now: i64,
}

impl Stack {
    fn begin(&mut self) {
        self.now += 1;
        let version = self.updates.len() as u64 + 1;
        self.updates.push(Update {
            version,
            kind: "update".into(),
            result: "in-progress".into(),
            start: self.now,
            ..Update::default()
        });
    }

    /// Ends one of those that run.
    fn end(&mut self, which: usize) {
        self.now += 1;
        let now = self.now;
        let mut running: Vec<&mut Update> = self.updates.iter_mut().filter(|update| !update.is_final()).collect();
        if !running.is_empty() {
            let at = which % running.len();
            (running[at].end, running[at].result) = (now, "succeeded".into());
        }
    }

    fn page(&self, number: u32, size: u32) -> Vec<Update> {
        let newest_first = self.updates.iter().rev();
        newest_first
            .skip((number as usize - 1) * size as usize)
            .take(size as usize)
            .cloned()
            .collect()
    }

    /// Reads it, while `between` happens to it after each page.
    fn read(&mut self, cursor: Cursor, from: From, size: u32, mut between: impl FnMut(&mut Self)) -> (Counted, u32) {
        let mut reading = Reading::new(cursor, from, size);
        let mut calls = 0;
        while let Some(page) = reading.next() {
            reading.add(self.page(page, size));
            calls += 1;
            between(self);
        }
        (reading.finish(), calls)
    }
}

fn versions(counted: &Counted) -> Vec<u64> {
    counted.updates.iter().map(|update| update.version).collect()
}

#[test]
fn a_burst_is_read_to_its_end() {
    let mut stack = Stack::default();
    stack.begin();
    stack.end(0);
    let (counted, calls) = stack.read(Cursor::default(), NOW, 100, |_| ());
    assert_eq!((counted.updates.len(), calls, counted.cursor.upto), (0, 1, 1));
    for _ in 0..250 {
        stack.begin();
        stack.end(0);
    }
    let (counted, calls) = stack.read(counted.cursor, From::Cursor, 100, |_| ());
    assert_eq!((versions(&counted), calls), ((2..=251).collect(), 3));
    let (counted, calls) = stack.read(counted.cursor, From::Cursor, 100, |_| ());
    assert_eq!((versions(&counted), calls), (vec![], 1));
}

#[test]
fn one_that_ran_for_long_costs_two_pages_and_counts_when_it_ends() {
    let mut stack = Stack::default();
    stack.begin();
    let (first, _) = stack.read(Cursor::default(), NOW, 10, |_| ());
    assert_eq!(first.cursor.open.len(), 1);
    for _ in 0..1000 {
        stack.begin();
        stack.end(1);
    }
    let (counted, _) = stack.read(first.cursor, From::Cursor, 10, |_| ());
    assert_eq!(counted.updates.len(), 1000);
    stack.end(0);
    let (counted, calls) = stack.read(counted.cursor, From::Cursor, 10, |_| ());
    assert_eq!((versions(&counted), calls), (vec![1], 2));
    assert!(counted.cursor.open.is_empty());
}

#[test]
fn one_that_was_taken_out_of_the_history_is_not_waited_for() {
    let mut stack = Stack::default();
    (0..30).for_each(|_| stack.begin());
    let (counted, _) = stack.read(Cursor::default(), From::Beginning, 10, |_| ());
    assert_eq!(counted.cursor.open.len(), 30);
    stack.updates.remove(4);
    let (counted, _) = stack.read(counted.cursor, From::Cursor, 10, |_| ());
    assert_eq!(counted.vanished, [5]);
    assert_eq!(counted.cursor.open.len(), 29);
}

#[test]
fn a_window_ends_where_it_began() {
    let mut stack = Stack::default();
    for _ in 0..100 {
        stack.begin();
        stack.end(0);
    }
    // Each begins at an odd second and ends at the even one after.
    let (counted, calls) = stack.read(
        Cursor::default(),
        From::Since {
            began: i64::MAX,
            ended: 150,
        },
        10,
        |_| (),
    );
    assert_eq!((versions(&counted), calls), ((75..=100).collect(), 3));
    let (counted, calls) = stack.read(Cursor::default(), From::Beginning, 10, |_| ());
    assert_eq!((counted.updates.len(), calls), (100, 10));
    assert_eq!(counted.cursor.ended, Some(200));
}

#[test]
fn one_that_was_listed_long_before_it_is_read_counts_from_then_on() {
    let mut stack = Stack::default();
    for _ in 0..25 {
        stack.begin();
        stack.end(0);
    }
    // It ran when the stack was listed, at 51, and those after it began later.
    stack.begin();
    for _ in 0..30 {
        stack.begin();
        stack.end(1);
    }
    stack.end(0);
    let from = From::Since { began: 51, ended: 52 };
    let (counted, calls) = stack.read(Cursor::default(), from, 10, |_| ());
    assert_eq!((versions(&counted), calls), ((26..=56).collect(), 4));
}

#[test]
fn a_queued_one_has_no_version_and_is_not_there_yet() {
    let mut reading = Reading::new(Cursor::default(), From::Cursor, 2);
    reading.add(vec![
        Update::default(),
        Update {
            version: 3,
            result: "failed".into(),
            ..Update::default()
        },
    ]);
    assert_eq!(reading.next(), Some(2));
    let rest = [2, 1].map(|version| Update {
        version,
        result: "failed".into(),
        ..Update::default()
    });
    reading.add(rest.into());
    let counted = reading.finish();
    assert_eq!(
        (versions(&counted), counted.cursor.open.len(), counted.cursor.ended),
        (vec![1, 2, 3], 0, None)
    );
}

#[test]
fn a_history_that_began_anew_is_told() {
    let cursor = Cursor {
        upto: 9,
        ..Cursor::default()
    };
    let mut reading = Reading::new(cursor, From::Cursor, 10);
    let mut stack = Stack::default();
    stack.begin();
    reading.add(stack.page(1, 10));
    assert!(reading.went_back());
}

/// Scenario: the newest version is not shown any more, for one read or for good. Guarantees: nothing is counted again; when
/// it is shown again it counts if it had not; a stack that was made again is still told.
#[test]
fn a_newest_version_that_is_hidden_is_no_new_beginning() {
    for (ended, want) in [(true, vec![]), (false, vec![3])] {
        let mut stack = Stack::default();
        for at in 0..3 {
            stack.begin();
            if at < 2 || ended {
                stack.end(0);
            }
        }
        let (counted, _) = stack.read(Cursor::default(), From::Cursor, 10, |_| ());
        let hidden = stack.updates.pop().unwrap();
        let mut reading = Reading::new(counted.cursor.clone(), From::Cursor, 10);
        reading.add(stack.page(1, 10));
        assert!(!reading.went_back());
        let lagging = reading.finish();
        assert_eq!((versions(&lagging), &lagging.cursor), (vec![], &counted.cursor));
        stack.updates.push(hidden);
        stack.end(0);
        let (shown, _) = stack.read(lagging.cursor, From::Cursor, 10, |_| ());
        assert_eq!(versions(&shown), want);
        stack.updates.clear();
        stack.begin();
        let mut reading = Reading::new(shown.cursor, From::Cursor, 10);
        reading.add(stack.page(1, 10));
        assert!(reading.went_back());
    }
}

/// Scenario: of two that wait, the newer one is given up. Guarantee: the other was there before.
#[test]
fn an_open_version_that_becomes_the_newest_is_no_new_beginning() {
    let mut stack = Stack::default();
    stack.begin();
    stack.end(0);
    (0..2).for_each(|_| stack.begin());
    let (counted, _) = stack.read(Cursor::default(), From::Cursor, 10, |_| ());
    stack.updates.pop();
    let mut reading = Reading::new(counted.cursor, From::Cursor, 10);
    reading.add(stack.page(1, 10));
    assert!(!reading.went_back());
    assert!(reading.finish().updates.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Begin(u8),
    End(usize),
    Poll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1u8..12).prop_map(Step::Begin),
        (0usize..8).prop_map(Step::End),
        Just(Step::Poll)
    ]
}

proptest! {
    /// Whatever begins and ends between polls, and between the pages of one: each update that ended is counted once.
    #[test]
    fn each_is_counted_once(steps in proptest::collection::vec(step(), 1..30), size in 1u32..20, racing in any::<u64>()) {
        let (mut stack, mut cursor) = (Stack::default(), Cursor::default());
        let mut times = std::collections::BTreeMap::new();
        let mut race = racing;
        let mut poll = |stack: &mut Stack, cursor: &mut Cursor, races: bool| {
            let (counted, _) = stack.read(cursor.clone(), From::Cursor, size, |stack| {
                race = race.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                if races && race % 3 == 0 {
                    stack.begin();
                }
                if races && race % 4 == 0 {
                    stack.end(race as usize % 5);
                }
            });
            for update in &counted.updates {
                *times.entry(update.version).or_insert(0) += 1;
                assert!(update.is_final());
            }
            assert!(counted.vanished.is_empty());
            *cursor = counted.cursor;
        };
        for step in steps {
            match step {
                Step::Begin(count) => (0..count).for_each(|_| stack.begin()),
                Step::End(which) => stack.end(which),
                Step::Poll => poll(&mut stack, &mut cursor, true),
            }
        }
        poll(&mut stack, &mut cursor, false);
        poll(&mut stack, &mut cursor, false);
        for update in &stack.updates {
            let want = i32::from(update.is_final());
            prop_assert_eq!(times.get(&update.version).copied().unwrap_or(0), want, "{:?}", update);
        }
        prop_assert_eq!(cursor.open.len(), stack.updates.iter().filter(|update| !update.is_final()).count());
    }
}
