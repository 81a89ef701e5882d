//! `sitelog cloud`: the Pulumi Cloud exporter.

use crate::cli::CloudArgs;
use crate::cloud::{Push, Resolved, Site, Trail, standard, trail};
use crate::exit::{Failure, say};
use crate::setup::Setup;
use sitelog_cloud::config::{Backfill, Config};
use sitelog_cloud::cycle::CycleReport;
use sitelog_cloud::emit::Emitter;
use sitelog_cloud::exporter::{CloudExporter, OpenError};
use sitelog_cloud::web::{self, Webhooks};
use sitelog_export::{Exporter, OtlpConfig, Patience, Report, SignalReport};
use sitelog_ledger::Ledger;
use sitelog_model::Signal;
use sitelog_sanitize::{Declared, Sanitizer};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What the end may take, as pulumi-exporter has it.
const END: Duration = Duration::from_secs(10);

pub(super) fn run(setup: &Setup, args: &CloudArgs) -> Result<ExitCode, Failure> {
    let Resolved {
        pulumi,
        web,
        otlp,
        told,
    } = Resolved::new(setup, &args.flags, &args.otlp)?;
    if let Some(told) = told {
        say(&told);
    }
    let mut config = pulumi
        .config(setup.data_dir().join("cloud"))
        .map_err(|why| Failure::usage(format!("configuration error: {why}")))?;
    let secret = web.secret().map_err(Failure::usage)?;
    let declare = |name: &str, value: &str| Declared {
        name: name.to_owned(),
        value: value.as_bytes().to_vec(),
    };
    let mut declared = vec![declare("pulumi.access-token", config.token.reveal())];
    declared.extend(
        secret
            .iter()
            .map(|secret| declare("web.webhook-secret", secret.reveal())),
    );
    let (sanitizer, _) = setup.sanitizer(&args.sanitize, &[], declared)?;
    config.audit = trail::audit(setup, &pulumi, &sanitizer)?;
    let ledger = config.audit.is_some().then(|| trail::ledger(setup)).transpose()?;
    let address = web.address();
    let listener =
        web::bind(address).map_err(|error| Failure::unavailable(format!("--web.listen-address {address}: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let webhooks = secret.as_ref().map(Webhooks::new);
    runtime.block_on(export(config, (&otlp, ledger.as_ref()), &sanitizer, listener, webhooks))
}

async fn export(
    config: Config,
    (otlp, ledger): (&OtlpConfig, Option<&Ledger>),
    sanitizer: &Sanitizer,
    listener: std::net::TcpListener,
    webhooks: Option<Webhooks>,
) -> Result<ExitCode, Failure> {
    let mut stop = Stop::take()?;
    say(&beginning(&config));
    let (interval, state) = (config.interval, config.state_dir.clone());
    let mut exporter = CloudExporter::open(config).map_err(|error| match error {
        OpenError::Setup(_) => Failure::usage(error),
        OpenError::State(_) => Failure::unavailable(error),
    })?;
    if let Some(aside) = exporter.set_aside() {
        let aside = aside.display();
        say(&format!(
            "the state was damaged and is now {aside}: what ended since it was written does not count"
        ));
    }
    let trail = match ledger {
        Some(ledger) => Trail::begin(&exporter, ledger, otlp)?,
        None => None,
    };
    let push = match otlp.is_empty() {
        true => None,
        false => {
            let temporality = standard::temporality().map_err(Failure::usage)?;
            let emitter = Emitter::new(standard::resource(exporter.instance()), temporality);
            let series = exporter.observed().series(|series| series.clone());
            Some(Push::begin(&state, otlp, sanitizer, emitter, &series).map_err(Failure::unavailable)?)
        }
    };
    let site = Arc::new(Site::new(exporter.observed(), push, interval));
    let (ended, over) = tokio::sync::watch::channel(false);
    let until = |mut over: tokio::sync::watch::Receiver<bool>| async move {
        // A sender that is gone has ended too.
        let _ = over.wait_for(|over| *over).await;
    };
    let server = tokio::spawn(web::serve(listener, Arc::clone(&site), webhooks, until(over.clone())));
    let again = tokio::spawn(push_again(Arc::clone(&site), until(over.clone())));
    let trail = trail.map(|trail| trail.run(until(over)));
    let mut log = Log::default();
    let shown = Arc::clone(&site);
    exporter
        .run(stop.wait(), |report| {
            // Writing waits for the disk; the other worker goes on.
            tokio::task::block_in_place(|| shown.cycled(report));
            log.cycled(report, shown.push_error(), shown.audit_fault());
        })
        .await;
    drop(shown);
    let _ = ended.send(true);
    let _ = again.await;
    // Who still reads an answer may, but not for ever.
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    let push = site.take_push();
    let delivery = match trail {
        Some(trail) => trail.await.ok(),
        None => None,
    };
    tokio::task::block_in_place(|| end(push, delivery))
}

/// The end of what is delivered, all of it within one time; the exit status tells when something is left.
fn end(push: Option<Push>, trail: Option<Exporter>) -> Result<ExitCode, Failure> {
    let patience = Patience { total: END, idle: END };
    let (push, trail) = std::thread::scope(|scope| {
        let trail = scope.spawn(|| trail.map(|trail| trail.finish(patience)));
        (push.map(|push| push.finish(patience)), trail.join().ok().flatten())
    });
    let refused = push.as_ref().is_some_and(|ended| ended.refused > 0);
    let push = push.map(|ended| ended.report);
    let why = |report: &SignalReport| {
        let why = report.last_error.as_deref().map(|why| format!(": {why}"));
        why.unwrap_or_default()
    };
    let left = |report: &Option<Report>, signal: Signal, what: &str| {
        let of_signal = report.as_ref()?.of_signal(signal);
        if of_signal.waiting.frames == 0 && !of_signal.waiting.more {
            return None;
        }
        let why = why(of_signal);
        Some(format!(
            "the last {what} were not delivered and wait for the next start{why}"
        ))
    };
    let left = left(&push, Signal::Metrics, "points")
        .or_else(|| left(&trail, Signal::Logs, "audit records"))
        .or_else(|| left(&trail, Signal::Traces, "spans"))
        .or_else(|| {
            let report = push.as_ref().filter(|_| refused)?;
            let why = why(report.of_signal(Signal::Metrics));
            Some(format!("the destination refused the last points{why}"))
        });
    left.map_or(Ok(ExitCode::SUCCESS), |left| Err(Failure::unavailable(left)))
}

/// Pushes when cycles are further apart than receivers like.
async fn push_again(site: Arc<Site>, over: impl Future<Output = ()>) {
    // It was checked when it began.
    let Ok(period) = standard::interval() else { return };
    let mut ticks = tokio::time::interval(period);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return,
            _ = ticks.tick() => tokio::task::block_in_place(|| site.push_again(period)),
        }
    }
}

/// The first line of the log: also what does not count.
fn beginning(config: &Config) -> String {
    let history = match config.backfill {
        Backfill::None => "of what it sees for the first time, history does not count (--pulumi.backfill)".to_owned(),
        Backfill::Window(window) => format!(
            "of what it sees for the first time, {} of history count",
            humantime::format_duration(window)
        ),
        Backfill::All => "all history counts".to_owned(),
    };
    let organizations = config.organizations.join(", ");
    let interval = humantime::format_duration(config.interval);
    let recorded = config.audit.as_ref().map(|audit| {
        let parts = [
            (audit.updates && !audit.events, "updates"),
            (audit.events, "updates with their events"),
            (audit.log, "audit logs"),
        ];
        let parts: Vec<&str> = parts
            .into_iter()
            .filter(|(is_on, _)| *is_on)
            .map(|(_, part)| part)
            .collect();
        format!("; recorded: {}", parts.join(", "))
    });
    let recorded = recorded.unwrap_or_default();
    format!("observing {organizations} every {interval}; {history}{recorded}")
}

/// Both ways of being told to end.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn take() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What is wrong is said when it changes, not in every cycle.
#[derive(Default)]
struct Log {
    said: String,
}

impl Log {
    fn cycled(&mut self, report: &CycleReport, push_error: Option<String>, audit_fault: Option<String>) {
        report.remarks.iter().for_each(|remark| say(remark));
        let mut wrong: Vec<String> = Vec::new();
        wrong.extend(
            report
                .refused
                .iter()
                .map(|why| format!("Pulumi Cloud refuses the token: {why}")),
        );
        wrong.extend(
            report
                .state
                .iter()
                .map(|why| format!("what was counted cannot be kept: {why}")),
        );
        if report.refused.is_none() {
            let first = report.errors.iter().take(3);
            wrong.extend(first.map(|(operation, org, why)| format!("{org}: {}: {why}", operation.name())));
        }
        wrong.extend(push_error.map(|why| format!("a push was left out: {why}")));
        wrong.extend(audit_fault.map(|why| format!("the ledger takes no audit records, they wait: {why}")));
        if report.is_call {
            // What a call does not come upon may be wrong all the same.
            wrong.retain(|why| !self.said.contains(why));
            if !wrong.is_empty() {
                say(&wrong.join("; "));
                let before = std::mem::take(&mut self.said);
                wrong.insert(0, before);
                wrong.retain(|why| !why.is_empty());
                self.said = wrong.join("; ");
            }
            return;
        }
        let said = wrong.join("; ");
        if said != self.said {
            match said.is_empty() {
                true => say("all calls succeed again"),
                false => say(&said),
            }
            self.said = said;
        }
    }
}
