//! Rules, keys and switches of users.

use proptest::prelude::*;
use sitelog_sanitize::rules::Culprit;
use sitelog_sanitize::{Sanitizer, Settings, UserRule};

fn rule(id: &str, pattern: &str) -> UserRule {
    UserRule {
        id: id.into(),
        pattern: pattern.into(),
        ..UserRule::default()
    }
}

fn with(rules: Vec<UserRule>) -> Settings {
    Settings {
        rules,
        ..Settings::default()
    }
}

fn redact(sanitizer: &Sanitizer, pieces: &[&str]) -> String {
    let mut stream = sanitizer.stream();
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(stream.push(piece.as_bytes()).get());
    }
    out.extend_from_slice(stream.finish().get());
    String::from_utf8(out).unwrap()
}

#[test]
fn users_add_rules_and_keys_and_turn_rules_off() {
    let settings = Settings {
        off: vec!["jwt".into()],
        keys: vec!["crown jewel".into(), "pin id".into()],
        ..with(vec![rule("acme", "acme-[0-9]{6,}")])
    };
    let sanitizer = Sanitizer::try_new(settings).unwrap();
    assert_eq!(
        redact(
            &sanitizer,
            &["id acme-123456, acme-12 crownJewel=ruby pinId=7up pin_id=x2"]
        ),
        "id [REDACTED], acme-12 crownJewel=[REDACTED] pinId=[REDACTED] pin_id=[REDACTED]"
    );
    let jwt = concat!("eyJhbGciOiJub25lIn0", ".eyJzdWIiOiJrbiJ9.abc");
    assert_eq!(redact(&sanitizer, &[jwt]), jwt);
}

#[test]
fn patterns_see_words_lines_and_cases_and_all_their_branches() {
    for (pattern, text, want) in [
        (
            r"\bacme_\w+\b",
            "acme_x xacme_y é_acme_z (acme_1)",
            "[REDACTED] xacme_y é_acme_z ([REDACTED])",
        ),
        (r"(?i)acme-\d+", "ACME-1 AcMe-22", "[REDACTED] [REDACTED]"),
        (
            r"(one-|two-two-)\d+",
            "one-1 two-two-2 two-3",
            "[REDACTED] [REDACTED] two-3",
        ),
        (r"key: .*$", "a key: b c\nd\nkey: ", "a [REDACTED]\nd\n[REDACTED]"),
        (r"^acme \d", "acme 1 acme 2\nacme 3", "[REDACTED] acme 2\n[REDACTED]"),
        (r"acme[^x]+", "acme 1\n2", "[REDACTED]\n2"),
    ] {
        let sanitizer = Sanitizer::try_new(with(vec![rule("own", pattern)])).unwrap();
        assert_eq!(redact(&sanitizer, &[text]), want, "{pattern}");
        for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            assert_eq!(
                redact(&sanitizer, &[&text[..cut], &text[cut..]]),
                want,
                "{pattern} cut at {cut}"
            );
        }
    }
}

#[test]
fn what_is_wrong_is_said_and_where() {
    let good = rule("own", "acme-[0-9]+");
    let example = |hits: &[&str], misses: &[&str]| UserRule {
        hits: hits.iter().map(|text| (*text).to_owned()).collect(),
        misses: misses.iter().map(|text| (*text).to_owned()).collect(),
        ..good.clone()
    };
    assert!(Sanitizer::try_new(with(vec![example(&["an acme-1"], &["acme-x"])])).is_ok());
    for (rules, at, says) in [
        (vec![good.clone(), good.clone()], 1, "\"own\" is used twice"),
        (vec![rule("jwt", "acme-1")], 0, "\"jwt\" is used twice"),
        (vec![rule("a b", "acme-1")], 0, "letters, digits"),
        (vec![rule("own", "acme(")], 0, "no regular expression: unclosed group"),
        (vec![rule("own", "(acme-1)?")], 0, "matches nothing at all"),
        (vec![rule("own", "ac[0-9a-z]+")], 0, "3 fixed characters"),
        (vec![rule("own", "[a-z]+-key")], 0, "3 fixed characters"),
        (
            vec![rule("own", &format!("acme{}", "x".repeat(1000)))],
            0,
            "longer than 1000 bytes",
        ),
        (vec![rule("own", r"acme\w{1000}{1000}")], 0, "of memory"),
        (
            vec![
                good.clone(),
                UserRule {
                    id: "b".into(),
                    ..example(&["acme-1", "acme-s3cret"], &[])
                },
            ],
            1,
            "hit example 2 is no hit",
        ),
        (vec![example(&[], &["x acme-1"])], 0, "miss example 1 is a hit"),
    ] {
        let error = Sanitizer::try_new(with(rules)).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(says) && said.lines().count() == 1 && !said.contains("s3cret"),
            "{said}"
        );
        assert_eq!(error.at(), Culprit::Rule(at), "{said}");
    }
    let off = Settings {
        off: vec!["jwt".into(), "pem-private-keys".into()],
        ..Settings::default()
    };
    let error = Sanitizer::try_new(off).unwrap_err();
    assert_eq!(error.at(), Culprit::Off(1));
    assert!(error.to_string().contains("\"pem-private-key\""), "{error}");
}

proptest! {
    #[test]
    fn no_pattern_panics(pattern in ".{0,40}", text in ".{0,60}") {
        if let Ok(sanitizer) = Sanitizer::try_new(with(vec![rule("own", &pattern), rule("two", &format!("acme{pattern}"))])) {
            redact(&sanitizer, &["acme", &text]);
        }
    }
}
