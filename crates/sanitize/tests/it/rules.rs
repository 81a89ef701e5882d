//! Every rule over its own examples, and over all others' misses.

use sitelog_sanitize::rules::all;
use sitelog_sanitize::{Declared, Explanation, Face, Refusal, Sanitizer, Settings};

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
fn an_explanation_names_the_rule_and_the_place() {
    let place = |hit: Explanation| (hit.rule, hit.line, hit.column, hit.offset);
    let explained = without_people().explain(b"x\n token=abc https://u:pw@h");
    let places: Vec<_> = explained.into_iter().map(place).collect();
    assert_eq!(
        places,
        [("key-value".into(), 2, 8, 9), ("url-password".into(), 2, 22, 23)]
    );
}

/// Terminal sequences between, inside of a value, and around one in a title: places count from the start of the input.
#[test]
fn an_explanation_finds_its_place_through_terminal_sequences() {
    let declared = Declared {
        name: "DB_PASS".into(),
        value: b"correct-horse".to_vec(),
    };
    let sanitizer = Sanitizer::new(Settings {
        declared: vec![declared],
        ..Settings::default()
    });
    let text = b"\x1b[1mcorr\x1b[0mect-horse\n\x1b]0;correct-horse\x07 token=\x1b[31mabc\x1b[0m";
    let places: Vec<_> = sanitizer
        .explain(text)
        .into_iter()
        .map(|hit| (hit.rule, hit.name, hit.line, hit.column))
        .collect();
    let name = || Some("DB_PASS".to_owned());
    assert_eq!(
        places,
        [
            ("declared".into(), name(), 1, 5),
            ("declared".into(), name(), 2, 5),
            ("key-value".into(), None, 2, 31)
        ]
    );
    assert_eq!(sanitizer.counts().total(), 0, "looking counts nothing");
}

#[test]
fn hits_are_counted_by_rule_and_face() {
    let sanitizer = without_people();
    redact(&sanitizer, "token=abc token=def https://u:pw@h");
    let text = sanitizer.text("{\"password\": \"x\"} ");
    assert_eq!(text, "{\"password\": \"[REDACTED]\"} ");
    sanitizer.pairs(vec![("api_key".into(), "v".into())]);
    assert!(!sanitizer.register("PIN", b"12345") && sanitizer.register("PASS", b"123456"));
    let counts = sanitizer.counts();
    assert_eq!(
        counts.hits,
        [
            ("sensitive-key".into(), Face::Value, 1),
            ("sensitive-key".into(), Face::Otlp, 1),
            ("key-value".into(), Face::Stream, 2),
            ("url-password".into(), Face::Stream, 1)
        ]
    );
    assert_eq!((counts.registered, counts.refused), (1, vec![(Refusal::ShortValue, 1)]));
}
