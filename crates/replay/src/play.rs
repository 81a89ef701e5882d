//! Plays a recording: output and events in the order in which they came, with the recorded pauses if asked.

use crate::cancel;
use crate::capture::{Capture, Chunk, Event};
use crate::event_log::EventLog;
use crate::invocation::Invocation;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What happens next.
enum Step {
    Output(Chunk),
    Event(Event),
    /// The recorded run got a signal here; so must this one before it goes on.
    Signal,
}

pub(crate) fn play(capture: &Capture, invocation: &Invocation) -> ExitCode {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::clone(&interrupted));
    }
    if let Some(file) = std::env::var_os("REPLAY_PID") {
        // A test that cannot read it fails.
        let _ = std::fs::write(file, std::process::id().to_string());
    }
    let steps = steps(capture);
    let tells = steps.iter().any(|(_, step)| matches!(step, Step::Event(_)));
    // Where nothing was recorded (a locked stack), the engine did not get as far as to open its log.
    let target = invocation.event_log.as_deref().filter(|_| tells);
    let (speed, kill_at) = (number("REPLAY_SPEED").unwrap_or(0.0), number("REPLAY_KILL_AT"));
    let stall_at = number("REPLAY_STALL_AT");
    // Terraform's programs write to the file they are given without truncating a pipe; Pulumi truncates in each phase.
    let mut log = EventLog::open(target, invocation.tool != "pulumi");
    let (mut phase, mut sent, mut clock) = (1, 0.0, 0.0);
    let mut next = 0;
    for (t_ms, step) in steps {
        pause(&mut clock, t_ms, speed);
        if capture.run.signals_sent.is_empty() && interrupted.load(Ordering::Relaxed) {
            return cancel::at_once(log, next);
        }
        match step {
            Step::Output(chunk) => print(&chunk),
            Step::Event(event) => {
                if event.stream != phase {
                    (phase, next) = (event.stream, 0);
                    std::mem::replace(&mut log, EventLog::None).close();
                    log = EventLog::open(target, invocation.tool != "pulumi");
                }
                log.write(&event.line);
                sent += 1.0;
                next += 1;
                if kill_at.is_some_and(|at| sent >= at) {
                    // What was handed over goes out first: the recording's kill came after it had arrived.
                    log.close();
                    die(Signal::SIGKILL);
                }
                if stall_at == Some(sent) {
                    match cancel::stall(&mut log, &interrupted, next) {
                        0 => {}
                        interrupts => return cancel::after(interrupts, log, next + 1),
                    }
                }
            }
            Step::Signal => {
                while !interrupted.swap(false, Ordering::Relaxed) {
                    std::thread::sleep(cancel::PACE);
                }
            }
        }
    }
    log.close();
    if let Some(name) = capture.run.term_signal.as_ref().and_then(signal_of) {
        die(name);
    }
    ExitCode::from(capture.run.exit_code.unwrap_or(0).to_le_bytes()[0])
}

/// All that happened, in order of time; what has the same time in the order output, signal, event.
fn steps(capture: &Capture) -> Vec<(f64, Step)> {
    let output = capture
        .output()
        .into_iter()
        .map(|chunk| (chunk.t_ms, Step::Output(chunk)));
    let signals = capture.run.signals_sent.iter().map(|sent| (sent.t_ms, Step::Signal));
    let events = capture
        .events()
        .into_iter()
        .map(|event| (event.t_ms, Step::Event(event)));
    let mut steps: Vec<(f64, Step)> = output.chain(signals).chain(events).collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    steps
}

fn pause(clock: &mut f64, t_ms: f64, speed: f64) {
    if speed > 0.0 && t_ms > *clock {
        std::thread::sleep(Duration::from_secs_f64((t_ms - *clock) / 1000.0 / speed));
    }
    *clock = t_ms.max(*clock);
}

fn print(chunk: &Chunk) {
    let written = if chunk.stderr {
        std::io::stderr().lock().write_all(&chunk.bytes)
    } else {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&chunk.bytes).and_then(|()| stdout.flush())
    };
    if written.is_err() {
        die(Signal::SIGPIPE);
    }
}

fn number(variable: &str) -> Option<f64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn signal_of(value: &serde_json::Value) -> Option<Signal> {
    let by_number = value
        .as_i64()
        .and_then(|number| Signal::try_from(i32::try_from(number).ok()?).ok());
    by_number.or_else(|| value.as_str()?.parse().ok())
}

/// Dies by a signal, as the recorded process did.
fn die(by: Signal) -> ! {
    let _ = signal_hook::low_level::emulate_default_handler(by as i32);
    let _ = signal::kill(Pid::this(), by);
    std::process::exit(128 + by as i32)
}
