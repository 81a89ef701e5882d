//! A Pulumi Cloud that is not there: its API over HTTP, a history out of a seed, faults on demand, and the truth about
//! what an exporter must say of it.
//!
//! ```no_run
//! use sitelog_cloud_sim::{Backfill, Observer, Sim, Special};
//!
//! let mut special = Special::new(7, 1_790_000_000);
//! let sim = Sim::start(special.world())?;
//! let mut observer = Observer::new(Backfill::None, &["acme"]);
//! for _ in 0..Special::POLLS {
//!     special.step(&mut sim.world())?;
//!     // one cycle of the exporter against `sim.url()`
//!     let truth = observer.poll(&sim.world());
//!     println!("{} sums, {} calls", truth.sums.len(), sim.stats().total());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod clock;
mod faults;
mod generate;
mod mutation;
mod random;
mod server;
mod special;
mod stats;
mod truth;
mod world;

pub use api::Operation;
pub use clock::Clock;
pub use faults::{Fault, RetryAfter, Rule};
pub use generate::{Plan, furnish};
pub use mutation::Mutation;
pub use random::Random;
pub use server::{Sim, SimError};
pub use special::Special;
pub use stats::Stats;
pub use truth::{BOUNDS, Backfill, Counted, Histogram, METRICS, Observer, Series, Truth};
pub use world::{
    AuditEntry, DEPLOYMENT_STATUSES, Deployment, Kind, LEVELS, OPERATIONS, Organization, Outcome, PolicyTotals, Stack,
    StackPath, TASK_STATUSES, Task, Update, VIOLATION_KINDS, Violation, World, WorldError,
};
