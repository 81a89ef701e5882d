//! Streams of JSON and OTLP-JSON documents: hidden in their structure, spelled as before, and text where they are none.

use proptest::prelude::*;
use sitelog_sanitize::{Declared, DocumentKind, Sanitizer, Settings};

fn sanitizer() -> Sanitizer {
    let declared = Declared {
        name: "DEPLOY".into(),
        value: b"correct-horse".to_vec(),
    };
    Sanitizer::new(Settings {
        declared: vec![declared],
        ..Settings::default()
    })
}

fn redact(kind: DocumentKind, pieces: &[&[u8]]) -> (String, Vec<u64>) {
    let mut redactor = sanitizer().documents(kind);
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(redactor.push(piece).unwrap().get());
    }
    out.extend_from_slice(redactor.finish().unwrap().get());
    (String::from_utf8(out).unwrap(), redactor.broken().to_vec())
}

fn json(text: &str) -> (String, Vec<u64>) {
    redact(DocumentKind::Json, &[text.as_bytes()])
}

#[test]
fn documents_of_every_layout_keep_their_spelling() {
    for (text, want) in [
        (
            "{\"a\": 1.0e2,\"password\" : \"x\"}\r\n{\"b\":[]}\n",
            "{\"a\": 1.0e2,\"password\" : \"[REDACTED]\"}\r\n{\"b\":[]}\n",
        ),
        (
            "{\"pin\":1}{\"token\":7}[\"--password\",\"y\"]",
            "{\"pin\":1}{\"token\":\"[REDACTED]\"}[\"--password\",\"[REDACTED]\"]",
        ),
        (
            "{\n  \"value\": \"v\",\n  \"sensitive\": true\n}\n",
            "{\n  \"value\": \"[REDACTED]\",\n  \"sensitive\": true\n}\n",
        ),
        ("\"correct-horse\"\n12\nnull\n", "\"[REDACTED]\"\n12\nnull\n"),
        (
            "{\"name\":\"DB_PASSWORD\",\n\"value\":\"s\"}",
            "{\"name\":\"DB_PASSWORD\",\n\"value\":\"[REDACTED]\"}",
        ),
        ("", ""),
    ] {
        assert_eq!(json(text), (want.to_owned(), vec![]), "{text}");
    }
}

/// What is broken is told by its line, hidden by the rules for text, and costs the documents behind it nothing.
#[test]
fn what_is_no_json_is_text() {
    for (text, want, broken) in [
        (
            "{\"a\":1}\nlogin password=x\n{\"token\":\"y\"}\n",
            "{\"a\":1}\nlogin password=[REDACTED]\n{\"token\":\"[REDACTED]\"}\n",
            2,
        ),
        (
            "[info] token=abc\n{\"value\":\"v\",\"sensitive\":true}\n",
            "[info] token=[REDACTED]\n{\"value\":\"[REDACTED]\",\"sensitive\":true}\n",
            1,
        ),
        (
            "{\"a\":{\"password\":\"x\"\n{\"token\":\"y\"}\n",
            "{\"a\":{\"password\":\"[REDACTED]\"\n{\"token\":\"[REDACTED]\"}\n",
            1,
        ),
        ("\"password\": \"x y\"\n", "\"password\": \"[REDACTED]\"\n", 1),
        ("{\"password\":\"hunter2", "{\"password\":\"[REDACTED]", 1),
        ("{\"a\": correct-horse}\n", "{\"a\": [REDACTED]}\n", 1),
    ] {
        assert_eq!(json(text), (want.to_owned(), vec![broken]), "{text}");
    }
}

/// Scenario: a private key with real line feeds within a JSON string, which is no JSON. Guarantees: none of it comes out.
#[test]
fn a_key_over_lines_of_a_broken_document_is_hidden() {
    let text = "{\"k\":\"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\"}\n{\"ok\":1}\n";
    let (out, broken) = json(text);
    assert!(
        !out.contains("MIIE") && !out.contains("BKcw") && out.ends_with("{\"ok\":1}\n"),
        "{out}"
    );
    assert_eq!(broken, [1]);
}

#[test]
fn explanations_have_paths_and_places_of_the_whole_stream() {
    let mut redactor = sanitizer().documents(DocumentKind::Json);
    redactor.explain();
    let text = b"{\"a\":[{\"password\":\"x\"}]}\n oops token=abc\n{\n \"correct-horse\": \"is correct-horse\"}";
    let _ = redactor.push(text).unwrap();
    let _ = redactor.finish().unwrap();
    let explained: Vec<_> = redactor
        .explained()
        .into_iter()
        .map(|hit| {
            format!(
                "{} {:?} {}:{} {} {:?}",
                hit.rule, hit.name, hit.line, hit.column, hit.offset, hit.path
            )
        })
        .collect();
    assert_eq!(
        explained,
        [
            "sensitive-key None 1:20 19 Some(\"a[0].password\")",
            "key-value None 2:13 37 None",
            "declared Some(\"DEPLOY\") 4:3 45 Some(\"[REDACTED]\")",
            "declared Some(\"DEPLOY\") 4:23 65 Some(\"[REDACTED]\")",
        ]
    );
}

const LOGS: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"api_key","value":{"stringValue":"k"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"pw=ok correct-horse"}}]}]}]}"#;

#[test]
fn otlp_requests_of_all_signals_are_taken() {
    let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","name":"correct-horse","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}"#;
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"1","attributes":[{"key":"token","value":{"intValue":"5"}}]}]}}]}]}]}"#;
    let text = format!("{LOGS}\n{spans}\n{metrics}\n{{}}\n");
    let (out, _) = redact(DocumentKind::OtlpJson, &[text.as_bytes()]);
    assert!(!out.contains("correct-horse") && !out.contains("\"k\""), "{out}");
    assert_eq!(out.matches("[REDACTED]").count(), 4, "{out}");
    let mut redactor = sanitizer().documents(DocumentKind::OtlpJson);
    redactor.explain();
    let _ = redactor.push(LOGS.as_bytes()).unwrap();
    let paths: Vec<_> = redactor.explained().into_iter().filter_map(|hit| hit.path).collect();
    assert_eq!(
        paths,
        [
            "resourceLogs[0].resource.attributes.api_key",
            "resourceLogs[0].scopeLogs[0].logRecords[0].body"
        ]
    );
}

#[test]
fn what_is_no_otlp_is_refused_by_its_line() {
    for (text, line) in [
        ("{\"a\":\"correct-horse\"}", 2),
        ("{\"resourceLogs\":\"correct-horse\"}", 2),
        ("correct-horse\n", 2),
        ("\n\n[\"correct-horse\"]", 4),
        ("{\"resourceLogs\":[{\"correct-horse", 2),
        ("{\"resourceLogs\":[],\"resourceSpans\":[]}", 2),
    ] {
        let mut redactor = sanitizer().documents(DocumentKind::OtlpJson);
        let first = redactor.push(format!("{LOGS}\n").as_bytes()).unwrap().to_vec();
        assert!(first.ends_with(b"\n"));
        let refused = redactor
            .push(text.as_bytes())
            .map(|_| ())
            .and_then(|()| redactor.finish().map(|_| ()))
            .unwrap_err();
        assert_eq!(refused.line, line, "{text}");
        assert!(!refused.to_string().contains("correct-horse"), "{refused}");
    }
}

proptest! {
    /// No cut of a stream of documents, broken ones among them, changes what comes out.
    #[test]
    fn no_cut_changes_documents(parts in proptest::collection::vec(0usize..9, 1..12), cuts in proptest::collection::vec(0usize..400, 0..6)) {
        const PARTS: [&str; 9] = ["{\"password\":\"x\"}", "\n", "[1,{\"token\":\"a\\\"b\"}]", "{\"a\":", "log token=abc", "\"corr", "ect-horse\"", "}", " "];
        let text: String = parts.iter().map(|part| PARTS[*part]).collect();
        let whole = json(&text);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([text.len()]) {
            pieces.push(&text.as_bytes()[from..cut]);
            from = cut;
        }
        prop_assert_eq!(redact(DocumentKind::Json, &pieces), whole.clone());
        prop_assert!(!whole.0.contains("correct-horse"));
    }
}
