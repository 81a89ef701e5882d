//! What waits for each of several destinations, and what each refused, as `spool` shows it.

use super::running::{Gateway, arrived};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Reserved, Sink};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;

/// Waiting batches and refused records by cursor, of those that have any.
fn spool(scene: &Scene) -> BTreeMap<String, (u64, u64)> {
    let ran = scene.tell(&["spool", "--format", "json"]);
    let chains: Vec<serde_json::Value> = serde_json::from_slice(&ran.stdout).unwrap();
    let mut all = BTreeMap::<_, (u64, u64)>::new();
    for cursor in chains
        .iter()
        .flat_map(|chain| chain["destinations"].as_array().unwrap())
    {
        let of = all.entry(cursor["name"].as_str().unwrap().to_owned()).or_default();
        of.0 += cursor["waiting_batches"].as_u64().unwrap();
        of.1 += cursor["refused_records"].as_u64().unwrap();
    }
    all.retain(|_, counts| *counts != (0, 0));
    all
}

#[test]
fn each_destination_has_a_row_of_its_own() {
    let (scene, good, down, picky) = (
        Scene::new(),
        Sink::start(Answer::Take),
        Reserved::new(),
        Sink::start(Answer::Refuse),
    );
    let config = format!(
        "serve:\n  tenants:\n    default:\n      destinations:\n        good: {{endpoint: {}, signals: [logs]}}\n        down: {{endpoint: {}, signals: [logs]}}\n        picky: {{endpoint: {}, protocol: http/protobuf, signals: [logs]}}\n",
        good.endpoint(),
        down.endpoint(),
        picky.endpoint()
    );
    let config = scene.file("serve.yaml", &config);
    let gateway = Gateway::start(&scene, &["--config", &config, "--stop-timeout", "100ms"]);
    for n in 0..3 {
        assert_eq!(gateway.send(None, &[format!("one {n}"), format!("two {n}")]), Some(200));
    }
    let expected = BTreeMap::from([("down.logs".to_owned(), (3, 0)), ("picky.logs".to_owned(), (0, 6))]);
    wait_until("each to be where it stays", || spool(&scene) == expected);
    assert_eq!(arrived(&good).len(), 6);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!(spool(&scene), expected);
    let table = scene.tell(&["spool"]);
    let rows: Vec<Vec<&str>> = table
        .out()
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][3], "DESTINATION");
    let shown: Vec<_> = rows[1..]
        .iter()
        .map(|row| (row[3], row[4], *row.last().unwrap()))
        .collect();
    assert_eq!(shown, [("down.logs", "3", "0"), ("picky.logs", "0", "6")]);

    // When the one that was down is there, only what was refused is left to show.
    let late = Sink::at(down, Answer::Take);
    let gateway = Gateway::start(&scene, &["--config", &config]);
    wait_until("what was left to arrive", || arrived(&late).len() == 6);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    assert_eq!(spool(&scene).get("down.logs"), None);
}
