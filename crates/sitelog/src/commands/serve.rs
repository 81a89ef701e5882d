//! `sitelog serve`: the gateway.

use crate::cli::ServeArgs;
use crate::exit::{Failure, say};
use crate::leftovers::{finish, is_gateways};
use crate::serve::access::{Access, Made};
use crate::serve::{
    Addresses, Admin, Delivery, Keys, Plan, TenantChains, notify, serve_admin, spans_of_requests, traced,
};
use crate::settings::{LogLevel, ServeSettings, merge};
use crate::setup::Setup;
use sitelog_export::Patience;
use sitelog_ledger::{Chain, ChainId, Ledger};
use sitelog_model::{Signal, TenantId};
use sitelog_receive::{Gateway, Role, Rules, Server, Tls};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How often the tokens' file is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often it is looked for what is too old, and for chains of earlier starts that may go.
const SWEEP: Duration = Duration::from_secs(10);

pub(super) fn run(setup: &Setup, args: &ServeArgs) -> Result<ExitCode, Failure> {
    let settings: ServeSettings = merge(&args.settings, &setup.file.serve.settings())?;
    let addresses = Addresses::of(&settings)?;
    let (_, short) = setup.sanitizer(&args.sanitize, &[], Vec::new())?;
    crate::exit::say_too_short(&short);
    let tls = tls(&settings)?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .max_blocking_threads(16)
        .enable_all()
        .build()?;
    let site = Site {
        setup,
        args,
        settings,
        addresses,
        tls,
        last: RefCell::default(),
    };
    let ended = runtime.block_on(site.serve());
    runtime.shutdown_background();
    ended
}

/// As many files as the system allows: each tenant has some open, and the soft limit is for programs that use `select`.
fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // What is not allowed is told by what needs it.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// As many as there are processors, four at most: the rest is the exporters' and the disk's.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4)
}

/// What the certificates' files say.
pub(super) fn tls(settings: &ServeSettings) -> Result<Option<Arc<Tls>>, Failure> {
    let Some((certificate, key, clients)) = tls_files(settings)? else {
        return Ok(None);
    };
    let tls = Tls::new(&certificate, &key, clients.as_deref());
    tls.map(|tls| Some(Arc::new(tls)))
        .map_err(|why| Failure::usage(format!("--tls-certificate: {why}")))
}

/// Certificate, key and authorities.
type TlsFiles = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

fn tls_files(settings: &ServeSettings) -> Result<Option<TlsFiles>, Failure> {
    let read = |path: &Path, flag: &str| {
        std::fs::read(path)
            .map_err(|error| Failure::usage(format!("{flag} {}: cannot be read: {error}", path.display())))
    };
    let clients = settings.tls_client_ca.as_deref();
    match (&settings.tls_certificate, &settings.tls_key) {
        (None, None) if clients.is_some() => {
            Err(Failure::usage("--tls-client-ca: needs --tls-certificate and --tls-key"))
        }
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let clients = clients.map(|path| read(path, "--tls-client-ca")).transpose()?;
            let (certificate, key) = (read(certificate, "--tls-certificate")?, read(key, "--tls-key")?);
            Ok(Some((certificate, key, clients)))
        }
        _ => Err(Failure::usage("--tls-certificate and --tls-key: one needs the other")),
    }
}

/// All that the server is made of.
struct Site<'a> {
    setup: &'a Setup,
    args: &'a ServeArgs,
    settings: ServeSettings,
    addresses: Addresses,
    tls: Option<Arc<Tls>>,
    last: RefCell<Last>,
}

/// What holds, and what was wrong when it was read last.
#[derive(Default)]
struct Last {
    /// The last file that was right, once there is another one than at the start.
    good: Option<Setup>,
    is_open: bool,
    said: String,
}

impl Site<'_> {
    async fn serve(&self) -> Result<ExitCode, Failure> {
        let keys = Keys::new().map_err(anyhow::Error::from)?;
        // Before the plan, which reads the tokens.
        let first = self.first_token();
        let mut looked = modified(&self.setup.data_dir());
        let plan = self.plan(self.setup, &keys, None)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let delivery = Arc::new(Delivery::new(&plan));
        let keep = self.settings.keep_delivered.map_or(Duration::ZERO, |keep| keep.0);
        let chains = TenantChains::new(self.setup.data_dir(), Arc::clone(&delivery), plan.others.clone(), keep)?;
        let chains = Arc::new(chains);
        let gateway = Gateway::new(
            workers(),
            chains.clone(),
            plan.limits.clone(),
            plan.others.rules.clone(),
        );
        let gateway = Arc::new(gateway);
        let admin = Arc::new(Admin {
            gateway: gateway.clone(),
            chains: chains.clone(),
            delivery: delivery.clone(),
            open: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            spans_left_out: Arc::default(),
        });
        self.apply(plan, &gateway, &chains, &admin);
        tokio::task::block_in_place(|| self.leftovers(&chains))?;
        let (stop, stopped) = watch::channel(false);
        let (over, ended) = watch::channel(false);
        let server = Server::new(gateway.clone());
        let mut ports = Vec::new();
        let mut bound = Vec::new();
        for (address, flag) in [(self.addresses.grpc, "--grpc"), (self.addresses.http, "--http")] {
            let Some(address) = address else {
                bound.push("none".to_owned());
                continue;
            };
            let listener = listen(address, flag).await?;
            bound.push(listener.local_addr()?.to_string());
            let (server, tls, stopped) = (server.clone(), self.tls.clone(), stopped.clone());
            ports.push(tokio::spawn(async move { server.serve(listener, tls, stopped).await }));
        }
        match self.addresses.admin {
            None => bound.push("none".to_owned()),
            Some(address) => {
                let listener = listen(address, "--admin").await?;
                bound.push(listener.local_addr()?.to_string());
                let mut ended = ended.clone();
                let until = async move { drop(ended.wait_for(|ended| *ended).await) };
                tokio::spawn(serve_admin(listener, admin.clone(), until));
            }
        }
        let (end_spans, spans_end) = watch::channel(false);
        let spans = traced(&self.settings)?.map(|tenant| {
            let left_out = Arc::clone(&admin.spans_left_out);
            tokio::spawn(spans_of_requests(&gateway, tenant, left_out, spans_end))
        });
        let erasing = [
            tokio::spawn(erase(chains.clone())),
            tokio::spawn(survey(chains.clone())),
        ];
        say_ready(&bound);
        if let Some(first) = first {
            // The one place where a token is shown: past what hides secrets.
            eprint_token(&first.token);
        }
        notify("READY=1");
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => { self.reload(&gateway, &chains, &admin, &keys); }
                () = tokio::time::sleep(LOOK) => {
                    let now = modified(&self.setup.data_dir());
                    if now != looked && self.reload(&gateway, &chains, &admin, &keys) {
                        looked = now;
                    }
                }
            }
        }
        erasing.iter().for_each(tokio::task::JoinHandle::abort);
        notify("STOPPING=1");
        admin.stopping.store(true, Relaxed);
        let patience = self
            .settings
            .stop_timeout
            .map_or(Duration::from_secs(10), |time| time.0);
        let _ = stop.send(true);
        let answered = async {
            for port in ports {
                let _ = port.await;
            }
        };
        // What is under way is answered; who sends on for longer is cut off, and sends again elsewhere.
        let since = Instant::now();
        let _ = tokio::time::timeout(patience, answered).await;
        let _ = end_spans.send(true);
        if let Some(spans) = spans {
            let _ = tokio::time::timeout(patience.saturating_sub(since.elapsed()), spans).await;
        }
        let written = gateway.close().await;
        let left = tokio::task::block_in_place(|| end(&delivery, written, patience.saturating_sub(since.elapsed())));
        let _ = over.send(true);
        if let Some(left) = left {
            say(&left);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Lets a plan hold from now on.
    fn apply(&self, plan: Plan, gateway: &Gateway, chains: &TenantChains, admin: &Admin) {
        self.last.borrow_mut().is_open = plan.doors.open.is_some();
        admin.open.store(
            plan.doors.open.is_some() && self.addresses.admin.is_none_or(|admin| admin.ip().is_loopback()),
            Relaxed,
        );
        chains.reload(plan.tenants.clone(), plan.others.clone());
        let rules: std::collections::BTreeMap<TenantId, Rules> = plan
            .tenants
            .into_iter()
            .map(|(id, tenant)| (id, tenant.rules))
            .collect();
        gateway.reload(plan.doors, plan.limits, plan.origins, rules, plan.others.rules);
    }

    /// Reads everything anew; what is wrong is told once. Tokens hold even when the file is wrong. Says whether all is right.
    fn reload(&self, gateway: &Gateway, chains: &TenantChains, admin: &Admin, keys: &Keys) -> bool {
        notify("RELOADING=1");
        let was_open = Some(self.last.borrow().is_open);
        let read = self.read_again(keys, was_open);
        let is_right = read.is_ok();
        let plan = match read {
            Ok((plan, files, setup)) => {
                if let (Some(tls), Some((certificate, key, clients))) = (&self.tls, files)
                    && let Err(why) = tls.reload(&certificate, &key, clients.as_deref())
                {
                    say(&format!("the certificates stay as they were: {why}"));
                }
                let mut last = self.last.borrow_mut();
                (last.good, last.said) = (Some(setup), String::new());
                if self.setup.log_level() >= LogLevel::Info {
                    say("configuration and tokens were read again");
                }
                Ok(plan)
            }
            Err(failure) => {
                let mut last = self.last.borrow_mut();
                if last.said != failure.why {
                    say(&format!("the configuration stays as it was: {}", failure.why));
                    last.said = failure.why;
                }
                self.plan(last.good.as_ref().unwrap_or(self.setup), keys, was_open)
            }
        };
        // Tokens that cannot be read either: those that are known stay, and it is tried again.
        if let Ok(plan) = plan {
            self.apply(plan, gateway, chains, admin);
        }
        notify("READY=1");
        is_right
    }

    fn plan(&self, setup: &Setup, keys: &Keys, was_open: Option<bool>) -> Result<Plan, Failure> {
        let settings: ServeSettings = merge(&self.args.settings, &setup.file.serve.settings())?;
        let otlp = setup.otlp(&self.args.otlp)?;
        let (settings, out) = ((&settings, &self.args.ledger), (&otlp, &self.args.sanitize));
        Plan::new(setup, settings, out, (&self.addresses, keys), was_open)
    }

    fn read_again(&self, keys: &Keys, was_open: Option<bool>) -> Result<(Plan, Option<TlsFiles>, Setup), Failure> {
        let setup = self.setup.again()?;
        let plan = self.plan(&setup, keys, was_open)?;
        Ok((plan, tls_files(&self.settings)?, setup))
    }

    /// Has what earlier processes left delivered.
    fn leftovers(&self, chains: &TenantChains) -> Result<(), Failure> {
        let all = Ledger::open(self.setup.data_dir(), sitelog_ledger::Options::default())?.chains()?;
        for id in all {
            let ledger = chains.ledger(&id.tenant)?;
            // One that was killed ends where it ends; a run's is finished as a run would. What somebody writes, they deliver.
            let is_gateways = is_gateways(&ledger, &id);
            let is_ours = match is_gateways {
                true => seal(&ledger, &id).map_err(Failure::from),
                false => finish(&ledger, &id),
            };
            match is_ours {
                Ok(true) => {}
                Ok(false) => continue,
                // A disk that takes nothing more must not keep back what it has.
                Err(failure) => say(&failure.why),
            }
            chains.left(&id, is_gateways)?;
        }
        Ok(())
    }

    /// Where nobody has a token yet, an administrator gets one, once.
    fn first_token(&self) -> Option<Made> {
        let now = sitelog_run::unix_nanos() / 1_000_000_000;
        let made = Access::change(&self.setup.data_dir(), |access| {
            let is_first = access.tokens.is_empty();
            is_first.then(|| access.add(&TenantId::default(), Role::Admin, None, now))
        });
        // A folder that takes nothing is told by what needs it.
        made.ok().flatten()
    }
}

/// Ends a chain of an earlier gateway; false when another one writes it.
fn seal(ledger: &Ledger, id: &ChainId) -> Result<bool, sitelog_ledger::Error> {
    match ledger.reopen(id) {
        Ok((left, _)) => left.seal().map(|_| true),
        Err(sitelog_ledger::Error::Sealed(_)) => Ok(true),
        Err(sitelog_ledger::Error::Locked { .. } | sitelog_ledger::Error::NoChain(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn say_ready(bound: &[String]) {
    if let [grpc, http, admin] = bound {
        say(&format!(
            "taking OTLP at {grpc} (gRPC) and {http} (HTTP); health and metrics at {admin}"
        ));
    }
}

#[expect(clippy::print_stderr, reason = "a token that is shown once")]
fn eprint_token(token: &str) {
    eprintln!("sitelog: the administrator's token, shown once: {token}");
}

async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Failure::unavailable(format!("{flag} {address}: {error}")))
}

/// Erases what is delivered, again and again.
async fn erase(chains: Arc<TenantChains>) {
    let mut said = String::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let chains = Arc::clone(&chains);
        tell_once(&mut said, blocking(move || chains.release()).await);
    }
}

/// Makes room where there is none, and looks now and then for what is too old and for chains of earlier starts that may go.
async fn survey(chains: Arc<TenantChains>) {
    let mut said = String::new();
    let (mut swept, mut apart) = (Instant::now(), SWEEP);
    loop {
        tokio::select! {
            () = tokio::time::sleep_until((swept + apart).into()) => {}
            () = chains.wanted() => {
                let chains = Arc::clone(&chains);
                tell_once(&mut said, blocking(move || chains.make_room()).await);
                continue;
            }
        }
        let (chains, begun) = (Arc::clone(&chains), Instant::now());
        tell_once(&mut said, blocking(move || chains.sweep()).await);
        // It reads the headers of all frames that are there: a small part of the time.
        (swept, apart) = (Instant::now(), SWEEP.max(begun.elapsed() * 20));
    }
}

async fn blocking(erase: impl FnOnce() -> Result<(), sitelog_ledger::Error> + Send + 'static) -> Result<(), String> {
    match tokio::task::spawn_blocking(erase).await {
        Ok(Err(error)) => Err(format!("what is delivered cannot be erased: {error}")),
        _ => Ok(()),
    }
}

fn tell_once(said: &mut String, erased: Result<(), String>) {
    let why = erased.err().unwrap_or_default();
    if why != *said && !why.is_empty() {
        say(&why);
    }
    *said = why;
}

/// When the tokens were changed last.
fn modified(data_dir: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(Access::path(data_dir))
        .and_then(|file| file.modified())
        .ok()
}

/// Seals what was written and waits for destinations while they make progress; says what is left.
fn end(delivery: &Delivery, written: Vec<Chain>, patience: Duration) -> Option<String> {
    for chain in &written {
        // Unsealed it is sealed by the next start.
        let _ = chain.seal();
    }
    drop(written);
    let idle = Duration::from_secs(1).min(patience);
    let reports = delivery.finish(Patience { total: patience, idle });
    let mut left = Vec::new();
    for (tenant, destination, report) in reports {
        let frames: u64 = Signal::ALL
            .iter()
            .map(|signal| report.of_signal(*signal).waiting.frames)
            .sum();
        if frames > 0 {
            left.push(format!("{tenant} → {destination}: {frames} requests"));
        }
    }
    (!left.is_empty()).then(|| format!("not delivered yet, waits for the next start: {}", left.join(", ")))
}
