//! Every rule over its own examples, and over all others' misses.

use sitelog_sanitize::rules::all;
use sitelog_sanitize::{Sanitizer, Settings, UserRule};

fn redact(sanitizer: &Sanitizer, text: &str) -> String {
    let mut stream = sanitizer.stream();
    let mut out = stream.push(text.as_bytes()).to_vec();
    out.extend_from_slice(stream.finish().get());
    String::from_utf8(out).unwrap()
}

fn everything() -> Sanitizer {
    Sanitizer::new(Settings {
        pii: true,
        ..Settings::default()
    })
}

fn without_people() -> Sanitizer {
    Sanitizer::new(Settings::default())
}

#[test]
fn every_rule_hits_its_examples() {
    let mut wrong = Vec::new();
    for rule in all() {
        let sanitizer = if rule.id == "email" {
            everything()
        } else {
            without_people()
        };
        for (text, want) in rule.hits {
            let got = redact(&sanitizer, text);
            if got != *want {
                wrong.push(format!("{}: {text:?}\n  gave {got:?}\n  want {want:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_rule_hits_what_looks_alike() {
    let mut wrong = Vec::new();
    for rule in all() {
        let sanitizer = if rule.id == "email" {
            everything()
        } else {
            without_people()
        };
        for text in rule.misses {
            let got = redact(&sanitizer, text);
            if got != *text {
                wrong.push(format!("{}: {text:?} gave {got:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Guarantees: what a rule leaves is left alone by all rules (R15).
#[test]
fn what_is_left_is_clean() {
    let sanitizer = everything();
    for (text, _) in all().flat_map(|rule| rule.hits) {
        let once = redact(&sanitizer, text);
        assert_eq!(redact(&sanitizer, &once), once, "{text:?}");
    }
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<_> = all().map(|rule| rule.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn users_add_rules_and_turn_rules_off() {
    let rule = UserRule {
        id: "acme".into(),
        starts_with: "acme-".into(),
        pattern: "[0-9]{6,}".into(),
    };
    let settings = Settings {
        rules: vec![rule.clone()],
        off: vec!["jwt".into()],
        keys: vec!["crown jewel".into()],
        ..Settings::default()
    };
    let sanitizer = Sanitizer::try_new(settings).unwrap();
    assert_eq!(
        redact(&sanitizer, "id acme-123456, acme-12 crownJewel=ruby"),
        "id [REDACTED], acme-12 crownJewel=[REDACTED]"
    );
    let jwt = concat!("eyJhbGciOiJub25lIn0", ".eyJzdWIiOiJrbiJ9.abc");
    assert_eq!(redact(&sanitizer, jwt), jwt);
    for bad in [
        Settings {
            off: vec!["nothing".into()],
            ..Settings::default()
        },
        Settings {
            rules: vec![rule.clone(), rule.clone()],
            ..Settings::default()
        },
        Settings {
            rules: vec![UserRule {
                starts_with: "a".into(),
                ..rule.clone()
            }],
            ..Settings::default()
        },
        Settings {
            rules: vec![UserRule {
                pattern: "(".into(),
                ..rule
            }],
            ..Settings::default()
        },
    ] {
        assert!(Sanitizer::try_new(bad).is_err());
    }
}

#[test]
fn an_explanation_names_the_rule_and_the_place() {
    let explained = without_people().explain(b"x token=abc https://u:pw@h");
    let rules: Vec<_> = explained
        .iter()
        .map(|hit| (hit.rule.as_str(), hit.range.clone()))
        .collect();
    assert_eq!(rules, [("key-value", 8..11), ("url-password", 22..24)]);
}
