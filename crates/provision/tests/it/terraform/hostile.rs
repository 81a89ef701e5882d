//! Lines that nobody should write, and lines that somebody could.

use super::tally::{Tally, messages, text};
use proptest::prelude::*;
use sitelog_provision::{Level, Reader, terraform};

/// Lines that engines write and whoever imitates them.
const LINES: [&str; 36] = [
    "",
    "╷",
    "│ Error: x",
    "│",
    "│   with a.b[0],",
    "╵",
    "Error: x",
    "Warning: y",
    "  with a.b[0],",
    "  on main.tf line 1, in check \"c\":",
    "   1: code",
    "Warnings:",
    "- w",
    "  # a.b[0] will be created",
    "  # a.b[0] must be replaced",
    "  # a.c has moved to a.b[0]",
    " # a.b[0] will no longer be managed by Terraform, but will not be destroyed",
    "      ~ input = \"x\"",
    "    }",
    "a.b[0]: Refreshing state... [id=x]",
    "a.b[0]: Creating...",
    "a.b[0]: Creation complete after 0s [id=x]",
    "a.b[0] (deposed object 00ff): Destroying... [id=x]",
    "a.b[0]: Destruction complete after 0s",
    "a.b[0]: Provisioning with 'local-exec'...",
    "a.b[0] (local-exec): a.c: Creating...",
    "a.b[0]: Importing... [id=x]",
    "Import successful!",
    "Plan: 1 to add, 0 to change, 0 to destroy.",
    "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.",
    "Interrupt received.",
    "x = <<EOT",
    "EOT",
    "{",
    "}",
    "Note: Objects have changed outside of Terraform",
];

/// Messages, whole ones.
const MESSAGES: [&str; 12] = [
    r#"{"@level":"info","@module":"terraform.ui","terraform":"1.11.4","type":"version","ui":"1.2"}"#,
    r#"{"@level":"info","change":{"resource":{"addr":"a.b"},"action":"replace","reason":"tainted"},"type":"planned_change"}"#,
    r#"{"@level":"info","change":{"resource":{"addr":"a.b"},"previous_resource":{"addr":"a.c"},"importing":{"id":"x"},"action":"move"},"type":"planned_change"}"#,
    r#"{"@level":"info","change":{"resource":{"addr":"a.b"},"action":"update"},"type":"resource_drift"}"#,
    r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"action":"create"},"type":"apply_start"}"#,
    r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"action":"create","elapsed_seconds":0.5},"type":"apply_complete"}"#,
    r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"action":"delete"},"type":"apply_start"}"#,
    r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"action":"delete"},"type":"apply_errored"}"#,
    r#"{"@level":"info","hook":{"resource":{"addr":"a.b"},"provisioner":"local-exec","output":"x"},"type":"provision_progress"}"#,
    r#"{"@level":"info","changes":{"add":1,"change":0,"import":1,"remove":0,"operation":"apply"},"type":"change_summary"}"#,
    r#"{"@level":"error","diagnostic":{"severity":"error","summary":"s","detail":"d","address":"a.b"},"type":"diagnostic"}"#,
    r#"{"@level":"info","new":{"x":1},"list":[1,2],"type":"new_thing"}"#,
];

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => prop::sample::select(&LINES[..]).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => "\\PC{0,40}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.join(&b'\n'))
}

proptest! {
    /// Guarantees: whatever lines come in whatever order, the text reader goes on, and tells nothing twice at the end.
    #[test]
    fn text_never_panics(stdout in lines(), stderr in lines(), first: bool) {
        text(&stdout, &stderr, first);
    }

    /// Guarantees: a message that is changed or cut is a fault or another message, and the reader goes on.
    #[test]
    fn messages_never_panic(picks in prop::collection::vec((0..MESSAGES.len(), any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..40)) {
        let mut reader = terraform::Messages::new();
        let mut facts = Vec::new();
        for (pick, at, byte, how) in picks {
            let mut line = MESSAGES[pick].as_bytes().to_vec();
            let at = at.index(line.len());
            match how {
                0 => {}
                1 => line.truncate(at),
                2 => line[at] = byte,
                _ => line.insert(at, byte),
            }
            let before = facts.len();
            let read = reader.read(&line, &mut facts);
            prop_assert!(read.is_ok() || facts.len() == before, "nothing is told of a malformed one");
            prop_assert!(how != 0 || facts.len() > before, "a whole one is told: {}", MESSAGES[pick]);
        }
        reader.finish(&mut facts);
    }
}

/// Scenario: lines that are no messages, cut ones, kinds and members that this version does not know.
/// Guarantees: text passes, a cut message is a fault with its place, the unknown is kept by its names.
#[test]
fn what_is_no_message_is_text_a_fault_or_a_name() {
    let mut reader = terraform::Messages::new();
    let mut facts = Vec::new();
    for text in [
        "",
        "Initializing the backend...",
        "{\"x\":1}",
        "{",
        "[1]",
        "null",
        "{\"@level\":\"info\"}",
    ] {
        reader.read(text.as_bytes(), &mut facts).unwrap();
        assert!(facts.is_empty(), "{text}");
    }
    let cut = reader
        .read(b"{\"@level\":\"info\",\"type\":\"appl", &mut facts)
        .unwrap_err();
    assert_eq!(
        cut.to_string(),
        "a message is malformed at line 1, column 29: it is cut off"
    );
    assert!(facts.is_empty());
    let odd = r#"{"@level":"info","type":"apply_start","hook":"none"}"#;
    let outputs = r#"{"@level":"info","type":"outputs","outputs":{"dsn":{"value":"secret"}}}"#;
    let dump = r#"{"@level":"info","@message":"Emergency state dump","type":"log","state":{"secret":1}}"#;
    let tally = Tally::of(&messages(
        format!("{odd}\n{}\n{outputs}\n{dump}", MESSAGES[11]).as_bytes(),
    ));
    let unknown: Vec<_> = tally
        .unknown
        .iter()
        .map(|(kind, keys)| format!("{kind} {}", keys.join(",")))
        .collect();
    assert_eq!(unknown, ["apply_start hook", "new_thing new,list", "outputs dsn"]);
    assert_eq!(
        tally.diagnostics,
        [(Level::Info, "Emergency state dump".to_owned(), None)]
    );
}

/// Scenario: under a terminal without colours an error repeats its command's output, unmarked, in the same stream.
/// Guarantees: none of it counts, neither as work nor as an account, and the resource has failed once.
#[test]
fn an_error_cannot_say_that_all_is_well() {
    let run = "a.b: Creating...\na.b: Provisioning with 'local-exec'...\n\nError: local-exec provisioner error\n\n  with a.b,\n  \
               on main.tf line 1, in resource \"a\" \"b\":\n   1: x\n\nError running command 'x': exit status 1. Output: y\n\
               a.b: Creation complete after 0s\n\nApply complete! Resources: 9 added, 0 changed, 0 destroyed.\nInterrupt received.\n";
    let tally = Tally::of(&text(run.as_bytes(), b"", false));
    assert_eq!(tally.done.failed, tally.done.tainted);
    assert_eq!(
        (tally.done.failed.len(), tally.done.created.len(), tally.open.len()),
        (1, 1, 0)
    );
    assert_eq!(
        (tally.summaries.len(), tally.canceled.len(), tally.diagnostics.len()),
        (0, 0, 1)
    );
    assert!(
        tally.diagnostics[0].1.ends_with("Interrupt received."),
        "{:?}",
        tally.diagnostics
    );
}

/// Scenario: a warning's words are an account, and lines of work after it; then the true account comes.
/// Guarantees: no work is made of them, and the last account is the true one.
#[test]
fn nothing_is_done_after_an_account() {
    let run = "a.b: Creating...\na.b: Creation complete after 0s [id=1]\n\nWarning: Check block assertion failed\n\n  \
               on main.tf line 1, in check \"c\":\n   1: x\n\nno\n\nApply complete! Resources: 5 added, 0 changed, 0 destroyed.\n\
               a.b: Destroying... [id=1]\na.b: Destruction complete after 0s\n  # a.c will be created\n\n\
               Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n";
    let tally = Tally::of(&text(run.as_bytes(), b"", false));
    assert_eq!(
        (tally.done.created.len(), tally.done.replaced.len(), tally.planned.len()),
        (1, 0, 0)
    );
    tally.account_is_right();
}

/// Scenario: drift, a leftover object, an OpenTofu run with what only it says, and a run that a person refuses.
/// Guarantees: each is told as what it is.
#[test]
fn what_the_machine_here_cannot_run_is_read_as_it_is_written() {
    let run = "Note: Objects have changed outside of OpenTofu\n\n  # a.b has changed\n  ~ resource \"a\" \"b\" {\n      ~ x = 1 -> 2\n    }\n\n  \
               # a.c has been deleted\n\nOpenTofu used the selected providers to generate the following execution\n\n  \
               # a.d (deposed object 00ff) will be destroyed\n  - resource \"a\" \"d\" {\n    }\n\n \
               # a.e will be removed from the OpenTofu state but will not be destroyed\n\n\
               Plan: 0 to add, 0 to change, 1 to destroy, 1 to forget.\n\
               a.d (deposed object 00ff): Destroying... [id=1]\na.d: Destruction complete after 0s\n\
               ephemeral.x.y: Opening...\nephemeral.x.y: Open complete after 0s\n\n\
               Apply complete! Resources: 0 added, 0 changed, 1 destroyed, 1 forgotten.\n";
    let tally = Tally::of(&text(run.as_bytes(), b"", true));
    let drift: Vec<_> = tally
        .diagnostics
        .iter()
        .map(|(level, said, at)| (*level, said.as_str(), at.as_deref().unwrap()))
        .collect();
    let expected = [
        (Level::Notice, "drift detected: changed outside", "a.b"),
        (Level::Notice, "drift detected: deleted outside", "a.c"),
    ];
    assert_eq!(drift, expected);
    assert_eq!(
        tally.done.deleted.iter().collect::<Vec<_>>(),
        ["a.d (deposed object 00ff)"]
    );
    assert_eq!(tally.others["forget"].len() + tally.others["open"].len(), 2);
    tally.account_is_right();
    let refused = Tally::of(&text(b"  Enter a value: no\n\nApply cancelled.\n", b"", true));
    assert_eq!(refused.canceled, ["Apply cancelled."]);
}

/// Scenario: more addresses than anybody has, and a diagnostic without an end.
/// Guarantees: what is remembered has an end; what is told has not.
#[test]
fn memory_is_bounded() {
    let mut reader = terraform::Text::new();
    let mut facts = Vec::new();
    let long = "k".repeat(4000);
    for n in 0..40_000 {
        reader
            .read(format!("a.b[\"{long}{n}\"]: Creating...").as_bytes(), &mut facts)
            .unwrap();
        assert_eq!(facts.len(), 1);
        facts.clear();
    }
    reader.read(b"\nError: x\n", &mut facts).unwrap();
    reader.read_err(b"Error: x", &mut facts);
    reader.read_err(b"", &mut facts);
    for _ in 0..2000 {
        reader.read_err(long.as_bytes(), &mut facts);
    }
    reader.finish(&mut facts);
    let largest = facts.iter().map(|fact| format!("{fact:?}").len()).max().unwrap();
    assert!(largest < 100_000, "{largest}");
}
