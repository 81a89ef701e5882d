//! Rules, keys and switches of the user's, in the file and as flags.

use super::redact;
use crate::scene::{Scene, ended};

const FILE: &str = "sanitize:
  pii: true
  secret-env: ['TOPP*']
  keys: [crown jewel]
  off: [jwt]
  rules:
    - id: acme-token
      why: tokens of our own service
      pattern: 'acme_[0-9a-f]{8}'
      examples:
        hit: [acme_0123abcd]
        miss: [acme_x]
";

#[test]
fn the_file_holds_for_every_command() {
    let scene = Scene::new();
    let file = scene.file("sitelog.yaml", FILE);
    let jwt = concat!("eyJhbGciOiJub25lIn0", ".eyJzdWIiOiJrbiJ9.abc");
    let text = format!("acme_0123abcd crownJewel=ruby ada@example.org pineapple-ham {jwt}\n");
    let want = format!("[REDACTED] crownJewel=[REDACTED] [REDACTED] [REDACTED] {jwt}\n");
    for args in [
        &["redact", "--config", &file][..],
        &["run", "--config", &file, "--", "cat"],
    ] {
        let mut command = scene.sitelog(args.iter().copied());
        command.env("TOPPING", "pineapple-ham");
        crate::scene::ended_with(command, Some(text.clone().into())).is(0, &want, "");
    }
    redact(
        &scene,
        &["--config", &file, "--rule-off", "acme-token,email"],
        b"acme_0123abcd a@b.example",
    )
    .is(0, "acme_0123abcd a@b.example", "");
    redact(&scene, &["--sensitive-key", "crown jewel"], b"CROWN_JEWEL=x").is(0, "CROWN_JEWEL=[REDACTED]", "");
    let printed = scene.tell(&["config", "print", "--config", &file]);
    assert!(
        printed.out().contains("acme-token") && printed.out().contains("crown jewel"),
        "{printed:?}"
    );
}

#[test]
fn the_rules_are_listed() {
    let scene = Scene::new();
    let file = scene.file("sitelog.yaml", FILE);
    let ran = scene.tell(&["redact", "--rules", "--config", &file]);
    assert_eq!((ran.code, ran.err()), (0, ""));
    let row = |id: &str| {
        ran.out()
            .lines()
            .find(|line| line.split_whitespace().next() == Some(id))
            .unwrap()
            .to_owned()
    };
    for (id, state) in [
        ("declared", " on "),
        ("jwt", " off "),
        ("email", " on "),
        ("acme-token", " on "),
    ] {
        assert!(row(id).contains(state), "{}", row(id));
    }
    assert!(row("acme-token").ends_with("tokens of our own service"));
}

#[test]
fn a_bad_rule_is_named_with_its_line() {
    let rule = |lines: &str| format!("sanitize:\n  rules:\n    - id: own\n{lines}");
    for (text, line, says) in [
        (rule("      pattern: 'acme('\n"), 3, "unclosed group"),
        (rule("      pattern: '(acme)*'\n"), 3, "matches nothing"),
        (rule("      pattern: '[a-z]+'\n"), 3, "3 fixed characters"),
        (
            rule("      pattern: acme-1\n      examples:\n        hit: [acme-2]\n"),
            3,
            "hit example 1",
        ),
        (rule("      patern: acme-1\n"), 4, "patern"),
        (
            "sanitize:\n  off:\n    - jwt\n    - pem-private\n".to_owned(),
            4,
            "pem-private-key",
        ),
    ] {
        let scene = Scene::new();
        let file = scene.file("wrong.yaml", &text);
        for args in [
            &["run", "--config", &file, "--", "touch", "ran"][..],
            &["redact", "--config", &file],
            &["config", "check", "--config", &file],
        ] {
            let ran = scene.tell(args);
            assert_eq!((ran.code, ran.out()), (64, ""), "{text}: {ran:?}");
            let said = ran.one_line();
            assert!(
                said.contains(&format!("{file}:{line}: ")) && said.contains(says),
                "{text}: {said}"
            );
            assert!(!scene.path("ran").exists());
        }
    }
    let ran = ended(Scene::new().sitelog(["redact", "--rule-off", "jwtt"]));
    assert!(
        ran.code == 64 && ran.one_line().starts_with("--rule-off: ") && ran.err().contains("\"jwt\""),
        "{ran:?}"
    );
}
