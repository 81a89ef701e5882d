//! One thread for many exporters: a current-thread runtime, and one task an exporter.

use super::report::Report;
use super::worker::{Order, serve};
use super::{Exporter, Shared};
use crate::config::OtlpConfig;
use crate::counters::Counters;
use crate::delivery::route::Pools;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, LocalSet};

/// Room for requests that are in memory: on their way, or about to be.
const BUDGET: usize = 16 << 20;
/// The thread's stack: TLS and HTTP/2 need a few dozen KiB, unoptimized builds some hundred.
const STACK: usize = 1 << 20;
/// Names that are being resolved at the same time: one that hangs must not keep the others waiting.
const RESOLVERS: usize = 16;

/// Many exporters on one thread, fair to each other: what a destination does that is slow, hangs or is out costs only its own
/// exporter. They share one budget of memory; while a destination is out, nothing is kept in memory for it.
///
/// The thread begins when the first of its exporters has something to deliver, and ends after the last one.
#[derive(Clone)]
pub struct Exporters(Arc<Hub>);

/// The thread, as its exporters see it.
pub(super) struct Hub {
    budget: usize,
    held: Arc<AtomicUsize>,
    jobs: Mutex<Option<UnboundedSender<Job>>>,
}

/// An exporter that begins.
pub(super) struct Job {
    pub(super) config: Box<OtlpConfig>,
    pub(super) orders: UnboundedReceiver<Order>,
    pub(super) counters: Arc<Counters>,
    pub(super) report: Sender<Report>,
}

impl Exporters {
    /// With room for 16 MiB of requests in memory.
    pub fn start() -> Self {
        Self::with_budget(BUDGET)
    }

    /// With room for so many bytes of requests in memory. A frame larger than what is left is read nevertheless.
    pub fn with_budget(bytes: usize) -> Self {
        let (budget, held, jobs) = (bytes, Arc::default(), Mutex::default());
        Self(Arc::new(Hub { budget, held, jobs }))
    }

    /// Bytes of requests that are in memory now.
    pub fn held_bytes(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Makes an exporter on this thread; nothing is connected yet. When it is dropped unfinished, it lets go of its chains, and
    /// their cursors stay where they are.
    pub fn exporter(&self, config: OtlpConfig) -> Exporter {
        self.counting(config, Arc::default())
    }

    /// [`Exporters::exporter`] that goes on with the counters of another one, in whose place it comes.
    pub fn counting(&self, config: OtlpConfig, counters: Arc<Counters>) -> Exporter {
        Exporter {
            shared: Shared::new(self.0.clone(), config, counters),
        }
    }
}

impl Hub {
    /// Has a job done.
    pub(super) fn begin(&self, job: Job) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.is_none() {
            let (sender, receiver) = unbounded_channel();
            let pools = (self.budget, self.held.clone());
            let builder = std::thread::Builder::new()
                .name("exporter".to_owned())
                .stack_size(STACK);
            if let Err(error) = builder.spawn(move || run(receiver, pools)) {
                return job.fail(&format!("cannot start the exporter's thread: {error}"));
            }
            *jobs = Some(sender);
        }
        if let Some(jobs) = &*jobs {
            // The thread ends only after its hub; one that has panicked leaves the report out.
            drop(jobs.send(job));
        }
    }
}

impl Job {
    async fn serve(self, pools: Pools) {
        let report = serve(&self.config, &pools, self.orders, self.counters).await;
        // An exporter that was dropped does not want it.
        drop(self.report.send(report));
    }

    fn fail(self, why: &str) {
        drop(self.report.send(Report::failed(&self.counters, why)));
    }
}

fn run(mut jobs: UnboundedReceiver<Job>, (budget, held): (usize, Arc<AtomicUsize>)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(RESOLVERS)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = format!("cannot start the exporter's runtime: {error}");
            while let Some(job) = jobs.blocking_recv() {
                job.fail(&why);
            }
            return;
        }
    };
    let pools = Pools::new(budget, &held);
    LocalSet::new().block_on(&runtime, async {
        let mut desks = JoinSet::new();
        loop {
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => drop(desks.spawn_local(job.serve(pools.clone()))),
                    None => break,
                },
                // One that panicked has been reported by the panic hook.
                Some(_) = desks.join_next() => {}
            }
        }
        while desks.join_next().await.is_some() {}
    });
    // A name being resolved on another thread is not waited for.
    runtime.shutdown_background();
}
