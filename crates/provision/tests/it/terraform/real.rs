//! Real runs of `terraform`, where it is installed, against its state before and after.

use super::program::Program;
use super::state::changes;
use super::tally::{Addresses, Done, Tally, messages, text};
use sitelog_provision::Level;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Scenario: odd keys, both kinds of replacement, output, a check and outputs that look like the engine's own lines, a
/// plan file, one replacement asked for, then moves, imports and a removal from the state, and the end of it all.
/// Guarantees: messages, text and coloured text each come to what the states say, and the counts are the engine's.
#[test]
fn real_runs_come_to_what_their_states_say() {
    let Some(program) = Program::of("odd") else { return };
    program.every_form(&["apply", "-auto-approve"], &[], &[]);
    let forms = program.every_form(&["apply", "-auto-approve", "-var", "p=2"], &[], &[]);
    for tally in &forms {
        assert_eq!(tally.planned, forms[0].planned);
        assert_eq!(tally.done, forms[0].done);
        assert_eq!(tally.policies, [("one".to_owned(), false)]);
        assert_eq!(tally.ephemeral, forms[0].ephemeral);
        assert_eq!(tally.refreshed, forms[0].refreshed);
        assert_eq!(tally.open.len(), 0);
        assert_eq!(
            (tally.canceled.len(), tally.diagnostics.len()),
            (0, 0),
            "{:?}",
            tally.diagnostics
        );
        assert_eq!(tally.done.replaced.len(), 3);
    }
    let asked = [
        "apply",
        "-auto-approve",
        "-var",
        "p=2",
        "-replace=terraform_data.first_old",
        "-target=terraform_data.first_old",
    ];
    for tally in program.every_form(&asked, &[], &[]) {
        assert_eq!(
            tally.done.replaced.iter().collect::<Vec<_>>(),
            ["terraform_data.first_old"]
        );
        assert_eq!(tally.diagnostics.len(), 2, "{:?}", tally.diagnostics);
    }

    let before = program.state();
    for json in [true, false] {
        std::fs::write(program.file("terraform.tfstate"), &before).unwrap();
        let planned = program.run(&["plan", "-out=saved", "-no-color"]);
        assert!(planned.tally(false).done == Done::default());
        let ran = if json {
            program.run(&["apply", "-json", "saved"])
        } else {
            program.run(&["apply", "saved"])
        };
        let tally = ran.tally(json);
        assert_eq!(tally.done, changes(&ran.before, &ran.after, &[]));
        tally.account_is_right();
    }

    std::fs::rename(program.file("more.tf.next"), program.file("main.tf")).unwrap();
    let moved = [("terraform_data.first_old", "terraform_data.renamed")];
    for tally in program.every_form(&["apply", "-auto-approve", "-parallelism=1"], &moved, &[]) {
        let other = |word: &str| tally.others[word].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(other("import"), ["terraform_data.found", "terraform_data.taken"]);
        assert_eq!(other("forget"), ["terraform_data.liar"]);
        assert_eq!(other("move"), ["terraform_data.renamed"]);
        assert!(
            tally
                .diagnostics
                .iter()
                .any(|(level, said, _)| *level == Level::Info && said == "moved from terraform_data.first_old")
        );
    }
    program.every_form(&["apply", "-auto-approve", "-refresh-only"], &[], &[]);
    program.every_form(&["destroy", "-auto-approve"], &[], &[]);
}

/// Scenario: provisioners fail at a creation, in both kinds of replacement and at a deletion; a postcondition does not
/// hold; what depends on them is never begun.
/// Guarantees: each that failed is named once, and who is left tainted is what the state says, in every form.
#[test]
fn real_failures_are_named() {
    let Some(program) = Program::of("fail") else { return };
    program.every_form(&["apply", "-auto-approve"], &[], &[]);
    for json in [true, false] {
        let form = if json { "-json" } else { "-no-color" };
        let ran = program.run(&["apply", "-auto-approve", "-var", "strict=yes", form]);
        let tally = ran.tally(json);
        assert_eq!((tally.done, ran.exit), (changes(&ran.before, &ran.after, &[]), Some(1)));
        let name = "postcondition of resource \"terraform_data\" \"conditional\"".to_owned();
        assert_eq!(tally.policies, [(name, true)]);
    }
    let failed = [
        "terraform_data.going[0]",
        "terraform_data.late[0]",
        "terraform_data.new_first",
        "terraform_data.old_first",
    ];
    for tally in program.every_form(&["apply", "-auto-approve", "-var", "p=2"], &[], &failed) {
        let name = "postcondition of resource \"terraform_data\" \"checked\"".to_owned();
        assert_eq!(tally.policies, [(name, true)]);
        assert!(
            tally.summaries.iter().all(|summary| summary.planned),
            "{:?}",
            tally.summaries
        );
        assert_eq!(tally.open.len(), 0, "{:?}", tally.open);
    }
}

/// Scenario: SIGINT once, SIGINT again and again, SIGKILL, while two resources are made.
/// Guarantees: a cancelation is told with who failed of it; a killed run leaves them open, and has no account.
#[test]
fn real_interrupts_are_told() {
    for (name, json) in [
        ("INT", true),
        ("INT", false),
        ("INT INT", true),
        ("KILL", true),
        ("KILL", false),
    ] {
        let Some(program) = Program::of("slow") else { return };
        let form = if json { "-json" } else { "-no-color" };
        let mut child = program.start(&["apply", "-auto-approve", form]);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (mut all, mut begun) = (Vec::new(), 0);
        while begun < 2 {
            let from = all.len();
            assert!(
                stdout.read_until(b'\n', &mut all).unwrap() > 0,
                "{}",
                String::from_utf8_lossy(&all)
            );
            let line = String::from_utf8_lossy(&all[from..]);
            begun += usize::from(line.contains("(local-exec): begin"));
        }
        let kill = name == "KILL";
        for name in name.split(' ') {
            signal(&child, name);
        }
        stdout.read_to_end(&mut all).unwrap();
        let mut stderr = Vec::new();
        child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        child.wait().unwrap();
        let tally = Tally::of(&if json {
            messages(&all)
        } else {
            text(&all, &stderr, false)
        });
        let slow: Addresses = (0..2).map(|n| format!("terraform_data.slow[{n}]")).collect();
        assert!(tally.summaries.iter().all(|summary| summary.planned), "{name}");
        if kill {
            assert_eq!(
                tally.open,
                slow.iter().map(|address| format!("create {address}")).collect(),
                "{name}"
            );
            assert_eq!((tally.canceled.len(), tally.done.failed.len()), (0, 0));
            continue;
        }
        assert!(!tally.canceled.is_empty(), "{name}");
        if name == "INT" {
            let mut expected = changes(b"", &program.state(), &[]);
            expected.failed = slow;
            assert_eq!(tally.done, expected, "{name} {json}");
            assert_eq!(tally.open.len(), 0);
        }
    }
}

/// Scenario: `terraform test`, of which one run fails.
/// Guarantees: what it makes and takes down is told, the failure is, and no message is unknown that matters.
#[test]
fn real_tests_are_read() {
    let Some(program) = Program::of("tested") else { return };
    let ran = program.run(&["test", "-json"]);
    let tally = ran.tally(true);
    let unknown: Addresses = tally.unknown.iter().map(|(kind, _)| kind.clone()).collect();
    let expected = ["test_abstract", "test_file", "test_run"].map(str::to_owned);
    assert_eq!(unknown, Addresses::from(expected));
    let said = |level, part: &str| {
        tally
            .diagnostics
            .iter()
            .any(|(at, said, _)| *at == level && said.contains(part))
    };
    assert!(said(Level::Error, "Test assertion failed"), "{:?}", tally.diagnostics);
    assert!(said(Level::Info, "1 passed, 1 failed"), "{:?}", tally.diagnostics);
    assert_eq!(ran.exit, Some(1));
}
