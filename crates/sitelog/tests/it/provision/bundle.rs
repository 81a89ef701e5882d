//! A bundle of the trail, carried to another machine.

use super::stage::{Stage, typed};
use crate::scene::Scene;
use serde_json::Value;
use std::path::Path;

/// Two recorded engines under one installation: what it exports, and its key.
fn exported(flags: &[&str]) -> (Stage, Vec<u8>, String) {
    let mut stages = ["01-up-create", "07-up-fail"].map(|case| (case, Stage::of(&[case])));
    let data = stages[0].1.scene.data();
    for (case, stage) in &mut stages {
        let job = typed(case);
        let job: Vec<&str> = job.iter().map(String::as_str).collect();
        let ran = stage.run(&["--data-dir", data.to_str().unwrap()], &job);
        assert_eq!(ran.code, i32::from(*case == "07-up-fail"), "{}", ran.err());
    }
    let [(_, stage), _] = stages;
    let args: Vec<&str> = ["audit", "export", "--output", "-"]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    let bundle = stage.scene.tell(&args);
    assert_eq!(bundle.code, 0, "{}", bundle.err());
    let key = stage.scene.tell(&["audit", "key"]).out().trim().to_owned();
    (stage, bundle.stdout, key)
}

fn verify(elsewhere: &Scene, bundle: &Path, flags: &[&str]) -> (i32, Vec<u8>, String) {
    let args: Vec<&str> = ["audit", "verify", bundle.to_str().unwrap()]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    let ran = elsewhere.tell(&args);
    (ran.code, ran.stdout.clone(), ran.err().to_owned())
}

/// Scenario: one of two operations is exported and verified where there is no ledger. Guarantees: the public key is enough,
/// the records in the bundle are those that `show` gives, and of the other operation there are none.
#[test]
fn the_public_key_alone_verifies_it_elsewhere() {
    let (stage, bundle, key) = exported(&["last"]);
    let elsewhere = Scene::new();
    let path = elsewhere.path("trail.bundle");
    std::fs::write(&path, &bundle).unwrap();
    let (code, _, err) = verify(&elsewhere, &path, &["--key", &key]);
    assert_eq!((code, err.as_str()), (0, ""));

    let (code, printed, _) = verify(&elsewhere, &path, &["--key", &key, "--print-records"]);
    assert_eq!(code, 0);
    let shown = stage.scene.tell(&["audit", "show", "last", "--format", "json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let operation = shown["operation"]["operation"].as_str().unwrap();
    let printed = String::from_utf8(printed).unwrap();
    for record in shown["records"].as_array().unwrap() {
        let uid = record["attributes"]["log.record.uid"].as_str().unwrap();
        assert_eq!(printed.matches(uid).count(), 1, "{uid}");
    }
    let ids: std::collections::BTreeSet<&str> = printed
        .split("sitelog.operation.id")
        .skip(1)
        .filter_map(|rest| rest.split('"').find(|word| word.len() == 26))
        .collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [operation]);
}

/// Scenario: bytes of a bundle are changed, its end cut off, another key is given. Guarantees: each is found.
#[test]
fn a_changed_bundle_is_found() {
    let (_stage, bundle, key) = exported(&[]);
    let elsewhere = Scene::new();
    let path = elsewhere.path("trail.bundle");
    let changed = |at: usize| {
        let mut changed = bundle.clone();
        changed[at] ^= 0x10;
        changed
    };
    let mut cases: Vec<Vec<u8>> = (0..12).map(|part| changed(part * (bundle.len() - 1) / 11)).collect();
    cases.extend([1, 2, 3].map(|part| bundle[..part * bundle.len() / 4].to_vec()));
    for (number, case) in cases.iter().enumerate() {
        std::fs::write(&path, case).unwrap();
        let (code, _, err) = verify(&elsewhere, &path, &["--key", &key]);
        assert_eq!((code, err.lines().count()), (1, 1), "case {number}: {err}");
    }
    std::fs::write(&path, &bundle).unwrap();
    let (_, _, other) = exported(&["last"]);
    assert_eq!(verify(&elsewhere, &path, &["--key", &other]).0, 1);
    assert_eq!(verify(&elsewhere, &path, &["--key", &key]).0, 0);
}
