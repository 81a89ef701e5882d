//! What the ledger has had to cope with, counted: no fault goes by unseen.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one [`crate::Ledger`], since it was opened.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Counter,)* }

        impl Counters {
            /// All counters by name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)*]
            }
        }
    };
}

counters! {
    /// Frames whose time was held at the one before because the clock was set back.
    clock_set_back,
    /// Bytes cut from the tails of chains whose writer died: never acknowledged.
    tail_bytes_cut,
    /// Damaged ranges found and passed over.
    damaged_ranges,
    /// Frames that were in damaged ranges: lost.
    damaged_frames,
    /// Appends refused because the tenant's budget was full.
    refused_full,
    /// Appends refused because undelivered frames were too old.
    refused_too_old,
    /// Appends refused because the batch was too large.
    refused_too_large,
    /// Appends refused because the disk was full.
    refused_disk_full,
    /// Appends refused because of another error of the disk, or because the chain had failed.
    refused_io,
    /// Chains that failed because the disk did not keep what it had accepted.
    failed_chains,
    /// Records a destination refused for good; kept and listed.
    refused_records,
    /// Records a destination refused for good that were erased with their segments.
    refused_records_erased,
    /// Segments erased by retention.
    erased_segments,
    /// Segments erased by retention that held a signal for which there is no cursor: nobody got it.
    erased_unread_segments,
    /// Chains whose beginning or end could not be entered in the trail at once; the next run enters them.
    heads_not_entered,
    /// Chains of which retention erased something that could not be entered in the trail; verification will miss it.
    erasures_not_entered,
    /// Bytes cut from the trail's end: a killed process's half-written batch, entered again by the next run.
    trail_bytes_cut,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}
