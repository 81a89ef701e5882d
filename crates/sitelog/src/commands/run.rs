//! `sitelog run`: the job, its record, and the delivery that goes on beside it.

use crate::cli::RunArgs;
use crate::exit::{Failure, say};
use crate::leftovers::Leftovers;
use crate::records::RecordsFile;
use crate::report::Report;
use crate::settings::{MaptSettings, RunSettings, merge};
use crate::setup::Setup;
use sitelog_export::{Exporter, OtlpConfig, Patience};
use sitelog_ledger::{Chain, Ledger};
use sitelog_model::{Signal, TenantId, Ulid};
use sitelog_run::ci::Ci;
use sitelog_run::provisioning::{Provisioned, Provisioning, Wishes};
use sitelog_run::socket::Socket;
use sitelog_run::{Execution, Identity, Invocation, Outcome, Profile, Recorded, Recording, Run, Signals, execute};
use sitelog_sanitize::{Declared, Sanitizer};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// A destination that acknowledges nothing for so long is not waited for (`cli.md`).
const IDLE: Duration = Duration::from_secs(1);

pub(super) fn run(setup: &Setup, args: &RunArgs) -> Result<ExitCode, Failure> {
    let settings = merge(&args.settings, &setup.file.run)?.effective();
    let mapt = merge(&args.mapt, &setup.file.mapt)?;
    let otlp = setup.otlp_of_run(&args.otlp, &mapt)?;
    let env = |name: &str| std::env::var(name).ok();
    let mut ci = Ci::detect(&env);
    if !settings.propagate_traceparent.unwrap_or(false) {
        ci.agent_traceparent = None;
    }
    let profile = mapt.profile().map_err(Failure::usage)?;
    let identity = identity(setup, &settings, profile.as_ref())?;
    let records = settings
        .records
        .as_deref()
        .map(RecordsFile::create)
        .transpose()
        .map_err(Failure::usage)?;
    let ledger = setup.ledger(&args.ledger).map_err(|failure| failure.why);
    let id = Ulid::generate();
    // Two things that take milliseconds each and know nothing of one another.
    let (chain, sanitizer) = std::thread::scope(|scope| {
        let chain = scope.spawn(|| open_chain(&ledger, &identity.tenant, id));
        let sanitizer = sanitizer(setup, args, &settings, &ci, (&otlp, &mapt));
        let panicked = |_| Err("the ledger panicked".to_owned());
        (chain.join().unwrap_or_else(panicked), sanitizer)
    });
    let (sanitizer, short) = sanitizer?;
    let mut report = Report::default();
    report.short_secrets(&short);
    report.unused(mapt.missing());
    let argv: Vec<String> = args
        .command
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let run = Run {
        id,
        argv,
        identity: &identity,
        ci: &ci,
    };
    let recording = Recording::begin(chain, run, &sanitizer, settings.policy(), &env);
    let follow_records = |records: RecordsFile| match (&ledger, recording.chain()) {
        (Ok(ledger), Some(chain)) => Some(records.follow(ledger, chain)),
        _ => None,
    };
    let records = match records.and_then(follow_records) {
        Some(Err(error)) => {
            report.lost(format!("--records: {error}"));
            None
        }
        followed => followed.and_then(Result::ok),
    };
    let exporter = follow(&otlp, &recording);
    let leftovers = ledger
        .as_ref()
        .ok()
        .map(|ledger| Leftovers::begin(ledger, &identity.tenant, &otlp));
    let socket = crate::registration::open(&sanitizer);
    if let Err(error) = &socket {
        report.no_socket(error);
    }
    let socket = socket.ok();
    let mut invocation = Invocation {
        argv: args.command.clone(),
        executable: None,
        env: job_env(&recording, socket.as_ref()),
    };

    let tools = socket
        .as_ref()
        .zip(settings.wishes(profile))
        .and_then(|(socket, wishes)| {
            let tools = provisioning(&recording, socket.path(), wishes, &mut invocation);
            tools.map_err(|error| report.no_tools(&error)).ok()
        });

    let mut signals = Signals::take()?;
    let result = execute(
        &mut signals,
        &invocation,
        settings.manner(),
        recording.recorder(),
        &sanitizer,
        tools.as_ref().map(Provisioning::watch),
    );
    let provisioned = match (tools, &result) {
        (Some(tools), Ok(Execution { outcome, .. })) => tools.end(outcome),
        _ => Provisioned::default(),
    };
    let asked = socket.map(Socket::close).unwrap_or_default();
    let Execution { outcome, .. } = result.map_err(|error| Failure {
        code: 126,
        why: error.to_string(),
    })?;
    if let Outcome::NotStarted(error) = &outcome {
        // What a shell would have said.
        say(&sanitizer.text(&error.to_string()));
    }
    let Recorded { tally, fault } = recording.end(&outcome, &provisioned);
    signals.end_with(outcome.exit_code());
    report.recorded(&tally, fault.as_deref());
    report.provisioned(&provisioned);
    report.asked(asked);
    if let Some(fault) = records.and_then(|records| records.finish().err()) {
        report.lost(format!("--records: {fault}"));
    }
    if let Some(exporter) = exporter {
        report.delivered(&exporter.finish(Patience {
            total: settings.flush_timeout(),
            idle: IDLE,
        }));
    }
    leftovers.into_iter().for_each(Leftovers::end);
    report.print(setup.log_level());
    // Everything is written and closed: taking the process apart piece by piece would only hold up whoever waits for it.
    std::process::exit(outcome.exit_code())
}

/// Makes ready for the tools of the job, beside the run's socket.
fn provisioning(
    recording: &Recording,
    socket: &Path,
    wishes: Wishes,
    invocation: &mut Invocation,
) -> std::io::Result<Provisioning> {
    let var = |name: &str| std::env::var_os(name);
    let folder = socket.parent().ok_or(std::io::ErrorKind::NotFound)?;
    let mut tools = Provisioning::begin(recording, folder, wishes, &var)?;
    tools.arm(invocation, &var);
    Ok(tools)
}

/// The run's chain, which this process alone writes.
fn open_chain(ledger: &Result<Ledger, String>, tenant: &TenantId, id: Ulid) -> Result<Chain, String> {
    let ledger = ledger.as_ref().map_err(Clone::clone)?;
    ledger.create(tenant, id).map_err(|error| error.to_string())
}

/// Starts delivery beside the job, when there is somewhere to deliver to and something to deliver from.
fn follow(otlp: &OtlpConfig, recording: &Recording) -> Option<Exporter> {
    if otlp.is_empty() {
        return None;
    }
    let exporter = Exporter::start(otlp.clone());
    exporter.follow(recording.chain()?);
    Some(exporter)
}

fn job_env(recording: &Recording, socket: Option<&Socket>) -> Vec<(OsString, OsString)> {
    // Without a socket of ours, that of a run around us would be told what we then show.
    let socket = socket
        .map(|socket| socket.path().as_os_str().to_owned())
        .unwrap_or_default();
    vec![
        ("TRACEPARENT".into(), recording.place().own.to_string().into()),
        (sitelog_run::socket::VARIABLE.into(), socket),
    ]
}

fn identity(setup: &Setup, settings: &RunSettings, profile: Option<&Profile>) -> Result<Identity, Failure> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty())?;
        Some((key.to_owned(), value.to_owned()))
    };
    let wrong = |text: &String| Failure::usage(format!("--attr {text:?}: write KEY=VALUE"));
    let given = settings.attr.iter().map(|text| pair(text).ok_or_else(|| wrong(text)));
    let of_profile = profile.into_iter().flat_map(Profile::run).map(Ok);
    Ok(Identity {
        tenant: setup.tenant()?,
        actor: settings.actor.clone(),
        operation: settings.operation.clone(),
        project: settings.project.clone(),
        stack: settings.stack.clone(),
        attributes: of_profile.chain(given).collect::<Result<_, _>>()?,
    })
}

/// A sanitizer that knows this job's secrets; and the names of those too short to be looked for (RULES.md R21).
fn sanitizer(
    setup: &Setup,
    args: &RunArgs,
    settings: &RunSettings,
    ci: &Ci,
    (otlp, mapt): (&OtlpConfig, &MaptSettings),
) -> Result<(Sanitizer, Vec<String>), Failure> {
    let globs: Vec<String> = settings.redact_env.iter().chain(&ci.secrets).cloned().collect();
    let mut declared = Vec::from_iter(mapt.declared());
    // What opens the destination to us must not stand in what we send there.
    for destination in Signal::ALL.into_iter().filter_map(|signal| otlp.destination(signal)) {
        let headers = destination.headers.iter();
        let values = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        declared.extend(values.map(|(name, value)| Declared { name, value }));
    }
    setup.sanitizer(&args.sanitize, &globs, declared)
}
