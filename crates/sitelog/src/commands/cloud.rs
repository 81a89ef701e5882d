//! `sitelog cloud`: the Pulumi Cloud exporter.

use crate::cli::CloudArgs;
use crate::cloud::{Push, Resolved, Site, standard};
use crate::exit::{Failure, say};
use crate::setup::Setup;
use sitelog_cloud::config::{Backfill, Config};
use sitelog_cloud::cycle::CycleReport;
use sitelog_cloud::emit::Emitter;
use sitelog_cloud::exporter::{CloudExporter, OpenError};
use sitelog_cloud::web::{self, Webhooks};
use sitelog_export::{OtlpConfig, Patience};
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
    let config = pulumi
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
    let address = web.address();
    let listener =
        web::bind(address).map_err(|error| Failure::unavailable(format!("--web.listen-address {address}: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let webhooks = secret.as_ref().map(Webhooks::new);
    runtime.block_on(export(config, &otlp, &sanitizer, listener, webhooks))
}

async fn export(
    config: Config,
    otlp: &OtlpConfig,
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
    let again = tokio::spawn(push_again(Arc::clone(&site), until(over)));
    let mut log = Log::default();
    let shown = Arc::clone(&site);
    exporter
        .run(stop.wait(), |report| {
            // Writing waits for the disk; the other worker goes on.
            tokio::task::block_in_place(|| shown.cycled(report));
            log.cycled(report, shown.push_error());
        })
        .await;
    drop(shown);
    let _ = ended.send(true);
    let _ = again.await;
    // Who still reads an answer may, but not for ever.
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    let push = Arc::into_inner(site).and_then(Site::into_push);
    tokio::task::block_in_place(|| end(push))
}

/// The end of a push; the exit status tells when something is left.
fn end(push: Option<Push>) -> Result<ExitCode, Failure> {
    let Some(push) = push else {
        return Ok(ExitCode::SUCCESS);
    };
    let report = push.finish(Patience { total: END, idle: END });
    let metrics = report.of_signal(Signal::Metrics);
    if metrics.waiting.frames == 0 && !metrics.waiting.more {
        return Ok(ExitCode::SUCCESS);
    }
    let why = metrics
        .last_error
        .as_deref()
        .map(|why| format!(": {why}"))
        .unwrap_or_default();
    Err(Failure::unavailable(format!(
        "the last points were not delivered and wait for the next start{why}"
    )))
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
    format!("observing {organizations} every {interval}; {history}")
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
    fn cycled(&mut self, report: &CycleReport, push_error: Option<String>) {
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
