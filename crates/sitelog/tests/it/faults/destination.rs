//! Destinations that do not take what they are given: what the user is told when asking, what is kept, what is counted.

use crate::scene::Scene;
use crate::sink::{Answer, Reserved, Sink};

/// Scenario: the sink answers 503 for the whole run, later it recovers. Guarantees: not a word at the default level, one line
/// with `--log-level warn`; all is kept, `flush` says that it waits (69) while the sink is out, and delivers all of it, once,
/// when it is back.
#[test]
fn what_an_unavailable_sink_did_not_take_waits_for_flush() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Unavailable));
    let to = ["--otlp.endpoint", &sink.endpoint()];
    scene.run(&to, &["echo", "one"]).is(0, "one\n", "");
    let told = scene.run(&[&to[..], &["--log-level", "warn"]].concat(), &["echo", "two"]);
    assert_eq!((told.code, told.out()), (0, "two\n"));
    assert!(
        told.one_line()
            .contains("records wait in the ledger for `sitelog flush`"),
        "{told:?}"
    );
    assert!(sink.tries() > 0 && scene.waiting() > 0);

    let early = scene.tell(&[&["flush", "--timeout", "300ms"][..], &to].concat());
    assert_eq!((early.code, early.out()), (69, ""), "{early:?}");
    assert!(early.one_line().contains("still wait"), "{early:?}");

    sink.answer(Answer::Take);
    let late = scene.tell(&[&["flush"][..], &to].concat());
    assert_eq!(late.code, 0, "{late:?}");
    assert_eq!(
        (
            sink.recorded().lines.len(),
            sink.recorded().spans.len(),
            scene.waiting()
        ),
        (2, 2, 0)
    );
}

/// Scenario: nobody listens. Guarantees: `flush` ends with 69 and names the endpoint; all stays.
#[test]
fn flush_to_nobody_is_69() {
    let (scene, nobody) = (Scene::new(), Reserved::new());
    scene.run(&[], &["echo", "kept"]).is(0, "kept\n", "");
    let flush = scene.tell(&["flush", "--timeout", "300ms", "--otlp.endpoint", &nobody.endpoint()]);
    assert_eq!((flush.code, flush.out()), (69, ""), "{flush:?}");
    assert!(flush.one_line().contains("refused"), "{flush:?}");
    assert!(scene.waiting() > 0);
    assert_eq!(scene.raw_logs("last").0, b"kept\n");
}

/// Scenario: the sink refuses everything with 400. Guarantees: one line with `--log-level warn` counts the refused records;
/// they are kept in the ledger and `spool` counts them; nothing is sent again.
#[test]
fn what_a_sink_refuses_is_counted_and_kept() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Refuse));
    let flags = ["--otlp.endpoint", &sink.endpoint(), "--log-level", "warn"];
    let told = scene.run_sh(&flags, "echo one; echo two");
    assert_eq!((told.code, told.out()), (0, "one\ntwo\n"));
    assert!(
        told.one_line().contains("3 records were refused by the destination"),
        "{told:?}"
    );
    let spool: serde_json::Value = serde_json::from_slice(&scene.tell(&["spool", "--format", "json"]).stdout).unwrap();
    let refused = spool[0]["destinations"].as_array().unwrap().iter();
    assert_eq!(
        refused.map(|to| to["refused_records"].as_u64().unwrap()).sum::<u64>(),
        3,
        "{spool}"
    );
    assert_eq!((scene.raw_logs("last").0, scene.waiting()), (b"one\ntwo\n".to_vec(), 0));
}
