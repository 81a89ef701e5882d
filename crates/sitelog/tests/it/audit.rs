//! `sitelog audit verify|checkpoint|key` over real runs: what an auditor does, and what somebody with a file editor did before.

use crate::scene::{Ran, Scene};
use serde_json::Value;
use std::path::PathBuf;

/// Three runs that are over.
fn three_runs() -> Scene {
    let scene = Scene::new();
    for number in 0..3 {
        let script = format!("for i in $(seq 200); do echo run {number} line $i; done");
        assert_eq!(scene.run_sh(&[], &script).code, 0);
    }
    scene
}

fn verify(scene: &Scene, flags: &[&str]) -> (Ran, Value) {
    let flags: Vec<&str> = ["audit", "verify", "--format", "json"]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    let ran = scene.tell(&flags);
    let report = serde_json::from_slice(&ran.stdout).unwrap_or_default();
    (ran, report)
}

fn segments(scene: &Scene) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for chain in std::fs::read_dir(scene.data().join("tenants/default")).unwrap() {
        for file in std::fs::read_dir(chain.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "seg") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The chain of a segment, as findings name it.
fn chain(segment: &std::path::Path) -> String {
    let folder = segment.parent().unwrap().file_name().unwrap().to_str().unwrap();
    format!("default/{folder}")
}

#[track_caller]
fn finds(scene: &Scene, flags: &[&str], words: &str, at: Option<&std::path::Path>) {
    let (ran, report) = verify(scene, flags);
    assert_eq!(ran.code, 1, "{report:#}");
    assert!(ran.one_line().contains("not what was written"), "{}", ran.err());
    let findings = report["findings"].as_array().unwrap();
    let of_chain = |finding: &&Value| at.is_none_or(|at| finding["chain"] == chain(at).as_str());
    let found = findings
        .iter()
        .filter(of_chain)
        .any(|finding| finding["what"].as_str().unwrap().contains(words));
    assert!(found, "{words:?} at {at:?}: {findings:#?}");
}

#[test]
fn an_untouched_ledger_is_sound() {
    let scene = three_runs();
    let (ran, report) = verify(&scene, &[]);
    assert_eq!((ran.code, ran.err()), (0, ""));
    assert_eq!(
        (&report["sound"], report["chains"].as_array().unwrap().len()),
        (&Value::Bool(true), 3)
    );
    let text = scene.tell(&["audit", "verify"]);
    assert!(
        text.out().ends_with("sound\n") && text.out().contains("3 chains (3 sealed)"),
        "{}",
        text.out()
    );
}

/// Scenario: a byte is changed, an end cut off, a run taken away, a segment emptied. Guarantees: each is found and named.
#[test]
fn what_was_changed_is_named() {
    let scene = three_runs();
    let all = segments(&scene);
    assert_eq!(all.len(), 3);
    let whole = std::fs::read(&all[1]).unwrap();

    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&all[1], &changed).unwrap();
    finds(&scene, &[], "damaged", Some(&all[1]));

    std::fs::write(&all[1], &whole[..whole.len() - 700]).unwrap();
    finds(&scene, &[], "the chain ends after", Some(&all[1]));
    // Only this run was asked for, and only the others.
    let names: Vec<String> = all.iter().map(|path| chain(path).replace("default/", "")).collect();
    assert_eq!(verify(&scene, &["--run", &names[1]]).0.code, 1);
    assert_eq!(verify(&scene, &["--run", &names[0]]).0.code, 0);

    std::fs::write(&all[1], &whole).unwrap();
    assert_eq!(verify(&scene, &[]).0.code, 0);
    std::fs::remove_dir_all(all[2].parent().unwrap()).unwrap();
    finds(&scene, &[], "the chain is missing", Some(&all[2]));
}

/// Scenario: the newest run and its entries are taken away together. Guarantees: a checkpoint kept elsewhere finds it.
#[test]
fn an_older_copy_is_found_by_a_checkpoint_kept_elsewhere() {
    let scene = three_runs();
    let trail = scene.data().join("trail/entries");
    let before = std::fs::read(&trail).unwrap();
    assert_eq!(scene.run_sh(&[], "echo the one that will be taken away").code, 0);
    let kept = scene.text("kept.note");
    assert_eq!(scene.tell(&["audit", "checkpoint", "--witness", &kept]).code, 0);
    assert_eq!(verify(&scene, &["--checkpoint", &kept]).0.code, 0);

    let newest = segments(&scene).pop().unwrap();
    std::fs::remove_dir_all(newest.parent().unwrap()).unwrap();
    std::fs::write(&trail, before).unwrap();
    assert_eq!(verify(&scene, &[]).0.code, 0, "the machine alone cannot know");
    finds(&scene, &["--checkpoint", &kept], "kept elsewhere knows of", None);
}

/// Scenario: everything was signed anew with another key. Guarantees: the key kept elsewhere finds it.
#[test]
fn another_key_is_found() {
    let (scene, other) = (three_runs(), three_runs());
    let key = scene.tell(&["audit", "key"]);
    let file = scene.file("sitelog.pub", key.out());
    assert_eq!(verify(&scene, &["--key", &file]).0.code, 0);
    assert_eq!(verify(&scene, &["--key", key.out().trim()]).0.code, 0);
    let theirs = other.tell(&["audit", "key"]);
    finds(&scene, &["--key", theirs.out().trim()], "key", None);
}

#[test]
fn wrong_input_is_one_line() {
    let scene = three_runs();
    let note = scene.file("no.note", "this is no checkpoint\n");
    let bundle = scene.file("no.bundle", "this is no bundle\n");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["audit", "verify", "--key", "nonsense"], 64, "--key nonsense"),
        (
            &["audit", "verify", "--checkpoint", "/no/such/file"],
            2,
            "--checkpoint /no/such/file",
        ),
        (&["audit", "verify", "--checkpoint", &note], 2, "line 1"),
        (&["audit", "verify", "/no/such/bundle"], 2, "/no/such/bundle"),
        (&["audit", "verify", &bundle], 1, "no.bundle"),
        (&["audit", "show", "01ZZZ"], 2, "sitelog audit list"),
        (
            &["audit", "checkpoint", "--witness", "http://127.0.0.1:1"],
            64,
            "--witness-key",
        ),
    ];
    for (args, code, words) in cases {
        let ran = scene.tell(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err());
        assert!(ran.one_line().contains(words), "{args:?}: {}", ran.err());
    }
}
