//! The stream: any cut gives what no cut gives (R4), a second pass changes nothing (R15), the rest is untouched.

use proptest::prelude::*;
use sitelog_sanitize::rules::all;
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::io::Write;

fn sanitizer() -> Sanitizer {
    let values = [
        "s3cr3t-Value/1",
        "abcdef",
        "aXbX\"y&z",
        "first line of it\nsecond line of it",
        "aaaaaaaaab",
        "ünïcode-pass",
    ];
    let declared = values
        .map(|value| Declared {
            name: "X".into(),
            value: value.into(),
        })
        .to_vec();
    Sanitizer::new(Settings {
        declared,
        pii: true,
        ..Settings::default()
    })
}

fn whole(sanitizer: &Sanitizer, text: &[u8]) -> Vec<u8> {
    cut(sanitizer, text, &[])
}

fn cut(sanitizer: &Sanitizer, text: &[u8], at: &[usize]) -> Vec<u8> {
    let mut stream = sanitizer.stream();
    let mut out = Vec::new();
    let mut from = 0;
    for upto in at.iter().copied().chain([text.len()]) {
        out.extend_from_slice(stream.push(&text[from..upto]).get());
        from = upto;
    }
    out.extend_from_slice(stream.finish().get());
    assert_eq!(stream.held(), 0);
    out
}

/// Pieces that rules react to, whole and broken, to be put together at random.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let mut known: Vec<Vec<u8>> = all()
        .flat_map(|rule| rule.hits.iter().map(|hit| hit.0.as_bytes().to_vec()))
        .collect();
    known.extend(all().flat_map(|rule| rule.misses.iter().map(|miss| miss.as_bytes().to_vec())));
    let plain = [
        "s3cr3t-Value/1",
        "s3cr3t-V",
        "abcdef",
        "abcde",
        "aXbX\\\"y\\u0026z",
        "aXbX%22y%26z",
        "first line of it\r\n  second line of it",
        "czNjcjN0LVZhbHVlLzE=",
        "aaaaaaaaaaaaaaaaaaab",
        "\u{1b}[31m",
        "\u{1b}[0m",
        "\u{1b}]8;;http://u:pw@h\u{1b}\\",
        "\u{1b}",
        "\n",
        " ",
        "=",
        ": ",
        "\"",
        "\\",
        "'",
        "password",
        "token",
        "\"token\"",
        "--password ",
        "{\"secrets\": [",
        "]",
        "}",
        "{",
        "\r\n",
        "://a:b@",
        "@",
        "ünïcode-pass",
        "%C3%BCn%C3%AFcode-pass",
        "-----BEGIN PRIVATE KEY-----",
        "[REDACTED]",
    ];
    known.extend(plain.map(|text| text.as_bytes().to_vec()));
    known.extend([vec![0xff, 0xfe], vec![0], vec![0xc3]]);
    let piece = prop_oneof![prop::sample::select(known), prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec(piece, 1..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Guarantees: bytewise and random writes give the same bytes as one write.
    #[test]
    fn no_cut_changes_the_output(text in pieces(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let sanitizer = sanitizer();
        let want = whole(&sanitizer, &text);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        at.sort_unstable();
        let every: Vec<usize> = (1..text.len()).collect();
        for at in [at, every] {
            let got = cut(&sanitizer, &text, &at);
            prop_assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(&want), "{:?} at {:?}", text, at);
        }
    }

    /// Guarantees: what comes out is the input with spans replaced, in order, nothing else touched.
    #[test]
    fn bytes_outside_of_matches_are_untouched(text in pieces()) {
        // Sequences stay where they stood, also within a hidden span.
        let text: Vec<u8> = text.into_iter().filter(|byte| *byte != 0x1b).collect();
        // The quotes that a number gets with its marker are no bytes of the input.
        let out = String::from_utf8_lossy(&whole(&sanitizer(), &text)).replace('\\', "").replace("\"[REDACTED]\"", "[REDACTED]").into_bytes();
        let text = String::from_utf8_lossy(&text).replace(['\\', '"'], "").into_bytes();
        let out: Vec<u8> = out.into_iter().filter(|byte| *byte != b'"').collect();
        let marker = b"[REDACTED]".as_slice();
        let mut rest = text.as_slice();
        let mut start = 0;
        for at in (0..=out.len()).filter(|at| out[*at..].starts_with(marker)).chain([out.len()]) {
            if at < start {
                continue;
            }
            let kept = &out[start..at];
            let found = (0..=rest.len().saturating_sub(kept.len())).find(|from| rest[*from..].starts_with(kept));
            prop_assert!(found.is_some(), "{:?} of {:?}", kept, text);
            rest = &rest[found.unwrap_or(0)..];
            start = at + marker.len();
        }
    }

    /// Guarantees: random bytes never fail, and without anchors nothing changes.
    #[test]
    fn any_bytes_pass(text: Vec<u8>) {
        let sanitizer = Sanitizer::new(Settings::default());
        let out = whole(&sanitizer, &text);
        prop_assert!(out == text || out.windows(10).any(|part| part == b"[REDACTED]"));
    }
}

#[test]
fn text_that_starts_no_match_is_not_held() {
    let declared = vec![Declared {
        name: "X".into(),
        value: b"s3cr3t-Value/1".to_vec(),
    }];
    let sanitizer = Sanitizer::new(Settings {
        declared,
        ..Settings::default()
    });
    let mut stream = sanitizer.stream();
    for prompt in [
        "Enter password: ",
        "Continue? [y/N] ",
        "progress 10%",
        "\u{1b}[32mok\u{1b}[0m ",
        "user@host:~$ ",
    ] {
        assert_eq!(stream.push(prompt.as_bytes()).get(), &prompt.as_bytes(), "{prompt}");
        assert_eq!(stream.held(), 0, "{prompt}");
    }
    let _ = stream.push(b"\nvalue s3cr3t-V");
    assert_eq!(stream.held(), 8);
}

/// Scenario: a secret without an end, far longer than any buffer. Guarantees: nothing of it is kept or let out.
#[test]
fn an_endless_secret_takes_no_memory() {
    let sanitizer = sanitizer();
    let mut stream = sanitizer.stream();
    let mut out = stream.push(b"password=\"").to_vec();
    for _ in 0..64 {
        out.extend_from_slice(stream.push(&[b'x'; 65_536]).get());
        assert!(stream.held() < 8192);
    }
    out.extend_from_slice(stream.push(b"\" end").get());
    out.extend_from_slice(stream.finish().get());
    assert_eq!(out, b"password=\"[REDACTED]\" end");
}

#[test]
fn a_value_registered_while_streaming_is_hidden_from_the_next_write_on() {
    let sanitizer = Sanitizer::new(Settings::default());
    let mut stream = sanitizer.stream();
    let mut out = stream.push(b"one later-known ").to_vec();
    assert!(sanitizer.register("LATE", b"later-known"));
    assert!(!sanitizer.register("SHORT", b"abc"));
    out.extend_from_slice(stream.push(b"two later-kn").get());
    out.extend_from_slice(stream.push(b"own three").get());
    out.extend_from_slice(stream.finish().get());
    assert_eq!(String::from_utf8_lossy(&out), "one later-known two [REDACTED] three");
}

#[test]
fn a_writer_gives_out_what_is_clean() {
    let mut writer = sanitizer().writer(Vec::new());
    write!(writer, "a abc").unwrap();
    write!(writer, "def b").unwrap();
    assert_eq!(writer.finish().unwrap(), b"a [REDACTED] b");
}
