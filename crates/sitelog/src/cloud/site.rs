//! What is shown over HTTP, and what is pushed: one place knows the state of all.

use super::own::{self, Aside};
use super::push::Push;
use sitelog_cloud::cycle::CycleReport;
use sitelog_cloud::exporter::Observed;
use sitelog_cloud::exposition::{self, Format};
use sitelog_cloud::web::{Called, Shown};
use sitelog_model::Signal;
use sitelog_run::unix_nanos;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A good cycle that is older than so many intervals is no sign of health.
const STALE: u32 = 3;

/// The exporter as others see it.
pub(crate) struct Site {
    observed: Observed,
    push: Mutex<Option<Push>>,
    interval: Duration,
    started: u64,
    health: Mutex<Health>,
    webhooks: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Default)]
struct Health {
    refused: Option<String>,
    state: Option<String>,
    error: Option<String>,
    pushed: u64,
    push_error: Option<String>,
}

impl Health {
    /// A call reads one stack: what it does not come upon may be wrong all the same.
    fn take(&mut self, report: &CycleReport) {
        let first = report.errors.first();
        let error = first.map(|(operation, org, why)| format!("{org}: {}: {why}", operation.name()));
        for (known, found) in [
            (&mut self.refused, report.refused.clone()),
            (&mut self.state, report.state.clone()),
            (&mut self.error, error),
        ] {
            if found.is_some() || !report.is_call {
                *known = found;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(crate) fn new(observed: Observed, push: Option<Push>, interval: Duration) -> Self {
        Self {
            observed,
            push: Mutex::new(push),
            interval,
            started: unix_nanos(),
            health: Mutex::default(),
            webhooks: Mutex::default(),
        }
    }

    /// A cycle has ended: what it found is told, and pushed.
    pub(crate) fn cycled(&self, report: &CycleReport) {
        lock(&self.health).take(report);
        self.push();
    }

    /// Pushes all there is. Without a destination the ends of series are told by their absence.
    pub(crate) fn push(&self) {
        let now = unix_nanos();
        let own = own::all(&self.observed.counters().counts(), &self.aside(now));
        let mut push = lock(&self.push);
        let Some(push) = push.as_mut() else {
            self.observed.series(|series| series.told());
            return;
        };
        let pushed = self.observed.series(|series| {
            let pushed = push.push(series, own::otlp(own, self.started, now), now);
            if pushed.is_ok() {
                series.told();
            }
            pushed
        });
        let mut health = lock(&self.health);
        health.pushed = now;
        health.push_error = pushed.err();
    }

    /// Pushes again when the last time is longer ago than `period`: gauges fade at the receiver.
    pub(crate) fn push_again(&self, period: Duration) {
        let pushed = lock(&self.health).pushed;
        let age = Duration::from_nanos(unix_nanos().saturating_sub(pushed));
        if pushed > 0 && age >= period.mul_f64(0.9) {
            self.push();
        }
    }

    /// Why the last push was not taken whole.
    pub(crate) fn push_error(&self) -> Option<String> {
        lock(&self.health).push_error.clone()
    }

    /// Why audit records wait.
    pub(crate) fn audit_fault(&self) -> Option<String> {
        self.observed.counters().counts().audit_fault
    }

    /// Ends: what is pushed is given back, whoever still looks at the rest.
    pub(crate) fn take_push(&self) -> Option<Push> {
        lock(&self.push).take()
    }

    fn aside(&self, now: u64) -> Aside {
        let mut aside = Aside {
            now,
            throttled: self.observed.throttled(),
            series: self.observed.series(|series| series.len()),
            webhooks: lock(&self.webhooks)
                .iter()
                .map(|(outcome, count)| (*outcome, *count))
                .collect(),
            ..Aside::default()
        };
        if let Ok(push) = self.push.try_lock()
            && let Some(push) = push.as_ref()
        {
            let delivered = push.delivered().of(Signal::Metrics);
            aside.left_out = push.left_out();
            aside.delivered = delivered.delivered_records.get();
            aside.refused = delivered.refused_records.get() + delivered.rejected_records.get();
        }
        aside
    }

    fn count(&self, outcome: &'static str) {
        *lock(&self.webhooks).entry(outcome).or_default() += 1;
    }
}

impl Shown for Site {
    fn metrics(&self, format: Format) -> String {
        let mut text = String::new();
        self.observed
            .series(|series| exposition::write(series, format, &mut text));
        let own = own::all(&self.observed.counters().counts(), &self.aside(unix_nanos()));
        own::write(&own, format, &mut text);
        exposition::end(format, &mut text);
        text
    }

    fn ready(&self) -> Result<(), String> {
        let health = lock(&self.health);
        if let Some(why) = &health.refused {
            return Err(format!("Pulumi Cloud refuses the token: {why}"));
        }
        if let Some(why) = &health.state {
            return Err(format!("what is counted cannot be kept: {why}"));
        }
        let because = health.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let Some(last) = self.observed.counters().counts().last_good else {
            return Err(format!("no good cycle yet{because}"));
        };
        let age = Duration::from_nanos(unix_nanos().saturating_sub(last));
        match age > self.interval * STALE {
            true => Err(format!("the last good cycle was {} s ago{because}", age.as_secs())),
            false => Ok(()),
        }
    }

    fn called(&self, called: Called) {
        match called {
            Called::Stack(stack) => {
                self.count("taken");
                // Dropped ones are counted, and the next cycle reads what has changed.
                let _ = self.observed.call(stack);
            }
            Called::Organization(_) => self.count("passed over"),
        }
    }

    fn refused(&self, why: &'static str) {
        self.count(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sitelog_cloud::config::{Config, Secret};
    use sitelog_cloud::emit::{Emitter, Temporality};
    use sitelog_cloud::exporter::CloudExporter;
    use sitelog_cloud::series::Series;
    use sitelog_export::OtlpConfig;
    use sitelog_export::config::{Key, Layers};
    use sitelog_sanitize::{Sanitizer, Settings};
    use std::sync::Arc;

    /// Scenario: a connection is open at the end, and holds the site. Guarantee: what is pushed is given back all the same,
    /// so that the end waits for it and tells what was not delivered.
    #[test]
    fn what_is_pushed_is_given_back_while_somebody_looks() {
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
        let push = Push::begin(folder.path(), &otlp, &sanitizer, emitter, &Series::default()).unwrap();
        let config = Config::new(Secret::new("t"), vec!["o".to_owned()], folder.path().join("state"));
        let exporter = CloudExporter::open(config).unwrap();
        let site = Arc::new(Site::new(exporter.observed(), Some(push), Duration::from_secs(60)));
        let connection = Arc::clone(&site);
        assert!(site.take_push().is_some());
        // Who looks on sees the rest.
        assert!(connection.metrics(Format::Text).contains("sitelog_"));
    }

    /// Scenario: a webhook has one stack read while the token was refused before. Guarantees: what goes well then clears
    /// nothing, what it comes upon is shown, and a whole cycle clears it.
    #[test]
    fn a_call_clears_nothing() {
        let report = |is_call, refused: Option<&str>| CycleReport {
            is_call,
            refused: refused.map(str::to_owned),
            ..CycleReport::default()
        };
        let mut health = Health::default();
        health.take(&report(false, Some("gone")));
        health.take(&report(true, None));
        assert_eq!(health.refused.as_deref(), Some("gone"));
        health.take(&report(false, None));
        assert_eq!(health.refused, None);
        health.take(&report(true, Some("gone again")));
        assert_eq!(health.refused.as_deref(), Some("gone again"));
    }
}
