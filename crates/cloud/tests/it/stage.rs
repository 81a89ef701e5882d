//! A simulated Pulumi Cloud, an exporter that can be killed and started again, and the truth about what it must say.

use sitelog_cloud::clock::Clock;
use sitelog_cloud::config::{self, Config, Secret};
use sitelog_cloud::cycle::CycleReport;
use sitelog_cloud::exporter::{CloudExporter, OpenError};
use sitelog_cloud::series::Value;
use sitelog_cloud::state::StateError;
use sitelog_cloud_sim::{Backfill, Observer, Series, Sim, Truth, World};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What a series is at, in a form that both sides have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum At {
    Number(f64),
    Histogram(Vec<u64>, f64, f64, f64),
}

pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) observer: Observer,
    pub(crate) config: Config,
    pub(crate) exporter: Option<CloudExporter>,
    now: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new(world: World, backfill: Backfill) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(world.now()));
        let organizations: Vec<String> = world.organizations().keys().cloned().collect();
        let sim = Sim::start(world).unwrap();
        let names: Vec<&str> = organizations.iter().map(String::as_str).collect();
        let observer = Observer::new(backfill, &names);
        let mut config = Config::new(Secret::new("pul-test"), organizations, folder.path().to_owned());
        config.api_url = sim.url().to_owned();
        config.backfill = match backfill {
            Backfill::None => config::Backfill::None,
            Backfill::Window(seconds) => config::Backfill::Window(Duration::from_secs(seconds.unsigned_abs())),
            Backfill::All => config::Backfill::All,
        };
        let shown = Arc::clone(&now);
        config.clock = Clock::new(move || shown.load(Ordering::Relaxed).unsigned_abs() * 1_000_000_000);
        Self {
            sim,
            observer,
            config,
            exporter: None,
            now,
            _folder: folder,
        }
    }

    /// The simulation's time is the exporter's.
    pub(crate) fn tick(&self) {
        self.now.store(self.sim.world().now(), Ordering::Relaxed);
    }

    pub(crate) async fn exporter(&mut self) -> &mut CloudExporter {
        self.tick();
        if self.exporter.is_none() {
            self.exporter = Some(open(&self.config).await.unwrap());
        }
        self.exporter.as_mut().unwrap()
    }

    pub(crate) async fn cycle(&mut self) -> CycleReport {
        self.exporter().await.cycle().await
    }

    /// Nothing is closed, nothing is said.
    pub(crate) fn kill(&mut self) {
        self.exporter = None;
    }

    /// A cycle after which everything must be as it is.
    pub(crate) async fn poll(&mut self) -> CycleReport {
        let report = self.cycle().await;
        assert!(report.is_good && report.failed == 0, "{report:?}");
        let truth = self.observer.poll(&self.sim.world());
        self.compare(&truth);
        self.told();
        report
    }

    pub(crate) fn told(&mut self) {
        if let Some(exporter) = &self.exporter {
            exporter.observed().series(|series| series.told());
        }
    }

    pub(crate) fn compare(&self, truth: &Truth) {
        let differences = differences(&self.said(), &wanted(truth));
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    /// Every series that the exporter says.
    pub(crate) fn said(&self) -> BTreeMap<String, At> {
        let observed = self.exporter.as_ref().unwrap().observed();
        observed.series(|series| {
            let mut said = BTreeMap::new();
            for (metric, points) in series.families() {
                for (labels, point) in points.iter().filter(|(_, point)| !point.is_ending()) {
                    let mut labels: Vec<String> = metric
                        .labels
                        .iter()
                        .zip(labels)
                        .map(|(key, value)| format!("{key}={value:?}"))
                        .collect();
                    labels.sort_unstable();
                    let at = match &point.value {
                        Value::Int(value) => At::Number(*value as f64),
                        Value::Histogram(value) => {
                            At::Histogram(value.buckets.clone(), value.sum, value.min, value.max)
                        }
                    };
                    said.insert(format!("{}{{{}}}", metric.name, labels.join(",")), at);
                }
            }
            said
        })
    }

    /// The value of a series.
    pub(crate) fn at(&self, series: &Series) -> Option<At> {
        self.said().remove(&series.to_string())
    }
}

/// A killed exporter may still be busy with its last commit.
pub(crate) async fn open(config: &Config) -> Result<CloudExporter, OpenError> {
    for _ in 0..500 {
        match CloudExporter::open(config.clone()) {
            Err(OpenError::State(StateError::Busy(_))) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened,
        }
    }
    CloudExporter::open(config.clone())
}

fn wanted(truth: &Truth) -> BTreeMap<String, At> {
    let gauges = truth
        .gauges
        .iter()
        .map(|(series, value)| (series.to_string(), At::Number(*value)));
    let sums = truth
        .sums
        .iter()
        .map(|(series, value)| (series.to_string(), At::Number(*value as f64)));
    let histograms = truth.histograms.iter().map(|(series, value)| {
        let at = At::Histogram(value.buckets.to_vec(), value.sum, value.min, value.max);
        (series.to_string(), at)
    });
    gauges.chain(sums).chain(histograms).collect()
}

fn differences(said: &BTreeMap<String, At>, wanted: &BTreeMap<String, At>) -> Vec<String> {
    let mut found = Vec::new();
    for name in said
        .keys()
        .chain(wanted.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        if said.get(name) != wanted.get(name) {
            found.push(format!("{name}: said {:?}, is {:?}", said.get(name), wanted.get(name)));
        }
    }
    found
}
