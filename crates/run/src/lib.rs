//! Runs one command and records it.

mod capture;
pub mod ci;
mod clock;
mod gap;
mod identity;
mod job;
mod outcome;
mod process;
mod recorder;
mod recording;
mod recover;
mod signals;
pub mod socket;
mod span;
mod terminal;

pub use clock::unix_nanos;
pub use identity::{Actor, Identity};
pub use job::{Manner, RunError, execute};
pub use outcome::Outcome;
pub use process::{Invocation, StartError};
pub use recorder::{Policy, Recorder, Tally, WhenFull};
pub use recording::{Recorded, Recording, Run};
pub use recover::finish_interrupted;
pub use signals::Signals;
pub use span::{Place, scope};
pub use terminal::PtyMode;
