//! A home folder of its own, and `sitelog` started in it with a clean environment.

use sitelog_ledger::{ChainId, Ledger, Options};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::recorded::Recorded;

/// Longer than anything takes here on a busy machine: only a hang reaches it.
pub(crate) const HANG: Duration = Duration::from_secs(120);

/// A home folder that goes with the test.
pub(crate) struct Scene(TempDir);

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    /// As a shell gives it: 128+n after signal n.
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) wall: Duration,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.text(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The default data folder of this home.
    pub(crate) fn data(&self) -> PathBuf {
        self.path(".local/state/sitelog")
    }

    /// `sitelog` with arguments, an environment of PATH and HOME, and an empty stdin.
    pub(crate) fn sitelog<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        self.command(env!("CARGO_BIN_EXE_sitelog"), args)
    }

    /// Any program, under the same conditions.
    pub(crate) fn command<'a>(&self, program: &str, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("HOME", self.0.path())
            .current_dir(self.0.path());
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null());
        command
    }

    /// `sitelog run FLAGS -- JOB`.
    pub(crate) fn run(&self, flags: &[&str], job: &[&str]) -> Ran {
        ended(self.run_command(flags, job))
    }

    /// A shell script as the job.
    pub(crate) fn run_sh(&self, flags: &[&str], script: &str) -> Ran {
        self.run(flags, &["sh", "-c", script])
    }

    pub(crate) fn run_command(&self, flags: &[&str], job: &[&str]) -> Command {
        self.sitelog(["run"].iter().chain(flags).chain(&["--"]).chain(job).copied())
    }

    /// Another command of sitelog, run to its end.
    pub(crate) fn tell(&self, args: &[&str]) -> Ran {
        ended(self.sitelog(args.iter().copied()))
    }

    /// What is in the ledger, told by the program itself: both streams of the run, and nothing else.
    pub(crate) fn raw_logs(&self, run: &str) -> (Vec<u8>, Vec<u8>) {
        let ran = self.tell(&["jobs", "logs", run, "--raw"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        (ran.stdout, ran.stderr)
    }

    /// `jobs list --format json`.
    pub(crate) fn jobs(&self) -> Vec<serde_json::Value> {
        serde_json::from_slice(&self.tell(&["jobs", "list", "--format", "json"]).stdout).unwrap()
    }

    /// Batches that wait, over all runs and destinations (`spool`).
    pub(crate) fn waiting(&self) -> u64 {
        let spool: Vec<serde_json::Value> =
            serde_json::from_slice(&self.tell(&["spool", "--format", "json"]).stdout).unwrap();
        let of = |chain: &serde_json::Value| match chain["destinations"].as_array().unwrap().as_slice() {
            [] => chain["batches"].as_u64().unwrap(),
            all => all.iter().map(|to| to["waiting_batches"].as_u64().unwrap()).sum(),
        };
        spool.iter().map(of).sum()
    }

    /// The chains on disk; each must be sealed, whole and signed.
    pub(crate) fn verified_chains(&self) -> Vec<ChainId> {
        let ledger = Ledger::open(self.data(), Options::default()).unwrap();
        let chains = ledger.chains().unwrap();
        if chains.is_empty() {
            return chains;
        }
        let key = ledger.public_key().unwrap();
        for chain in &chains {
            let verified = ledger.verify(chain, &key).unwrap();
            assert!(verified.bad.is_none(), "{chain}: {:?}", verified.bad);
        }
        chains
    }

    /// What `--records` wrote.
    pub(crate) fn records(&self, file: &str) -> Recorded {
        Recorded::from_file(&self.path(file))
    }
}

impl Ran {
    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.stderr).unwrap()
    }

    /// One line of sitelog's own on stderr, and nothing else there.
    pub(crate) fn one_line(&self) -> &str {
        let text = self.err();
        assert_eq!(text.lines().count(), 1, "{text:?}");
        text.strip_prefix("sitelog: ")
            .unwrap_or_else(|| panic!("{text:?}"))
            .trim_end()
    }

    /// The job's exit status and streams, and not a word of sitelog's own.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.code, self.out(), self.err()), (code, stdout, stderr));
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: Command) -> Ran {
    ended_with(command, None)
}

/// Runs a command to its end with bytes on its stdin.
pub(crate) fn ended_with(mut command: Command, stdin: Option<Vec<u8>>) -> Ran {
    if stdin.is_some() {
        command.stdin(Stdio::piped());
    }
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let feeder = stdin.map(|bytes| {
        let mut to = child.stdin.take().unwrap();
        // A job that does not read to the end closes the pipe: its choice.
        std::thread::spawn(move || drop(to.write_all(&bytes)))
    });
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (stdout, stderr) = (std::thread::spawn(|| all(stdout)), std::thread::spawn(|| all(stderr)));
    let status = end(&mut child);
    let wall = began.elapsed();
    feeder.into_iter().for_each(|feeder| feeder.join().unwrap());
    Ran {
        code: code(status),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        wall,
    }
}

/// Waits for a process; a hang ends it and the test.
pub(crate) fn end(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until("the end of a process", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

fn all(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}

/// An exit status as a shell gives it.
pub(crate) fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

/// Waits until something is so; panics when it never gets so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < HANG, "waited {HANG:?} for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The bytes of a file that a process is still writing.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}
