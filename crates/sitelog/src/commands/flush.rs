//! `sitelog flush`: delivers what earlier runs left in the ledger.

use crate::cli::FlushArgs;
use crate::exit::{Failure, say};
use crate::leftovers::{finish, is_gateways};
use crate::settings::merge;
use crate::setup::Setup;
use indicatif::{ProgressBar, ProgressStyle};
use sitelog_export::{Exporter, Patience, Report};
use sitelog_model::Signal;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

/// Longer than any backlog takes: only standing still ends a flush.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn run(setup: &Setup, args: &FlushArgs) -> Result<ExitCode, Failure> {
    let mapt = merge(&args.mapt, &setup.file.mapt)?;
    let otlp = setup.otlp_of_run(&args.otlp, &mapt)?;
    if otlp.is_empty() {
        return Err(Failure::usage(
            "flush: no destination is set; give --otlp.endpoint or OTEL_EXPORTER_OTLP_ENDPOINT",
        ));
    }
    let ledger = setup.ledger(&args.ledger)?;
    let exporter = Exporter::start(otlp);
    for chain in ledger.chains()? {
        if is_gateways(&ledger, &chain) {
            continue;
        }
        match finish(&ledger, &chain) {
            Ok(true) => exporter.deliver(&ledger, &chain),
            Ok(false) => {}
            // A disk that takes nothing more must not keep back what it has.
            Err(failure) => {
                say(&failure.why);
                exporter.deliver(&ledger, &chain);
            }
        }
    }
    let bar = progress(&exporter);
    let report = exporter.finish(Patience {
        total: FOREVER,
        idle: args.timeout.0,
    });
    bar.finish_and_clear();
    outcome(&report)
}

/// Counts what is delivered, on a terminal.
fn progress(exporter: &Exporter) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} records delivered ({per_sec})");
    let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let (shown, counters) = (bar.clone(), exporter.counters().clone());
    std::thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_position(
                Signal::ALL
                    .iter()
                    .map(|signal| counters.of(*signal).delivered_records.get())
                    .sum(),
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    bar
}

fn outcome(report: &Report) -> Result<ExitCode, Failure> {
    let signals = Signal::ALL.map(|signal| report.of_signal(signal));
    let delivered: u64 = signals.iter().map(|signal| signal.delivered).sum();
    let refused: u64 = signals.iter().map(|signal| signal.refused + signal.rejected).sum();
    let waiting: u64 = signals.iter().map(|signal| signal.waiting.frames).sum();
    let why = signals.iter().find_map(|signal| signal.last_error.as_deref());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    if waiting > 0 || report.gave_up {
        let what = format!("{delivered} records delivered, {waiting} batches still wait{why}");
        return Err(if delivered == 0 {
            Failure::unavailable(what)
        } else {
            Failure::found(what)
        });
    }
    if refused > 0 {
        return Err(Failure::found(format!(
            "{delivered} records delivered, {refused} refused by the destination and kept{why}"
        )));
    }
    say(&format!("{delivered} records delivered"));
    Ok(ExitCode::SUCCESS)
}
