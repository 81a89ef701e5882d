//! A home folder in which recorded engines are first in `PATH`.

use crate::recorded::Recorded;
use crate::scene::{Ran, Scene, code, end, ended, read, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Where the records of a run go.
pub(super) const RECORDS: &str = "records.jsonl";

/// A scene with engines.
pub(super) struct Stage {
    pub(super) scene: Scene,
    replay: Vec<String>,
    settings: Vec<(String, String)>,
}

/// A run that goes on.
pub(super) struct Going {
    child: Child,
    out: PathBuf,
}

impl Stage {
    /// The engine plays these recorded runs.
    pub(super) fn of(cases: &[&str]) -> Self {
        let scene = Scene::new();
        fs::create_dir(scene.path("bin")).unwrap();
        for name in ["pulumi", "terraform", "tofu"] {
            if cases.iter().any(|case| argv(case)[0] == name) {
                std::os::unix::fs::symlink(replayer(), scene.path("bin").join(name)).unwrap();
            }
        }
        let mut stage = Self {
            scene,
            replay: Vec::new(),
            settings: Vec::new(),
        };
        for case in cases {
            let folder = stage.scene.path(case);
            super::truth::lay_out(case, &folder);
            stage.replay.push(folder.to_str().unwrap().to_owned());
        }
        stage
    }

    /// A variable of the runs' environment.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Plays other events than the recorded ones in the first stream; what is no JSON is sent as it is.
    pub(super) fn with_events(self, case: &str, events: &[String]) -> Self {
        let lines = (0..).zip(events).map(|(number, event)| {
            let event = match serde_json::from_str::<Value>(event) {
                Ok(_) => event.clone(),
                Err(_) => Value::String(format!("{event}\n")).to_string(),
            };
            format!("{{\"t_ms\":{number},\"stream\":1,\"event\":{event}}}\n")
        });
        let file = self.scene.path(case).join("events.arrival.ndjson");
        fs::write(file, lines.collect::<String>()).unwrap();
        self
    }

    /// The engine exits with another status.
    pub(super) fn exits(self, case: &str, code: i32) -> Self {
        let mut run = about(case);
        run["exit_code"] = code.into();
        fs::write(self.scene.path(case).join("run.json"), run.to_string()).unwrap();
        self
    }

    /// The engine stops after so many events, until it is [released](Self::release); where its process id is in a file.
    pub(super) fn stalled_at(self, events: usize) -> Self {
        let (until, pid) = (self.scene.text("until"), self.scene.text("pid"));
        let stage = self.with("REPLAY_STALL_AT", events.to_string());
        stage.with("REPLAY_STALL_UNTIL", until).with("REPLAY_PID", pid)
    }

    /// The engine is one from before 3.206: it writes events into files only, and has no name of the stream in its program.
    pub(super) fn older(self) -> Self {
        let program = self.scene.path("bin").join("pulumi");
        let mut bytes = fs::read(replayer()).unwrap();
        const NAME: &[u8] = b"/pulumirpc.Events/StreamEvents";
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, NAME).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + NAME.len()].copy_from_slice(b"/pulumirpc.Engine/GetRootRes..");
        }
        fs::remove_file(&program).unwrap();
        let written = self.scene.path("older");
        fs::write(&written, bytes).unwrap();
        fs::set_permissions(&written, fs::Permissions::from_mode(0o755)).unwrap();
        // By another process: nothing that another test starts meanwhile holds the program open for writing.
        let mut copy = Command::new("cp");
        copy.args(["-p".as_ref(), written.as_os_str(), program.as_os_str()]);
        assert!(copy.status().unwrap().success());
        self.with("REPLAY_VERSION", "3.205.0")
    }

    pub(super) fn release(&self) {
        self.scene.file("until", "");
    }

    /// The engine's process.
    pub(super) fn engine(&self) -> Pid {
        let pid = fs::read_to_string(self.scene.path("pid")).unwrap();
        Pid::from_raw(pid.parse().unwrap())
    }

    /// Waits until so many records of operations are written.
    pub(super) fn wait_for_records(&self, count: usize) {
        wait_until("records", || self.recorded().events.len() >= count);
    }

    /// `sitelog run --records … FLAGS -- JOB` with the engines in `PATH`.
    pub(super) fn command(&self, flags: &[&str], job: &[&str]) -> Command {
        let flags: Vec<&str> = ["--records", RECORDS]
            .into_iter()
            .chain(flags.iter().copied())
            .collect();
        self.set(self.scene.run_command(&flags, job))
    }

    /// The job without sitelog.
    pub(super) fn alone(&self, job: &[&str]) -> Command {
        let (program, args) = job.split_first().unwrap();
        let replayed = self.scene.path("bin").join(program);
        let program = if replayed.exists() {
            replayed.to_str().unwrap()
        } else {
            program
        };
        self.set(self.scene.command(program, args.iter().copied()))
    }

    fn set(&self, mut command: Command) -> Command {
        let mut path = self.scene.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        command.env("PATH", path).env("REPLAY", self.replay.join(":"));
        command.env("REPLAY_FOR", std::process::id().to_string());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn run(&self, flags: &[&str], job: &[&str]) -> Ran {
        ended(self.command(flags, job))
    }

    /// Starts a run whose output goes to a file.
    pub(super) fn start(&self, flags: &[&str], job: &[&str]) -> Going {
        let out = self.scene.path("out");
        let mut command = self.command(flags, job);
        command.stdout(File::create(&out).unwrap()).stderr(Stdio::piped());
        Going::of(command.spawn().unwrap(), out)
    }

    /// A recorded run, by whatever way; a signal that its engine got is sent to the wrapper.
    pub(super) fn play(&self, case: &str, flags: &[&str], job: &[&str]) -> Ran {
        let signals = signals(case);
        if signals.is_empty() {
            return self.run(flags, job);
        }
        let going = self.start(flags, job);
        going.wait_for_output(b"");
        for signal in signals {
            going.signal(signal.parse().unwrap());
        }
        going.end()
    }

    pub(super) fn recorded(&self) -> Recorded {
        self.scene.records(RECORDS)
    }
}

impl Going {
    pub(super) fn of(child: Child, out: PathBuf) -> Self {
        Self { child, out }
    }

    /// The wrapper's process.
    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Waits until the output has a text in it; with an empty one, until there is any.
    pub(super) fn wait_for_output(&self, text: &[u8]) {
        wait_until("output", || {
            let out = read(&self.out);
            !out.is_empty() && (text.is_empty() || out.windows(text.len()).any(|window| window == text))
        });
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    pub(super) fn end(mut self) -> Ran {
        let began = std::time::Instant::now();
        let status = end(&mut self.child);
        let stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        Ran {
            code: code(status),
            stdout: read(&self.out),
            stderr: stderr.into_bytes(),
            wall: began.elapsed(),
        }
    }
}

/// A test that failed in the middle leaves no run behind.
impl Drop for Going {
    fn drop(&mut self) {
        // Of a run that was waited for nothing is left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How recorded runs were called: `testdata/provision/runs.json`.
pub(super) fn about(case: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../../testdata/provision/runs.json")).unwrap();
    assert!(all[case].is_object(), "no run {case}");
    all[case].clone()
}

/// Its command line.
pub(super) fn argv(case: &str) -> Vec<String> {
    let about = about(case);
    let words = about["argv"].as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Its command line without an event log: what a user types.
pub(super) fn typed(case: &str) -> Vec<String> {
    let mut argv = argv(case);
    if let Some(at) = argv.iter().position(|word| word == "--event-log") {
        argv.drain(at..at + 2);
    }
    argv
}

fn signals(case: &str) -> Vec<String> {
    let about = about(case);
    let sent = about["signals_sent"].as_array().into_iter().flatten();
    sent.map(|sent| sent["signal"].as_str().unwrap().to_owned()).collect()
}

/// The program that plays recorded runs, built once for all tests.
pub(super) fn replayer() -> &'static Path {
    static REPLAYER: OnceLock<PathBuf> = OnceLock::new();
    REPLAYER.get_or_init(|| {
        // …/target/debug/deps/it-1234
        let own = std::env::current_exe().unwrap();
        let (profile, target) = (own.ancestors().nth(2).unwrap(), own.ancestors().nth(3).unwrap());
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "-p", "sitelog-replay", "--message-format=json", "--target-dir"]);
        build.arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let output = build.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the replayer cannot be built");
        let messages = String::from_utf8(output.stdout).unwrap();
        let artifacts = messages
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut programs = artifacts.filter_map(|artifact| Some(PathBuf::from(artifact["executable"].as_str()?)));
        programs.next().expect("the replayer's program")
    })
}
