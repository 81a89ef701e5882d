//! Series into a ledger of their own, and from there to the destination: what was pushed waits when it is down.
//!
//! The ledger is in the state folder. Points that are delivered are worth nothing more and go when their room is needed;
//! when the destination is down for so long that the room is full, whole pushes are left out and counted: the sums are
//! cumulative, so that the next one says all that those would have.

use super::differences::Differences;
use sitelog_cloud::emit::{Emitter, Temporality};
use sitelog_cloud::series::Series;
use sitelog_export::{Counters, Exporter, OtlpConfig, Patience, Report};
use sitelog_ledger::{Budget, Chain, Ledger, Options};
use sitelog_model::otlp::metrics::v1::Metric;
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Sanitizer;
use std::path::Path;
use std::sync::Arc;

/// The room that pushes have to wait in, bytes: hours of an installation with many stacks.
const ROOM: u64 = 512 << 20;

/// Requests under way at a time: one push is a few dozen of a megabyte each, and nobody waits for it.
const IN_FLIGHT: usize = 2;

/// What is pushed.
pub(crate) struct Push {
    chain: Chain,
    exporter: Exporter,
    sanitizer: Sanitizer,
    emitter: Emitter,
    origin: Origin,
    tenant: TenantId,
    /// What is told of sums where not all of them is.
    differences: Option<Differences>,
    /// Pushes of which the ledger did not take all.
    left_out: u64,
    /// What the destination had refused before the last push.
    refused: u64,
}

/// How pushing ended.
pub(crate) struct Ended {
    /// What became of all.
    pub(crate) report: Report,
    /// Metrics and points of the last push that the destination refused.
    pub(crate) refused: u64,
}

impl Push {
    /// Begins below the folder of the state; what an earlier process left there is delivered too. `series` are as they were
    /// kept.
    pub(crate) fn begin(
        state: &Path,
        otlp: &OtlpConfig,
        sanitizer: &Sanitizer,
        emitter: Emitter,
        series: &Series,
    ) -> Result<Self, sitelog_ledger::Error> {
        Self::begin_within(ROOM, state, otlp, sanitizer, emitter, series)
    }

    fn begin_within(
        room: u64,
        state: &Path,
        otlp: &OtlpConfig,
        sanitizer: &Sanitizer,
        emitter: Emitter,
        series: &Series,
    ) -> Result<Self, sitelog_ledger::Error> {
        let differences = match emitter.temporality() {
            Temporality::Cumulative => None,
            Temporality::Delta => Some(Differences::begin(state, series)),
        };
        let options = Options {
            budget: Budget {
                bytes: Some(room),
                age: None,
            },
            compress: true,
            ..Options::default()
        };
        let ledger = Ledger::open(state.join("push"), options)?;
        let tenant = TenantId::default();
        let origin = Origin {
            source: Source::Cloud,
            id: Ulid::generate(),
        };
        let mut otlp = otlp.clone();
        otlp.pace.in_flight = IN_FLIGHT;
        let exporter = Exporter::start(otlp);
        for id in ledger.chains()? {
            // One that was killed ends where it ends: it is delivered as it is.
            if let Ok((left, _)) = ledger.reopen(&id) {
                left.seal()?;
            }
            exporter.deliver(&ledger, &id);
        }
        let chain = ledger.create(&tenant, origin.id)?;
        exporter.follow(&chain);
        Ok(Self {
            chain,
            exporter,
            sanitizer: sanitizer.clone(),
            emitter,
            origin,
            tenant,
            differences,
            left_out: 0,
            refused: 0,
        })
    }

    /// Pushes all series as they are at `now`, Unix nanoseconds, and what the exporter says of itself.
    ///
    /// # Errors
    /// Why not all of it was taken; what was not is said by the next push.
    pub(crate) fn push(&mut self, series: &Series, own: Vec<Metric>, now: u64) -> Result<(), String> {
        self.refused = self.refused();
        let pushed = match self.differences.take() {
            None => self.write_all(series, own, now).1,
            Some(mut differences) => {
                let new = differences.of(series);
                let told = differences.of_own(own);
                let (count, pushed) = self.write_all(&new, told.metrics(), now);
                let kept = differences.told(series, &new, count, now);
                if pushed.is_ok() {
                    differences.told_own(told);
                }
                self.differences = Some(differences);
                pushed.and(kept)
            }
        };
        self.left_out += u64::from(pushed.is_err());
        pushed
    }

    /// Writes all; also gives how many of the series' points were taken.
    fn write_all(&self, series: &Series, own: Vec<Metric>, now: u64) -> (usize, Result<(), String>) {
        let mut taken = 0;
        let written = self.emitter.emit(series, now, |request, count| {
            self.write(request)?;
            taken = count;
            Ok(())
        });
        (taken, written.and_then(|()| self.write(self.emitter.request(own))))
    }

    fn write(&self, request: Vec<u8>) -> Result<(), String> {
        let batch = Batch {
            tenant: self.tenant.clone(),
            signal: Signal::Metrics,
            origin: self.origin,
            payload: Payload::Otlp(request.into()),
        };
        let clean = self.sanitizer.batch(batch).map_err(|error| error.to_string())?;
        self.chain.write(&clean).map_err(|refused| refused.to_string())?;
        Ok(())
    }

    /// What was delivered.
    pub(crate) fn delivered(&self) -> &Arc<Counters> {
        self.exporter.counters()
    }

    /// Pushes that were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What the destination has refused so far: metrics, and points of those that it took.
    pub(crate) fn refused(&self) -> u64 {
        let metrics = self.delivered().of(Signal::Metrics);
        metrics.refused_records.get() + metrics.rejected_records.get()
    }

    /// Ends: waits for the destination while it makes progress.
    pub(crate) fn finish(self, patience: Patience) -> Ended {
        // Unsealed it is sealed by the next start.
        let _ = self.chain.seal();
        drop(self.chain);
        let report = self.exporter.finish(patience);
        let metrics = report.of_signal(Signal::Metrics);
        let refused = (metrics.refused + metrics.rejected).saturating_sub(self.refused);
        Ended { report, refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sitelog_cloud::metrics::STACK_RESOURCE_COUNT;
    use sitelog_export::config::{Key, Layers};
    use sitelog_sanitize::Settings;

    /// Scenario: nobody listens where points are to go, and there is room for little. Guarantees: pushes are left out and
    /// counted, none is refused, and the process goes on.
    #[test]
    fn pushes_without_room_are_left_out_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = [crate::settings::given(Key::Endpoint, "http://127.0.0.1:1", "a test")];
        let layers = Layers {
            flags: &endpoint,
            env: &|_| None,
            file: &[],
        };
        let otlp = OtlpConfig::resolve(&layers).unwrap();
        let sanitizer = Sanitizer::try_new(Settings::default()).unwrap();
        let emitter = Emitter::new(Vec::new(), Temporality::Cumulative);
        let mut push =
            Push::begin_within(1 << 20, folder.path(), &otlp, &sanitizer, emitter, &Series::default()).unwrap();
        let mut series = Series::default();
        for stack in 0..20_000 {
            let labels = [
                "o".into(),
                format!("p-{}", stack * 7_919).into(),
                format!("s-{stack}").into(),
            ];
            series.set(&STACK_RESOURCE_COUNT, labels.to_vec(), stack, 1);
        }
        let pushed: Vec<bool> = (0..30).map(|now| push.push(&series, Vec::new(), now).is_ok()).collect();
        let left_out = pushed.iter().filter(|is_pushed| !**is_pushed).count() as u64;
        assert!(pushed[0] && left_out > 0, "{pushed:?}");
        assert_eq!(push.left_out(), left_out);
        assert_eq!(push.refused(), 0);
    }
}
