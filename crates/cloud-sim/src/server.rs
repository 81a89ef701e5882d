//! The server: routes, settings that can be changed while it runs, and its own thread.

mod body;
mod call;
mod connection;
mod control;
mod planned;
mod spoil;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use tokio::sync::oneshot;

use planned::Planned;

use crate::api::{Operation, ROUTES, Refusal};
use crate::faults::{Fault, Rule, Rules};
use crate::stats::{Counters, Stats};
use crate::world::World;

const JSON: &str = "application/json; charset=utf-8";

/// A simulation that does not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// No thread or runtime for the server.
    #[error("cannot start the server: {0}")]
    Thread(io::Error),
}

/// A running simulation. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the server's calls share with the caller.
#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    settings: Mutex<Settings>,
    counters: Arc<Counters>,
}

/// How calls are met.
#[derive(Debug, Default)]
struct Settings {
    /// The one that is right; any is when there is none.
    token: Option<String>,
    latency: Duration,
    rules: Rules,
    planned: Vec<Planned>,
}

impl Sim {
    /// Serves a world on a free port of this machine.
    pub fn start(world: World) -> Result<Self, SimError> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), world)
    }

    /// Serves a world at an address.
    pub fn start_at(address: SocketAddr, world: World) -> Result<Self, SimError> {
        let at = |error| SimError::Listen(address, error);
        let listener = std::net::TcpListener::bind(address).map_err(at)?;
        listener.set_nonblocking(true).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            settings: Mutex::default(),
            counters: Arc::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SimError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("pulumi-cloud-sim".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = serve(listener, served) => {}
                        _ = stopped => {}
                    }
                });
                // Ends what hangs.
                runtime.shutdown_background();
            });
        Ok(Self {
            address,
            url: format!("http://{address}"),
            shared,
            stop: Some(stop),
            thread: Some(thread.map_err(SimError::Thread)?),
        })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The world, to look at it or to change it. No call is answered while it is held.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// One more rule, after those there are.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.settings().rules.add(rule);
    }

    /// Nothing goes wrong any more, except for calls that already do.
    pub fn clear_rules(&self) {
        self.shared.settings().rules.clear();
    }

    /// Changes the world when the next call of an operation has been answered: what happens in the middle of a cycle.
    pub fn after(&self, operation: Operation, change: impl FnOnce(&mut World) + Send + 'static) {
        self.shared.settings().planned.push(Planned::new(operation, change));
    }

    /// Every answer comes so much later.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.settings().latency = latency;
    }

    /// Calls with another token are refused with 401. Without one being set, any token will do, but one there must be.
    pub fn set_token(&self, token: &str) {
        self.shared.settings().token = Some(token.to_owned());
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    /// The counters begin again at 0.
    pub fn reset_stats(&self) {
        self.shared.counters.reset();
    }

    /// Ends the server and its connections; the world is as it was left.
    pub fn stop(mut self) -> World {
        self.end();
        self.world().clone()
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread has ended already when nobody listens.
            let _ended = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what was planned for when a call of this operation is answered.
    fn change_after(&self, operation: Operation) {
        let planned = planned::take(&mut self.settings().planned, operation);
        if let Some(change) = planned {
            change(&mut self.world());
        }
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settings {
    /// What goes wrong with a call, and how long every answer takes.
    fn meet(&mut self, operation: Operation, path: &str, now: Instant) -> (Option<Fault>, Duration) {
        (self.rules.choose(operation, path, now), self.latency)
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = value
            .and_then(|value| value.strip_prefix("token "))
            .filter(|token| !token.is_empty());
        let is_right = match &self.token {
            Some(token) => given == Some(token),
            None => given.is_some(),
        };
        is_right
            .then_some(())
            .ok_or_else(|| Refusal::new(401, "Unauthorized: No credentials provided or are invalid."))
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = connection::CountingListener {
        listener: tokio::net::TcpListener::from_std(listener)?,
        counters: Arc::clone(&shared.counters),
    };
    axum::serve(listener, router(shared)).await
}

fn router(shared: Arc<Shared>) -> Router {
    let mut router = control::routes(&shared);
    for &(operation, path) in ROUTES {
        let shared = Arc::clone(&shared);
        let handler = move |path, query, uri, headers| call::call(shared.clone(), operation, path, query, uri, headers);
        router = router.route(path, get(handler));
    }
    router.fallback(async move || control::unknown(&shared))
}
