//! mapt's flags: its names on every resource, and a token that opens the destination and stands in nothing that stays.

use crate::scene::Scene;
use crate::sink::{Answer, Reserved, Sink};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message;
use sitelog_ledger::{Ledger, Options};

const TOKEN: &str = "hunter2-hunter2";
const ATTRIBUTE: &str = "com.redhat.otel.auth_token";

fn flags<'a>(endpoint: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = [
        "--otel-auth-token",
        TOKEN,
        "--otel-app-code",
        "APP-1",
        "--otel-endpoint",
        endpoint,
    ];
    own.iter().chain(more).copied().collect()
}

/// Whether the token stands in what a home keeps: every batch of its ledger, and what was written beside it.
fn is_kept(scene: &Scene) -> bool {
    let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(TOKEN);
    let ledger = Ledger::open(scene.data(), Options::default()).unwrap();
    let chains = ledger.chains().unwrap();
    assert!(!chains.is_empty());
    let mut frames = chains.iter().flat_map(|chain| ledger.frames(chain).unwrap());
    let kept = frames.any(|frame| has(frame.unwrap().batch.get().payload.bytes()));
    kept || has(&std::fs::read(scene.path("records.jsonl")).unwrap())
}

fn texts<'a>(attributes: &'a [KeyValue], key: &str) -> Vec<&'a str> {
    let found = attributes.iter().filter(|known| known.key == key);
    let text = |known: &'a KeyValue| match known.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.as_str()),
        _ => None,
    };
    found.filter_map(text).collect()
}

/// The attributes of the resources of all log records that a sink took.
fn resources(sink: &Sink) -> Vec<Vec<KeyValue>> {
    let logs = sink.taken().into_iter().filter(|taken| taken.path.ends_with("/logs"));
    let requests = logs.map(|taken| ExportLogsServiceRequest::decode(taken.body.as_slice()).unwrap());
    let resources = requests.flat_map(|request| request.resource_logs);
    resources.map(|of| of.resource.unwrap().attributes).collect()
}

/// Scenario: the token is also wanted as an attribute; the job prints it. Guarantee: the destination gets it in both places,
/// and neither ledger, `--records` nor terminal holds it.
#[test]
fn the_token_goes_out_and_stays_nowhere() {
    for asked in [false, true] {
        let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
        let endpoint = sink.endpoint();
        let attribute: &[&str] = if asked { &["--otel-auth-token-attribute"] } else { &[] };
        let given = [&["--records", "records.jsonl"], attribute].concat();
        let ran = scene.run_sh(&flags(&endpoint, &given), &format!("echo token {TOKEN}"));
        ran.is(0, "token [REDACTED]\n", "");
        for taken in sink.taken() {
            assert_eq!(taken.headers["authorization"], format!("Bearer {TOKEN}"));
        }
        let resources = resources(&sink);
        assert!(!resources.is_empty());
        for resource in resources {
            assert_eq!(texts(&resource, "appcode"), ["APP-1"]);
            let expected: &[&str] = if asked { &[TOKEN] } else { &[] };
            assert_eq!(texts(&resource, ATTRIBUTE), expected);
        }
        assert!(!is_kept(&scene));
    }
}

/// Scenario: the destination was down; `flush` is called with the same flags. Guarantee: what comes late carries the same.
#[test]
fn what_is_flushed_carries_the_token_too() {
    let (scene, reserved) = (Scene::new(), Reserved::new());
    let endpoint = reserved.endpoint();
    scene
        .run_sh(&flags(&endpoint, &["--records", "records.jsonl"]), "echo late")
        .is(0, "late\n", "");
    let sink = Sink::at(reserved, Answer::Take);
    let given = flags(&endpoint, &["--otel-auth-token-attribute"]);
    let ran = scene.tell(&[&["flush"], given.as_slice()].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        sink.taken()
            .iter()
            .all(|taken| taken.headers["authorization"] == format!("Bearer {TOKEN}"))
    );
    let resources = resources(&sink);
    assert!(!resources.is_empty() && resources.iter().all(|resource| texts(resource, ATTRIBUTE) == [TOKEN]));
    assert!(!is_kept(&scene));
}
