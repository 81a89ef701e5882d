//! A program that the real `terraform` runs, in a folder of its own, and what became of it.

use super::state::changes;
use super::tally::{Addresses, Done, Tally, messages, text};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program in a folder of its own.
pub(crate) struct Program {
    folder: tempfile::TempDir,
}

/// What a run left.
pub(crate) struct Ran {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    pub(crate) exit: Option<i32>,
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

impl Program {
    /// Copies and initialises a program; none where there is no terraform, which is said.
    #[allow(clippy::print_stdout, reason = "a test that cannot be run says so")]
    pub(crate) fn of(name: &str) -> Option<Self> {
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

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> Vec<u8> {
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

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
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
    pub(crate) fn every_form(&self, arguments: &[&str], moved: &[(&str, &str)], failed: &[&str]) -> Vec<Tally> {
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

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

impl Ran {
    pub(crate) fn tally(&self, json: bool) -> Tally {
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
