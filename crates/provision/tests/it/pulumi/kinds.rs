//! Each of the 17 kinds of engine events, and those that do not exist yet.

use sitelog_provision::pulumi::Events;
use sitelog_provision::{Action, Diagnostic, Level, Malformed, Policy, Reader, Summary, What};

fn read(event: &str) -> Result<What, Malformed> {
    let mut facts = Vec::new();
    Events.read(event.as_bytes(), &mut facts)?;
    assert_eq!(facts.len(), 1, "one event is one fact");
    assert_eq!(
        (facts[0].sequence, facts[0].time),
        (Some(7), Some(1_795_250_617_000_000_000))
    );
    Ok(facts.remove(0).what)
}

fn kind(kind: &str, content: &str) -> What {
    read(&format!(
        r#"{{"sequence":7,"timestamp":1795250617,"{kind}":{content}}}"#
    ))
    .unwrap()
}

#[test]
fn a_prelude_tells_the_names_of_its_configuration() {
    let What::Begin(begin) = kind("preludeEvent", r#"{"config":{"p:token":"ghp","aws:region":"x"}}"#) else {
        panic!()
    };
    assert_eq!(begin.config_keys, ["p:token", "aws:region"]);
    assert_eq!(
        kind("preludeEvent", r#"{"config":null}"#),
        What::Begin(sitelog_provision::Begin::default())
    );
}

#[test]
fn a_step_tells_what_is_done_to_which_resource() {
    let metadata = r#"{"metadata":{"op":"create-replacement","urn":"urn:pulumi:dev::pay::a:b:C$d:e/f:F::web::1","type":"d:e/f:F",
        "old":{"custom":true,"parent":"urn:old"},"new":{"custom":true,"parent":"urn:above","inputs":{"k":["v"]}},
        "keys":["a"],"diffs":["b"],"detailedDiff":{"c.d[0]":{"diffKind":"update","inputDiff":true}},"later":{}}}"#;
    let What::ResourceStarted(step) = kind("resourcePreEvent", metadata) else {
        panic!()
    };
    assert_eq!((step.kind.as_str(), step.name.as_str()), ("d:e/f:F", "web::1"));
    assert_eq!(
        (step.action, step.engine_action.as_str()),
        (Action::Replace, "create-replacement")
    );
    assert_eq!(step.parent.as_deref(), Some("urn:above"));
    assert_eq!(step.diff, ["c.d[0]"]);
    assert!(!step.planned && !step.counted && !step.component);
    assert!(matches!(kind("resOutputsEvent", metadata), What::ResourceCompleted(_)));
    assert!(matches!(kind("resOpFailedEvent", metadata), What::ResourceFailed(_)));
}

#[test]
fn every_word_of_a_step_has_its_action() {
    let action = |op: &str| {
        let content = format!(r#"{{"metadata":{{"op":"{op}","urn":"u"}}}}"#);
        let What::ResourceCompleted(step) = kind("resOutputsEvent", &content) else {
            panic!()
        };
        assert_eq!(step.engine_action, op);
        (step.action, step.counted)
    };
    for (op, expected) in [
        ("same", (Action::Same, true)),
        ("create", (Action::Create, true)),
        ("update", (Action::Update, true)),
        ("delete", (Action::Delete, true)),
        ("replace", (Action::Replace, true)),
        ("create-replacement", (Action::Replace, false)),
        ("delete-replaced", (Action::Replace, false)),
        ("read", (Action::Read, true)),
        ("read-replacement", (Action::Read, true)),
        ("refresh", (Action::Refresh, true)),
        ("discard", (Action::Delete, true)),
        ("discard-replaced", (Action::Replace, false)),
        ("remove-pending-replace", (Action::Replace, false)),
        ("import", (Action::Import, true)),
        ("import-replacement", (Action::Replace, true)),
        ("a-word-of-tomorrow", (Action::Update, true)),
    ] {
        assert_eq!(action(op), expected, "{op}");
    }
}

#[test]
fn same_is_an_update_where_the_state_became_another() {
    let step = |old: &str, new: &str, planning: bool| {
        let content = format!(
            r#"{{"metadata":{{"op":"same","urn":"urn:pulumi:s::p::a:b:C::n","old":{old},"new":{new}}},"planning":{planning}}}"#
        );
        let What::ResourceCompleted(step) = kind("resOutputsEvent", &content) else {
            panic!()
        };
        (step.action, step.diff)
    };
    let outputs = |value: &str| format!(r#"{{"outputs":{value}}}"#);
    let changed = (Action::Update, vec!["outputs".to_owned()]);
    let same = (Action::Same, Vec::new());
    assert_eq!(step(&outputs(r#"{"a":1}"#), &outputs(r#"{"a":2}"#), false), changed);
    assert_eq!(step(&outputs(r#"{"a":1}"#), &outputs(r#"{"a":2}"#), true), same);
    assert_eq!(
        step(&outputs(r#"{"a":1,"b":2}"#), &outputs(r#"{"b":2,"a":1}"#), false),
        same
    );
    assert_eq!(step(&outputs("{}"), "{}", false), same);
    assert_eq!(
        step(r#"{"protect":true}"#, "{}", false),
        (Action::Update, vec!["protect".to_owned()])
    );
}

#[test]
fn diagnostics_have_levels_and_debug_ones_are_not_looked_into() {
    let said = |severity: &str| {
        kind(
            "diagnosticEvent",
            &format!(
                r#"{{"urn":"urn:x","prefix":"p","message":"<{{%fg 1%}}>no\n<{{%reset%}}>way\n\n","color":"raw","severity":"{severity}","ephemeral":true}}"#
            ),
        )
    };
    for (severity, level) in [
        ("info", Level::Info),
        ("info#err", Level::Notice),
        ("warning", Level::Warning),
        ("error", Level::Error),
        ("of-tomorrow", Level::Info),
    ] {
        let message = "no\nway".to_owned();
        let expected = Diagnostic {
            level,
            message,
            address: Some("urn:x".into()),
            ephemeral: true,
        };
        assert_eq!(said(severity), What::Diagnostic(expected), "{severity}");
    }
    assert_eq!(said("debug"), What::Aside("debug"));
    // Not even its escapes are read.
    let debug = r#"{"severity":"debug","message":"\ud800"}"#;
    assert_eq!(kind("diagnosticEvent", debug), What::Aside("debug"));
}

#[test]
fn the_engine_itself_speaks_and_says_that_it_was_interrupted() {
    let printed = |text: &str| kind("stdoutEvent", &format!(r#"{{"message":"{text}","color":"never"}}"#));
    assert_eq!(
        printed("^C received; cancelling.\\n"),
        What::Canceled("^C received; cancelling.".into())
    );
    assert!(matches!(printed("hello"), What::Diagnostic(said) if said.level == Level::Info));
    let error = kind("errorEvent", r#"{"error":"no room\n"}"#);
    assert!(matches!(error, What::Diagnostic(said) if said.level == Level::Error && said.message == "no room"));
}

#[test]
fn a_summary_is_read_with_its_words() {
    let content = r#"{"maybeCorrupt":false,"durationSeconds":3,"resourceChanges":{"create":2,"same":1},"PolicyPacks":{},
        "isPreview":true,"result":"canceled"}"#;
    let expected = Summary {
        changes: [("create".to_owned(), 2), ("same".to_owned(), 1)].into(),
        result: Some("canceled".into()),
        planned: true,
        verb: Some(sitelog_provision::Verb::Preview),
        seconds: Some(3),
    };
    assert_eq!(kind("summaryEvent", content), What::Summary(expected));
    let old = r#"{"durationSeconds":1,"resourceChanges":null}"#;
    assert_eq!(
        kind("summaryEvent", old),
        What::Summary(Summary {
            seconds: Some(1),
            ..Summary::default()
        })
    );
}

#[test]
fn policies_are_read_without_what_they_changed() {
    let content = r#"{"resourceUrn":"urn:x","message":"too short\n","color":"never","policyName":"length","policyPackName":"acme",
        "policyPackVersion":"1.2.0","policyPackVersionTag":"1.2.0","enforcementLevel":"mandatory","before":{"p":"s3cret"}}"#;
    let policy = Policy {
        name: "length".into(),
        pack: Some(("acme".into(), "1.2.0".into())),
        mandatory: true,
        remediation: false,
        address: Some("urn:x".into()),
        message: "too short".into(),
    };
    assert_eq!(kind("policyEvent", content), What::Policy(policy.clone()));
    let remediation = Policy {
        remediation: true,
        ..policy
    };
    assert_eq!(kind("policyRemediationEvent", content), What::Policy(remediation));
}

#[test]
fn noise_is_told_and_what_is_unknown_is_kept_by_its_keys() {
    for (name, aside) in [
        ("policyAnalyzeSummaryEvent", "policy_analyze_summary"),
        ("policyRemediateSummaryEvent", "policy_remediate_summary"),
        ("policyAnalyzeStackSummaryEvent", "policy_analyze_stack_summary"),
        ("policyLoadEvent", "policy_load"),
        ("progressEvent", "progress"),
        ("startDebuggingEvent", "start_debugging"),
    ] {
        assert_eq!(kind(name, r#"{"received":1}"#), What::Aside(aside));
    }
    assert_eq!(kind("cancelEvent", "{}"), What::End);
    let other = What::Other {
        kind: "leaseEvent".into(),
        keys: vec!["token".into(), "by".into()],
    };
    assert_eq!(kind("leaseEvent", r#"{"token":"s3cret","by":{"x":1}}"#), other);
    let none = What::Other {
        kind: String::new(),
        keys: Vec::new(),
    };
    assert_eq!(read(r#"{"sequence":7,"timestamp":1795250617}"#), Ok(none));
}

#[test]
fn what_is_no_event_is_refused_with_its_place_and_without_its_text() {
    for (event, place) in [
        ("", "line 1, column 0: it is cut off"),
        ("panic: s3cret", "line 1, column 1: no JSON"),
        ("[]", "line 1, column 0: not the type that stands there"),
        (
            r#"{"sequence":7,"summaryEvent":{"result":["s3cret"]}}"#,
            "not the type that stands there",
        ),
        (
            r#"{"sequence":7,"resourcePreEvent":{}}"#,
            "not the type that stands there",
        ),
        (
            r#"{"sequence":7,"resourcePreEvent":{"metadata":{"op":"same","urn":"s3"#,
            "it is cut off",
        ),
    ] {
        let refused = read(event).unwrap_err().to_string();
        assert!(refused.contains(place), "{event}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
