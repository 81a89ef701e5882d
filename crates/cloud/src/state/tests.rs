//! What was committed comes back, what was not does not, and a damaged file stops nothing.

use super::*;
use crate::counting::Cursor;
use crate::metrics::{UPDATE_DURATION_SECONDS, UPDATE_TOTAL};
use crate::series::{Histogram, Value};
use std::sync::Arc;

const NOW: u64 = 1_800_000_000_000_000_000;

fn stack(id: &str, upto: u64) -> StackRow {
    StackRow {
        id: id.into(),
        labels: ["o", "p", id].map(Arc::from),
        mark: Mark {
            last_update: 17,
            resources: 4,
        },
        cursor: Cursor {
            upto,
            open: [upto - 1, upto].into(),
            ended: Some(99),
        },
        checked: NOW,
        gone: upto % 2,
    }
}

fn change() -> Change {
    let mut histogram = Histogram::new(&[5.0, 10.0]);
    histogram.record(&[5.0, 10.0], 7.25);
    let labels = |last: &str| ["o", "p", "a", "update", last].map(Arc::from).to_vec();
    Change {
        organizations: vec![OrganizationRow {
            name: "o".into(),
            since: NOW,
        }],
        stacks: vec![stack("a", 5), stack("b\"'", u64::from(u32::MAX))],
        sums: vec![
            SumRow {
                metric: &UPDATE_TOTAL,
                labels: labels("succeeded"),
                start: NOW,
                value: Value::Int(7),
            },
            SumRow {
                metric: &UPDATE_DURATION_SECONDS,
                labels: labels("failed"),
                start: NOW,
                value: Value::Histogram(Box::new(histogram)),
            },
        ],
        cursors: vec![("audit/o".into(), "token".into())],
        outbox: vec![("u1".into(), vec![1]), ("u2".into(), vec![2])],
        ..Change::default()
    }
}

#[test]
fn what_was_committed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, first) = State::open(folder.path(), NOW).unwrap();
    assert!(first.stacks.is_empty() && first.set_aside.is_none());
    state.commit(&change()).unwrap();
    drop(state);
    let (mut state, loaded) = State::open(folder.path(), NOW + 1).unwrap();
    assert_eq!(loaded.instance, first.instance);
    assert_eq!(loaded.organizations, change().organizations);
    assert_eq!(loaded.stacks, change().stacks);
    let mut sums = loaded.sums;
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.metric.name));
    assert_eq!(sums, change().sums);
    assert_eq!(state.cursor("audit/o").unwrap().as_deref(), Some("token"));
    assert_eq!(state.outbox("", 9).unwrap().len(), 2);
    assert_eq!(state.outbox("u1", 9).unwrap(), [("u2".to_owned(), vec![2])]);
    let later = Change {
        forgotten: vec!["a".into()],
        sent: vec!["u1".into()],
        ..Change::default()
    };
    state.commit(&later).unwrap();
    assert_eq!(state.outbox_size().unwrap(), 1);
    drop(state);
    assert_eq!(State::open(folder.path(), NOW).unwrap().1.stacks.len(), 1);
}

#[test]
fn sums_are_found_by_the_stack_they_are_of() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _) = State::open(folder.path(), NOW).unwrap();
    let sum = |stack: &str, value| SumRow {
        metric: &UPDATE_TOTAL,
        labels: ["o", "p", stack, "update", "failed"].map(Arc::from).to_vec(),
        start: NOW,
        value: Value::Int(value),
    };
    let names = ["s", "s\"", "s,", "s2", "S", "", "s\",\"x"];
    let sums = names.iter().zip(1..).map(|(name, value)| sum(name, value));
    let change = Change {
        sums: sums.collect(),
        ..Change::default()
    };
    state.commit(&change).unwrap();
    for (name, value) in names.iter().zip(1..) {
        let found = state.sums_below(&["o", "p", name].map(Arc::from)).unwrap();
        assert_eq!(found, [sum(name, value)]);
    }
    assert!(state.sums_below(&["o", "p", "t"].map(Arc::from)).unwrap().is_empty());
}

#[test]
fn one_process_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _) = State::open(folder.path(), NOW).unwrap();
    state.commit(&change()).unwrap();
    let second = State::open(folder.path(), NOW).unwrap_err();
    assert!(second.to_string().contains("another `sitelog cloud`"), "{second}");
}

#[test]
fn a_damaged_file_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _) = State::open(folder.path(), NOW).unwrap();
    state.commit(&change()).unwrap();
    drop(state);
    let file = folder.path().join(FILE);
    let whole = fs::read(&file).unwrap();
    for damage in 0..3 {
        let mut bytes = whole.clone();
        match damage {
            0 => bytes.truncate(whole.len() / 2),
            1 => bytes[..600].fill(0xA5),
            _ => bytes.clear(),
        }
        fs::write(&file, &bytes).unwrap();
        let (_, loaded) = State::open(folder.path(), NOW + damage * 1_000_000_000).unwrap();
        assert!(loaded.stacks.is_empty());
        // An empty file is a new one to SQLite.
        assert_eq!(loaded.set_aside.is_some(), damage < 2, "{damage}");
        assert!(loaded.set_aside.is_none_or(|aside| fs::read(aside).unwrap() == bytes));
        drop(fs::remove_file(&file));
    }
}

#[test]
fn one_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (state, _) = State::open(folder.path(), NOW).unwrap();
    state.database.pragma_update(None, "user_version", 9).unwrap();
    drop(state);
    let error = State::open(folder.path(), NOW).unwrap_err();
    assert!(error.to_string().contains("newer sitelog (version 9)"), "{error}");
}
