//! Real runs of `terraform`, where it is installed, against its state before and after.

use super::state::changes;
use super::tally::{Addresses, Done, Tally, messages, text};
use sitelog_provision::Level;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program in a folder of its own.
struct Program {
    folder: tempfile::TempDir,
}

/// What a run left.
struct Ran {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit: Option<i32>,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Program {
    /// Copies and initialises a program; none where there is no terraform, which is said.
    fn of(name: &str) -> Option<Self> {
        if Command::new("terraform").arg("-version").output().is_err() {
            println!("NOT TESTED: there is no terraform on the PATH");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata/terraform-programs")
            .join(name);
        copy(&source, folder.path());
        let program = Self { folder };
        let init = program.command(&["init", "-input=false"]).output().unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        Some(program)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self) -> Vec<u8> {
        std::fs::read(self.file("terraform.tfstate")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command.env_remove("TF_CLI_CONFIG_FILE").env("HOME", self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let before = self.state();
        let output = self.command(arguments).output().unwrap();
        let (stdout, stderr, exit) = (output.stdout, output.stderr, output.status.code());
        Ran {
            stdout,
            stderr,
            exit,
            before,
            after: self.state(),
        }
    }

    /// Runs it three times from the same state, as messages, plain and coloured text: each must come to what its states
    /// say. Says what the last came to.
    fn every_form(&self, arguments: &[&str], moved: &[(&str, &str)], failed: &[&str]) -> Vec<Tally> {
        let state = self.state();
        let forms = ["-json", "-no-color", ""].map(|form| {
            if state.is_empty() {
                let _ = std::fs::remove_file(self.file("terraform.tfstate"));
            } else {
                std::fs::write(self.file("terraform.tfstate"), &state).unwrap();
            }
            let arguments: Vec<_> = arguments
                .iter()
                .copied()
                .chain([form].into_iter().filter(|form| !form.is_empty()))
                .collect();
            let ran = self.run(&arguments);
            let tally = ran.tally(form == "-json");
            let mut expected = changes(&ran.before, &ran.after, moved);
            expected.failed = failed.iter().map(|address| (*address).to_owned()).collect();
            let forgotten: Addresses = tally.others.get("forget").cloned().unwrap_or_default();
            expected.deleted.retain(|address| !forgotten.contains(address));
            let imported: Addresses = tally.others.get("import").cloned().unwrap_or_default();
            expected.created.retain(|address| !imported.contains(address));
            let mut done = Done {
                updated: tally.done.updated.clone(),
                ..Done::default()
            };
            done.updated.retain(|address| !imported.contains(address));
            let done = Done {
                updated: done.updated,
                created: tally.done.created.clone(),
                replaced: tally.done.replaced.clone(),
                deleted: tally.done.deleted.clone(),
                failed: tally.done.failed.clone(),
                tainted: tally.done.tainted.clone(),
            };
            assert_eq!(
                done,
                expected,
                "{arguments:?}\n{}\n{}",
                String::from_utf8_lossy(&ran.stdout),
                String::from_utf8_lossy(&ran.stderr)
            );
            assert_eq!(ran.exit, Some(i32::from(!failed.is_empty())), "{arguments:?}");
            if failed.is_empty() {
                tally.account_is_right();
            }
            tally
        });
        forms.into()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

impl Ran {
    fn tally(&self, json: bool) -> Tally {
        Tally::of(&if json {
            messages(&self.stdout)
        } else {
            text(&self.stdout, &self.stderr, true)
        })
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

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
    let failed = [
        "terraform_data.conditional",
        "terraform_data.going[0]",
        "terraform_data.late[0]",
        "terraform_data.new_first",
        "terraform_data.old_first",
    ];
    for tally in program.every_form(&["apply", "-auto-approve", "-var", "p=2"], &[], &failed) {
        assert_eq!(tally.policies, [("postcondition".to_owned(), true)]);
        assert!(
            tally.summaries.iter().all(|summary| summary.planned),
            "{:?}",
            tally.summaries
        );
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
