//! `sitelog audit verify`: of the ledger, or of a bundle on another machine.

use super::print;
use crate::cli::{AuditVerifyArgs, Format};
use crate::exit::Failure;
use crate::runs;
use crate::setup::Setup;
use crate::table;
use indicatif::{ProgressBar, ProgressStyle};
use sitelog_ledger::{BundleError, ChainReport, Check, Ledger, Outside, Place, PublicKey, Report, Scope, read_bundle};
use sitelog_model::TenantId;
use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, ledger: &Ledger, args: &AuditVerifyArgs) -> Result<ExitCode, Failure> {
    let key = args.key.as_deref().map(key).transpose()?;
    match &args.bundle {
        Some(path) => bundle(ledger, path, key, args),
        None => check(setup, ledger, key, args),
    }
}

/// A key as it is printed, or the file that holds it.
fn key(text: &str) -> Result<PublicKey, Failure> {
    if let Some(key) = PublicKey::parse(text.trim()) {
        return Ok(key);
    }
    let file = std::fs::read_to_string(text).map_err(|error| {
        Failure::usage(format!(
            "--key {text}: neither a verifier key nor a file that can be read ({error}); `sitelog audit key` prints the key"
        ))
    })?;
    PublicKey::parse(file.trim()).ok_or_else(|| {
        Failure::usage(format!(
            "--key {text}: the file holds no verifier key; `sitelog audit key` prints it"
        ))
    })
}

fn check(setup: &Setup, ledger: &Ledger, key: Option<PublicKey>, args: &AuditVerifyArgs) -> Result<ExitCode, Failure> {
    let scope = match (&args.run, &setup.global.tenant) {
        (Some(run), _) => Scope::Chain(runs::find(ledger, run)?),
        (None, Some(tenant)) => {
            Scope::Tenant(TenantId::new(tenant).map_err(|error| Failure::usage(format!("--tenant: {error}")))?)
        }
        (None, None) => Scope::All,
    };
    let mut outside = Vec::new();
    for path in &args.checkpoint {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::input(format!("--checkpoint {}: {error}", path.display())))?;
        let notes = Outside::read(&text).map_err(|line| {
            Failure::input(format!(
                "--checkpoint {}: line {line} is not part of a signed checkpoint",
                path.display()
            ))
        })?;
        outside.extend(notes);
    }
    let bar = std::io::stderr().is_terminal().then(progress_bar);
    let progress = |done: u64, total: u64| {
        if let Some(bar) = &bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    };
    let report = ledger.check(&Check {
        scope: Some(&scope),
        key: key.as_ref(),
        outside: &outside,
        first_only: args.first,
        progress: Some(&progress),
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report?;
    print(&match args.format {
        Format::Table => text(&report),
        Format::Json => serde_json::to_string_pretty(&json(&report)).map_err(anyhow::Error::from)? + "\n",
    });
    match report.findings.len() {
        0 => Ok(ExitCode::SUCCESS),
        count => Err(Failure::found(format!(
            "{count} findings: the trail is not what was written"
        ))),
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        out += &format!("WRONG   {}: {}\n", place(&finding.place), finding.wrong);
    }
    for remark in &report.remarks {
        out += &format!("remark  {}: {}\n", place(&remark.place), remark.what);
    }
    let frames: u64 = report
        .chains
        .iter()
        .map(|chain| chain.frames - chain.first.min(chain.frames))
        .sum();
    let sealed = report.chains.iter().filter(|chain| is_sealed(chain)).count();
    out += &format!(
        "checked {} ({sealed} sealed), {}, {}\n",
        table::count(report.chains.len() as u64, "chain"),
        table::count(frames, "frame"),
        table::count(report.bytes, "byte"),
    );
    if let Some(trail) = &report.trail {
        out += &format!("trail   {} entries\n", trail.size);
    }
    out += if report.is_sound() { "sound\n" } else { "NOT SOUND\n" };
    out
}

fn is_sealed(chain: &ChainReport) -> bool {
    chain.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.end)
}

fn place(place: &Place) -> String {
    let parts = [
        place.chain.as_ref().map(|chain| format!("chain {chain}")),
        place.segment.map(|segment| format!("segment {segment}")),
        place.frame.map(|frame| match place.chain {
            Some(_) => format!("frame {frame}"),
            None => format!("entry {frame} of the trail"),
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "installation".to_owned()
    } else {
        parts.join(", ")
    }
}

fn json(report: &Report) -> serde_json::Value {
    let at = |place: &Place, what: String| {
        serde_json::json!({
            "chain": place.chain.as_ref().map(ToString::to_string),
            "segment": place.segment,
            "frame": place.frame,
            "what": what,
        })
    };
    let findings = report
        .findings
        .iter()
        .map(|finding| at(&finding.place, finding.wrong.to_string()));
    let remarks = report
        .remarks
        .iter()
        .map(|remark| at(&remark.place, remark.what.to_string()));
    let chains = report.chains.iter().map(|chain| {
        serde_json::json!({
            "chain": chain.chain.to_string(),
            "first": chain.first,
            "frames": chain.frames,
            "sealed": is_sealed(chain),
        })
    });
    serde_json::json!({
        "sound": report.is_sound(),
        "findings": findings.collect::<Vec<_>>(),
        "remarks": remarks.collect::<Vec<_>>(),
        "chains": chains.collect::<Vec<_>>(),
        "trail_entries": report.trail.as_ref().map(|trail| trail.size),
        "bytes": report.bytes,
    })
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn bundle(ledger: &Ledger, path: &Path, key: Option<PublicKey>, args: &AuditVerifyArgs) -> Result<ExitCode, Failure> {
    let key = match key {
        Some(key) => key,
        None => ledger.public_key().map_err(|_| {
            Failure::usage(
                "a bundle needs --key: the public key of the installation that made it (`sitelog audit key` there)",
            )
        })?,
    };
    let file = File::open(path).map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    let bar = std::io::stderr().is_terminal().then(progress_bar);
    if let (Some(bar), Ok(meta)) = (&bar, file.metadata()) {
        bar.set_length(meta.len());
    }
    // Records are shown only once all of the bundle is proven.
    let mut lines = String::new();
    let mut failed = None;
    let mut keep = |_: &_, frame| {
        if args.print_records {
            for entry in sitelog_store::entries_of(&frame) {
                match serde_json::to_string(&entry) {
                    Ok(line) => lines += &format!("{line}\n"),
                    Err(error) => failed = Some(error),
                }
            }
        }
    };
    let report = match &bar {
        Some(bar) => read_bundle(&mut BufReader::new(bar.wrap_read(file)), &key, &mut keep),
        None => read_bundle(&mut BufReader::new(file), &key, &mut keep),
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report.map_err(|error| match error {
        BundleError::Io(_) | BundleError::Version(_) => Failure::input(error),
        _ => Failure::found(format!("{}: {error}", path.display())),
    })?;
    if let Some(error) = failed {
        return Err(Failure::input(error));
    }
    if args.print_records {
        print(&lines);
        return Ok(ExitCode::SUCCESS);
    }
    let chains = report.chains.iter().map(|chain| {
        let part = if chain.is_whole { "all" } else { "some" };
        let of = &chain.checkpoint;
        format!(
            "chain {}: {} frames ({part} of {}), signed\n",
            chain.chain, chain.frames, of.size
        )
    });
    let json = report.chains.iter().map(|chain| {
        serde_json::json!({
            "chain": chain.chain.to_string(),
            "frames": chain.frames,
            "whole": chain.is_whole,
            "size": chain.checkpoint.size,
            "in_trail": chain.trail.is_some(),
        })
    });
    print(&match args.format {
        Format::Table => chains.collect::<String>() + "sound\n",
        Format::Json => {
            let document = serde_json::json!({ "sound": true, "chains": json.collect::<Vec<_>>() });
            serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)? + "\n"
        }
    });
    Ok(ExitCode::SUCCESS)
}
