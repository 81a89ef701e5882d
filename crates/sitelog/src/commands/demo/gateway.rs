//! The gateway that the demo's run goes through: the program itself, as `sitelog serve`, with embedded defaults.

use crate::exit::Failure;
use crate::serve::access::Access;
use crate::setup::Setup;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sitelog_export::config::Given;
use sitelog_model::TenantId;
use sitelog_receive::Role;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

/// One that runs.
pub(super) struct Gateway {
    process: Child,
    /// `host:port` of each of its faces.
    pub(super) grpc: String,
    pub(super) http: String,
    pub(super) admin: String,
    /// What opens all of it.
    pub(super) token: String,
    /// Where its own ledger is.
    pub(super) data_dir: PathBuf,
}

impl Gateway {
    /// Starts one that delivers to where these flags, the environment and the file say, and waits until it listens: on the
    /// usual ports where they are free, when somebody is to `find` it there.
    pub(super) fn start(setup: &Setup, otlp: &[Given], folder: &Path, find: bool) -> Result<Self, Failure> {
        // A ledger of its own: in the run's it would deliver what other runs left.
        let data_dir = std::path::absolute(setup.data_dir())?.join("demo");
        let now = sitelog_run::unix_nanos() / 1_000_000_000;
        let made = Access::change(&data_dir, |access| {
            access.tokens.clear();
            access.add(&TenantId::default(), Role::Admin, None, now)
        });
        let token = made.map_err(Failure::input)?.token;
        let config = folder.join("gateway.yaml");
        let sections = setup.file.sections(&["otlp", "sanitize"]).map_err(Failure::usage)?;
        std::fs::write(&config, sections)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--config").arg(config);
        command.arg("--data-dir").arg(&data_dir);
        command.args(["--authentication", "required"]);
        for (flag, port) in [("--grpc", 4317), ("--http", 4318), ("--admin", 8080)] {
            command.args([flag, &address(port, find)]);
        }
        command.args(otlp.iter().map(|given| format!("{}={}", given.from, given.value)));
        without(&mut command, "SITELOG_TLS_");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let said = process.stderr.take();
        let mut gateway = Self {
            process,
            grpc: String::new(),
            http: String::new(),
            admin: String::new(),
            token,
            data_dir,
        };
        if let Some(said) = said {
            gateway.wait(said)?;
        }
        Ok(gateway)
    }

    /// Waits until it says where it listens; what it says besides is passed on, now and later.
    fn wait(&mut self, said: ChildStderr) -> Result<(), Failure> {
        let (mut said, mut last) = (BufReader::new(said), String::new());
        loop {
            let mut line = String::new();
            if said.read_line(&mut line)? == 0 {
                return Err(Failure::unavailable(format!(
                    "the gateway did not start: {}",
                    last.trim().trim_start_matches("sitelog: ")
                )));
            }
            if let Some([grpc, http, admin]) = addresses(&line) {
                (self.grpc, self.http, self.admin) = (grpc, http, admin);
                break;
            }
            last = line;
        }
        std::thread::spawn(move || {
            // A stderr that takes nothing changes nothing.
            let _ = std::io::copy(&mut said, &mut std::io::stderr());
        });
        Ok(())
    }

    /// Has a command send to it, and to nobody else.
    pub(super) fn receive(&self, command: &mut Command) {
        without(command, "OTEL_EXPORTER_OTLP_");
        command
            .arg(format!("--otlp.endpoint=http://{}", self.grpc))
            .arg("--otlp.protocol=grpc")
            // Not as a flag: those are seen by everybody on the machine.
            .env(
                "OTEL_EXPORTER_OTLP_HEADERS",
                format!("authorization=Bearer%20{}", self.token),
            );
    }

    /// Records that it has acknowledged since it started, by its own metrics.
    pub(super) fn taken(&self) -> Option<u64> {
        let client = reqwest::blocking::Client::builder().no_proxy().build().ok()?;
        let page = client
            .get(format!("http://{}/metrics", self.admin))
            .header("authorization", format!("Bearer {}", self.token));
        let text = page.send().ok()?.text().ok()?;
        let counts = text
            .lines()
            .filter(|line| line.starts_with("sitelog_receive_records_total{"));
        counts.map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Ends it when it has delivered what it can.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        std::io::stdout().flush()?;
        // It may have been told by the terminal.
        let _ = kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGTERM);
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Takes variables from a command whose names begin like this.
fn without(command: &mut Command, beginning: &str) {
    let named = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with(beginning));
    for (name, _) in std::env::vars_os().filter(|(name, _)| named(name)) {
        command.env_remove(name);
    }
}

/// A port of this machine: the usual one when it is free and somebody is to find it.
fn address(port: u16, find: bool) -> String {
    let is_free = find && TcpListener::bind(("127.0.0.1", port)).is_ok();
    format!("127.0.0.1:{}", if is_free { port } else { 0 })
}

/// gRPC, HTTP and admin, in the line that says so.
fn addresses(line: &str) -> Option<[String; 3]> {
    let after = |mark: &str| {
        let rest = line.split_once(mark)?.1;
        rest.split([' ', ';', '\n']).next().map(str::to_owned)
    };
    Some([after("OTLP at ")?, after("(gRPC) and ")?, after("metrics at ")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_gateway_that_listens_is_understood() {
        let line = "sitelog: taking OTLP at 127.0.0.1:1 (gRPC) and [::1]:2 (HTTP); health and metrics at 127.0.0.1:3\n";
        let found = addresses(line).unwrap();
        assert_eq!(found, ["127.0.0.1:1", "[::1]:2", "127.0.0.1:3"]);
        assert_eq!(addresses("sitelog: --grpc: address in use\n"), None);
    }

    #[test]
    fn a_port_that_is_taken_is_left_alone() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(address(taken.local_addr().unwrap().port(), true), "127.0.0.1:0");
    }
}
