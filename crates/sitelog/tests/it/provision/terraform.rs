//! Real `terraform`, and OpenTofu where it is installed: the records are what the state says before and after.

use super::captures::Way;
use super::trail::{Operation, operation};
use super::truth::Set;
use crate::scene::{Ran, Scene, ended, read, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A program of `crates/provision/testdata/terraform-programs` in a home of its own, and the engine that runs it.
struct Program {
    scene: Scene,
    engine: String,
    way: Way,
}

/// Created, updated, replaced, deleted.
#[derive(Debug, Default, PartialEq)]
struct Changes([Set; 4]);

/// The engines there are. Without terraform the tests fail, unless SITELOG_NO_TERRAFORM=1 says that this is known.
#[allow(clippy::print_stderr, reason = "what is not tested is said")]
fn engines() -> Vec<String> {
    let mut engines = Vec::new();
    if Command::new("terraform").arg("-version").output().is_ok() {
        engines.push("terraform".to_owned());
    } else {
        eprintln!("NOT TESTED: there is no terraform in the PATH");
        let known = std::env::var("SITELOG_NO_TERRAFORM").is_ok_and(|value| value == "1");
        assert!(
            known,
            "install terraform, or set SITELOG_NO_TERRAFORM=1 to do without these tests"
        );
    }
    match std::env::var("SITELOG_TOFU") {
        Ok(tofu) => engines.push(tofu),
        Err(_) => eprintln!("NOT TESTED: SITELOG_TOFU names no OpenTofu (cargo xtask components tofu)"),
    }
    engines
}

impl Program {
    fn of(name: &str, engine: &str) -> Self {
        let scene = Scene::new();
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../provision/testdata/terraform-programs");
        copy(&programs.join(name), &scene.path(""));
        let program = Self {
            scene,
            engine: engine.to_owned(),
            way: Way::Direct,
        };
        program.engine(&["init", "-input=false"]);
        program
    }

    /// It is started by a script, as what the `PATH` has under its name: the shim meets it.
    fn by_script(mut self) -> Self {
        self.way = Way::Script;
        self
    }

    /// The engine's name.
    fn name(&self) -> &str {
        self.engine.rsplit('/').next().unwrap()
    }

    /// The engine, not recorded.
    fn engine(&self, args: &[&str]) -> Vec<u8> {
        let mut command = self.scene.command(&self.engine, args.iter().copied());
        let output = command.env("CHECKPOINT_DISABLE", "1").output().unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Resources by address, with what tells one from its successor.
    fn state(&self) -> BTreeMap<String, Value> {
        let state: Value = serde_json::from_slice(&self.engine(&["show", "-json"])).unwrap();
        let mut found = BTreeMap::new();
        collect(&state["values"]["root_module"], &mut found);
        found
    }

    /// `sitelog run -- ENGINE ARGS` into a records file of its own.
    fn command(&self, args: &[&str]) -> Command {
        let _ = fs::remove_file(self.scene.path("records"));
        let engine = if self.way == Way::Direct {
            &self.engine
        } else {
            self.name()
        };
        let argv: Vec<String> = [engine].iter().chain(args).map(|word| (*word).to_owned()).collect();
        let mut command = self
            .scene
            .run_command(&["--records", "records"], &self.way.start(&argv).1);
        command.env("CHECKPOINT_DISABLE", "1");
        if let (Way::Script, Some((folder, _))) = (self.way, self.engine.rsplit_once('/')) {
            let path = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{folder}:{path}"));
        }
        command
    }

    fn recorded(&self) -> Operation {
        operation(&self.scene.records("records"))
    }

    /// Runs it, and holds the records against the states.
    fn run(&self, args: &[&str], code: i32) -> (Operation, Changes) {
        let before = self.state();
        let ran = ended(self.command(args));
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.out(), ran.err());
        let (operation, changes) = (self.recorded(), changes(&before, &self.state()));
        assert_eq!(
            done(&operation),
            changes,
            "{} {args:?}: {:#?}",
            self.engine,
            operation.events
        );
        assert_eq!(operation.count("process.exit.code"), i64::from(code));
        assert_eq!(operation.name(), args[0]);
        assert_eq!(operation.completed().resource["sitelog.tool"], self.name());
        (operation, changes)
    }

    /// Applies it, and once resources are under way, stops it.
    fn stop(&self, form: &str, signals: &[Signal]) -> Ran {
        let out = self.scene.path("out");
        let mut command = self.command(&["apply", "-auto-approve", form]);
        command.stdout(fs::File::create(&out).unwrap()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let going = super::stage::Going::of(child, out.clone());
        let begun = |out: &[u8]| String::from_utf8_lossy(out).matches("(local-exec): begin").count();
        wait_until("both resources", || begun(&read(&out)) == 2);
        for (number, signal) in signals.iter().enumerate() {
            if number > 0 {
                wait_until("an answer", || {
                    String::from_utf8_lossy(&read(&out))
                        .to_lowercase()
                        .contains("interrupt")
                });
            }
            if *signal == Signal::SIGKILL {
                // The engine itself: its wrapper has to say what became of it.
                kill(self.child_of(going.pid()), *signal).unwrap();
            } else {
                going.signal(*signal);
            }
        }
        going.end()
    }

    /// The engine's process, below the wrapper's and what else starts it.
    fn child_of(&self, wrapper: Pid) -> Pid {
        let mut pid = wrapper.to_string();
        loop {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
            pid = children.split_whitespace().next().unwrap().to_owned();
            let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
            if program.file_name().is_some_and(|name| name == self.name()) {
                return Pid::from_raw(pid.parse().unwrap());
            }
        }
    }
}

fn collect(module: &Value, found: &mut BTreeMap<String, Value>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for resource in list(&module["resources"]) {
        // What is deposed is none of the address' own.
        if resource["mode"] == "managed" && resource.get("deposed_key").is_none() {
            found.insert(
                resource["address"].as_str().unwrap().to_owned(),
                resource["values"].clone(),
            );
        }
    }
    list(&module["child_modules"])
        .iter()
        .for_each(|child| collect(child, found));
}

fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Changes {
    let mut changes = Changes::default();
    for (address, new) in after {
        let place = match before.get(address) {
            None => 0,
            Some(old) if old["id"] != new["id"] => 2,
            Some(old) if old != new => 1,
            Some(_) => continue,
        };
        changes.0[place].insert(address.clone());
    }
    let gone = before.keys().filter(|address| !after.contains_key(*address));
    changes.0[3].extend(gone.cloned());
    changes
}

fn done(operation: &Operation) -> Changes {
    let [created, replaced, deleted] = operation.halves();
    Changes([created, operation.done("update"), replaced, deleted])
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

const FORMS: [&str; 2] = ["-json", "-no-color"];

/// Scenario: everything is made, changed, and taken down, each with and without `-json`. Guarantees: the records say what the
/// states say, and the counts are the engine's.
#[test]
fn what_is_applied_and_destroyed_is_what_the_state_says() {
    for engine in engines() {
        for (one, other) in [(FORMS[0], FORMS[1]), (FORMS[1], FORMS[0])] {
            let program = Program::of("odd", &engine);
            let steps: [&[&str]; 3] = [
                &["apply", "-auto-approve", one],
                &["apply", "-auto-approve", "-var", "p=2", other],
                &["destroy", "-auto-approve", one],
            ];
            for step in steps {
                let (operation, changes) = program.run(step, 0);
                assert_eq!(operation.result(), "succeeded", "{step:?}");
                let [created, updated, replaced, deleted] = changes.0.map(|set| set.len() as i64);
                assert!(created + updated + replaced + deleted > 0, "{step:?}");
                // The engine counts a replacement as one made and one taken down.
                let counted =
                    ["create", "update", "delete"].map(|word| operation.count(&format!("sitelog.changes.{word}")));
                assert_eq!(counted, [created + replaced, updated, deleted + replaced], "{step:?}");
                assert_eq!(*operation.end("sitelog.summary.disagreement"), Value::Null, "{step:?}");
                assert_eq!(operation.failed("sitelog.resource.urn"), Set::new());
            }
        }
    }
}

/// Scenario: provisioners fail while making, replacing and deleting, and a condition does not hold. Guarantees: each that
/// failed is named once, the rest is what the state says.
#[test]
fn a_failing_apply_names_what_failed() {
    let failed = ["going[0]", "late[0]", "new_first", "old_first"].map(|name| format!("terraform_data.{name}"));
    for engine in engines() {
        for form in FORMS {
            let program = Program::of("fail", &engine);
            program.run(&["apply", "-auto-approve", form], 0);
            let before = program.state();
            let ran = ended(program.command(&["apply", "-auto-approve", "-var", "p=2", form]));
            assert_eq!(ran.code, 1);
            let operation = program.recorded();
            assert_eq!(operation.result(), "failed");
            assert_eq!(
                operation.failed("sitelog.resource.urn"),
                Set::from(failed.clone()),
                "{form}"
            );
            assert_eq!(done(&operation), changes(&before, &program.state()), "{engine} {form}");
        }
    }
}

/// Scenario: Ctrl-C once, twice; the engine is killed. Guarantees: canceled, canceled, interrupted; what is in the state was
/// recorded as made, and what was under way as failed.
#[test]
fn a_stopped_apply_is_recorded() {
    let slow = Set::from(["terraform_data.slow[0]", "terraform_data.slow[1]"].map(str::to_owned));
    for engine in engines() {
        for form in FORMS {
            let once = Program::of("slow", &engine);
            assert_eq!(once.stop(form, &[Signal::SIGINT]).code, 1);
            let operation = once.recorded();
            assert_eq!(operation.result(), "canceled", "{:#?}", operation.completed());
            assert_eq!(operation.failed("sitelog.resource.urn"), slow, "{form}");
            assert_eq!(
                done(&operation),
                changes(&BTreeMap::new(), &once.state()),
                "{engine} {form}"
            );

            let killed = Program::of("slow", &engine);
            assert_eq!(killed.stop(form, &[Signal::SIGKILL]).code, 137);
            let operation = killed.recorded();
            assert_eq!(
                (operation.result(), operation.end("error.type")),
                ("interrupted", &"SIGKILL".into())
            );
            assert_eq!(operation.failed("sitelog.resource.urn"), slow, "{form}");
        }
        let twice = Program::of("slow", &engine);
        assert_eq!(twice.stop("-json", &[Signal::SIGINT; 2]).code, 1);
        let operation = twice.recorded();
        assert_eq!(operation.result(), "canceled", "{:#?}", operation.completed());
        assert_eq!(operation.end("sitelog.signals.forwarded").as_array().unwrap().len(), 2);
    }
}

/// Scenario: a script starts the engine: all is made, some of it fails, Ctrl-C, the engine is killed. Guarantees: the same as
/// when it is the job.
#[test]
fn what_a_script_starts_is_recorded_alike() {
    let slow = Set::from(["terraform_data.slow[0]", "terraform_data.slow[1]"].map(str::to_owned));
    for engine in engines() {
        for form in FORMS {
            let program = Program::of("fail", &engine).by_script();
            program.run(&["apply", "-auto-approve", form], 0);
            let before = program.state();
            let ran = ended(program.command(&["apply", "-auto-approve", "-var", "p=2", form]));
            assert_eq!(ran.code, 1, "{engine} {form}: {}{}", ran.out(), ran.err());
            let operation = program.recorded();
            assert_eq!(
                (operation.result(), operation.count("process.exit.code")),
                ("failed", 1)
            );
            assert_eq!(done(&operation), changes(&before, &program.state()), "{engine} {form}");
            for (signal, code, result) in [(Signal::SIGINT, 1, "canceled"), (Signal::SIGKILL, 137, "interrupted")] {
                let program = Program::of("slow", &engine).by_script();
                assert_eq!(program.stop(form, &[signal]).code, code, "{engine} {form}");
                let operation = program.recorded();
                assert_eq!(operation.result(), result, "{engine} {form}");
                assert_eq!(operation.failed("sitelog.resource.urn"), slow, "{engine} {form}");
            }
        }
    }
}
