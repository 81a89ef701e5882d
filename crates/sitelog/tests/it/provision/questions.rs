//! `sitelog audit list|show|tail|reindex` over real runs.

use super::stage::{Stage, typed};
use super::trail::{operations, shown};
use crate::scene::wait_until;
use serde_json::Value;
use std::process::Stdio;

const CASES: [&str; 3] = ["01-up-create", "02-preview-change", "09-destroy-protected"];

/// Three runs: an update, a preview, and a destroy that failed.
fn three() -> Stage {
    let stage = Stage::of(&CASES);
    for (case, actor) in CASES.into_iter().zip(["ada", "ada", "bob"]) {
        let argv = typed(case);
        let job: Vec<&str> = argv.iter().map(String::as_str).collect();
        stage.run(&["--actor", actor], &job);
    }
    stage
}

fn ask(stage: &Stage, args: &[&str]) -> String {
    let ran = stage.scene.tell(&[&["audit"], args].concat());
    assert_eq!((ran.code, ran.err()), (0, ""), "{args:?}");
    ran.out().to_owned()
}

fn list(stage: &Stage, filter: &[&str]) -> Vec<Value> {
    let list = ask(stage, &[&["list", "--format", "json"], filter].concat());
    serde_json::from_str(&list).unwrap()
}

fn names(stage: &Stage, filter: &[&str]) -> Vec<String> {
    let list = list(stage, filter);
    list.iter()
        .map(|operation| operation["name"].as_str().unwrap().to_owned())
        .collect()
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn filters_find_what_they_name_and_nothing_else() {
    let stage = three();
    assert_eq!(names(&stage, &[]), ["destroy", "preview", "up"], "the newest first");
    let found: [(&[&str], &[&str]); 14] = [
        (&["--operation", "up"], &["up"]),
        (&["--operation", "UP"], &[]),
        (&["--actor", "ada"], &["preview", "up"]),
        (&["--actor", "b*"], &["destroy"]),
        (&["--result", "failed"], &["destroy"]),
        (
            &["--result", "succeeded", "--actor", "ada", "--operation", "p*"],
            &["preview"],
        ),
        (
            &["--project", "payments", "--stack", "prod"],
            &["destroy", "preview", "up"],
        ),
        (&["--stack", "staging"], &[]),
        (&["--resource", "ledger-admin"], &["destroy", "preview", "up"]),
        (&["--resource", "no-such-thing"], &[]),
        (&["--since", "1h"], &["destroy", "preview", "up"]),
        (&["--until", "2001-01-01"], &[]),
        (&["--tenant", "other"], &[]),
        (&["--limit", "2"], &["destroy", "preview"]),
    ];
    for (filter, expected) in found {
        assert_eq!(names(&stage, filter), expected, "{filter:?}");
        let empty = stage.scene.tell(&[&["audit", "list", "--fail-empty"], filter].concat());
        assert_eq!(empty.code, i32::from(expected.is_empty()), "{filter:?}");
    }
    let wrong = stage.scene.tell(&["audit", "list", "--result", "good"]);
    assert_eq!((wrong.code, wrong.one_line().contains("--result")), (64, true));
}

/// Guarantees: each format has the same operations, and the same records as the run wrote to its file.
#[test]
fn every_format_says_the_same() {
    let stage = three();
    let all = list(&stage, &[]);
    let lines: Vec<Value> = ask(&stage, &["list", "--format", "jsonl"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, all);
    let table = ask(&stage, &["list"]);
    let cells = rows(&ask(&stage, &["list", "--format", "csv"]));
    assert_eq!((table.lines().count(), cells.len()), (4, 3));
    for (number, operation) in all.iter().enumerate() {
        let id = operation["operation"].as_str().unwrap();
        assert_eq!(cells[number][0], id);
        let row = table.lines().nth(number + 1).unwrap();
        for part in [
            id,
            operation["name"].as_str().unwrap(),
            "payments/prod",
            operation["result"].as_str().unwrap(),
        ] {
            assert!(row.contains(part), "{part:?} is not in {row:?}");
        }
    }

    // The records file has the last run's.
    for operation in operations(&stage.recorded()) {
        let records = shown(&stage, &operation.id);
        let document: Value = serde_json::from_str(&ask(&stage, &["show", &operation.id, "--format", "json"])).unwrap();
        assert_eq!(*document["records"].as_array().unwrap(), records);
        let cells = rows(&ask(&stage, &["show", &operation.id, "--format", "csv"]));
        assert_eq!(
            (records.len(), cells.len()),
            (operation.events.len(), operation.events.len())
        );
        for ((record, row), event) in records.iter().zip(&cells).zip(&operation.events) {
            assert_eq!(
                (&record["event"], &record["body"]),
                (&event.name.as_str().into(), &event.body.as_str().into())
            );
            assert_eq!(
                record["attributes"]["log.record.uid"],
                event.attributes["log.record.uid"]
            );
            assert_eq!(row[1], event.name);
        }
        let page = ask(&stage, &["show", &operation.id]);
        assert!(
            page.contains(&operation.id) && page.contains(operation.result()),
            "{page}"
        );
        for urn in operation.failed("sitelog.resource.name") {
            assert!(page.contains(&urn), "{urn} is not in {page}");
        }
    }
    // The beginning of an id is enough, and too short a beginning is refused.
    assert_eq!(
        shown(&stage, &all[0]["operation"].as_str().unwrap()[..25]),
        shown(&stage, "last")
    );
    assert_eq!(stage.scene.tell(&["audit", "show", "01"]).code, 64);
    assert_eq!(stage.scene.tell(&["audit", "show", "01ZZZ"]).code, 2);
}

/// Scenario: the index is deleted; and built anew. Guarantees: the same answers.
#[test]
fn answers_come_from_the_ledger() {
    let stage = three();
    let questions: [&[&str]; 5] = [
        &["list", "--format", "json"],
        &["list", "--resource", "ledger-admin", "--format", "csv"],
        &["show", "last", "--format", "json"],
        &["show", "last"],
        &["tail", "--no-follow", "--lines", "1000", "--format", "jsonl"],
    ];
    let answers = || questions.map(|question| ask(&stage, question));
    let before = answers();
    let index = stage.scene.data().join("index.sqlite");
    std::fs::remove_file(&index).unwrap();
    assert!(before == answers(), "without its index");
    assert!(index.is_file(), "it is kept again");
    let records = before[4].lines().count();
    let said = ask(&stage, &["reindex"]);
    assert!(before == answers(), "built anew");
    let counted: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!(counted >= records, "{said} of {records}");
}

/// Scenario: somebody watches while an engine runs. Guarantees: records are seen while it goes on, each once and in order.
#[test]
fn tail_follows_a_run() {
    let stage = Stage::of(&[CASES[0]]).stalled_at(40);
    let seen = stage.scene.path("seen");
    let mut tail = stage.scene.sitelog(["audit", "tail", "--format", "jsonl"]);
    tail.stdout(std::fs::File::create(&seen).unwrap()).stderr(Stdio::null());
    let argv = typed(CASES[0]);
    let job: Vec<&str> = argv.iter().map(String::as_str).collect();
    let going = stage.start(&[], &job);
    stage.wait_for_records(10);
    let mut tail = tail.spawn().unwrap();
    let events = || -> Vec<Value> {
        let text = String::from_utf8(crate::scene::read(&seen)).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    wait_until("records in the middle", || !events().is_empty());
    let middle = events();
    assert!(
        middle
            .iter()
            .all(|event| event["event"] != "sitelog.operation.completed")
    );
    stage.release();
    assert_eq!(going.end().code, 0);
    wait_until("the end", || {
        events()
            .iter()
            .any(|event| event["event"] == "sitelog.operation.completed")
    });
    tail.kill().unwrap();
    tail.wait().unwrap();
    let ids = |events: &[Value]| -> Vec<Value> {
        events
            .iter()
            .map(|event| event["attributes"]["log.record.uid"].clone())
            .collect()
    };
    let all = shown(&stage, "last");
    let tailed = ids(&events());
    assert!(tailed.len() > middle.len());
    assert_eq!(
        tailed,
        ids(&all)[all.len() - tailed.len()..],
        "each once, in order, to the end"
    );
}
