//! `cargo xtask test`: everything that must pass, cheapest first; the first failure ends it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::check;
use crate::components;
use crate::fuzz;
use crate::process::{self, cargo};
use crate::workspace;

/// A part of the run: what it is called in the summary, and how it is done.
struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        run: format,
    },
    Step {
        name: "house rules",
        run: check::run,
    },
    Step {
        name: "lints",
        run: lints,
    },
    Step {
        name: "bans, licences, sources",
        run: deny,
    },
    Step {
        name: "components",
        run: components,
    },
    Step {
        name: "tests",
        run: tests,
    },
    Step {
        name: "fuzz",
        run: fuzz::in_test,
    },
];

/// Runs every step, then says how long each took.
pub(crate) fn run() -> Result<()> {
    let mut summary = Vec::new();
    let mut outcome = Ok(());
    for step in STEPS {
        eprintln!("== {}", step.name);
        let start = Instant::now();
        outcome = (step.run)().with_context(|| format!("{}: failed", step.name));
        summary.push((step.name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() {
            break;
        }
    }
    println!("{}", report(&summary));
    outcome
}

fn report(summary: &[(&str, Duration, bool)]) -> String {
    let mut lines = vec![String::from("== summary")];
    for (name, time, passed) in summary {
        let verdict = if *passed { "ok" } else { "FAILED" };
        lines.push(format!("{name:<24} {verdict:<6} {:>6} s", time.as_secs()));
    }
    for step in &STEPS[summary.len().min(STEPS.len())..] {
        lines.push(format!("{:<24} not run", step.name));
    }
    lines.join("\n")
}

fn format() -> Result<()> {
    process::run(cargo().current_dir(workspace::root()).args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<()> {
    process::run(cargo().current_dir(workspace::root()).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Without `advisories`: their database comes from a Git host, and this run needs nothing but package registries.
fn deny() -> Result<()> {
    let deny = components::install("cargo-deny")?;
    process::run(std::process::Command::new(deny).current_dir(workspace::root()).args([
        "--workspace",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn components() -> Result<()> {
    components::run(&[
        "collector",
        "prometheus",
        "pulumi-python",
        "telemetrygen",
        "otel-python",
        "otel-node",
    ])
}

/// Unit, integration and documentation tests. End-to-end tests find the real Collector in `SITELOG_COLLECTOR`, Prometheus in
/// `SITELOG_PROMETHEUS`, Python with Pulumi's Automation API in `SITELOG_PULUMI_PYTHON`, what sends by OpenTelemetry's own
/// SDKs in `SITELOG_TELEMETRYGEN`, `SITELOG_OTEL_PYTHON` and `SITELOG_OTEL_NODE`, and OpenTofu, where it is installed, in
/// `SITELOG_TOFU`.
fn tests() -> Result<()> {
    let mut test = cargo();
    test.current_dir(workspace::root())
        .env("SITELOG_COLLECTOR", components::install("collector")?)
        .env("SITELOG_PROMETHEUS", components::install("prometheus")?)
        .env("SITELOG_PULUMI_PYTHON", components::install("pulumi-python")?)
        .env("SITELOG_TELEMETRYGEN", components::install("telemetrygen")?)
        .env("SITELOG_OTEL_PYTHON", components::install("otel-python")?)
        .env("SITELOG_OTEL_NODE", components::install("otel-node")?);
    match components::installed("tofu")? {
        Some(tofu) => drop(test.env("SITELOG_TOFU", tofu)),
        None => {
            eprintln!("OpenTofu is not installed (cargo xtask components tofu): its recorded runs are tested alone")
        }
    }
    process::run(test.args(["test", "--workspace", "--locked", "--no-fail-fast"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_failed_and_what_was_not_run() {
        let second = Duration::from_secs(1);
        let report = report(&[("format", second, true), ("house rules", second, false)]);
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines.len(), 1 + STEPS.len());
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["format", "ok", "1", "s"]
        );
        assert!(lines[2].contains("FAILED"));
        assert!(lines[3].starts_with("lints ") && lines[3].ends_with("not run"));
    }
}
