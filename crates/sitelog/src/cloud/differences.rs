//! Pushing sums as differences: what was told is kept beside the state, so that a restart goes on where it was.

use sitelog_cloud::emit::{Temporality, Told};
use sitelog_cloud::series::Series;
use sitelog_model::otlp::metrics::v1::metric::Data;
use sitelog_model::otlp::metrics::v1::{Metric, NumberDataPoint, number_data_point::Value};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What was told of sums.
pub(super) struct Differences {
    told: Told,
    /// Of the exporter's own sums, which begin with the process: by name and attributes.
    own: HashMap<String, (f64, u64)>,
    file: PathBuf,
}

/// The exporter's own metrics as differences, and what was told with them.
pub(super) struct OwnTold {
    metrics: Vec<Metric>,
    own: HashMap<String, (f64, u64)>,
}

impl OwnTold {
    pub(super) fn metrics(&self) -> Vec<Metric> {
        self.metrics.clone()
    }
}

impl Differences {
    /// Goes on where the file in the folder of the state says; without one, sums are told from what they are now.
    pub(super) fn begin(state: &Path, series: &Series) -> Self {
        let file = state.join("told.json");
        let kept = fs::read_to_string(&file).ok().and_then(|text| Told::parse(&text));
        Self {
            told: kept.unwrap_or_else(|| Told::all(series, sitelog_run::unix_nanos())),
            own: HashMap::new(),
            file,
        }
    }

    /// The series with sums as what is new.
    pub(super) fn of(&self, series: &Series) -> Series {
        self.told.differences(series)
    }

    /// The first `count` of these points were told. A kill before this is kept has them told again.
    ///
    /// # Errors
    /// It cannot be kept.
    pub(super) fn told(&mut self, series: &Series, new: &Series, count: usize, now: u64) -> Result<(), String> {
        self.told.advance(series, new, count, now);
        let aside = self.file.with_extension("json.new");
        let kept = fs::write(&aside, self.told.to_text()).and_then(|()| fs::rename(&aside, &self.file));
        kept.map_err(|error| format!("{}: what was told cannot be kept: {error}", self.file.display()))
    }

    /// The exporter's own metrics with sums as what is new.
    pub(super) fn of_own(&self, mut metrics: Vec<Metric>) -> OwnTold {
        let mut own = self.own.clone();
        for metric in &mut metrics {
            let Some(Data::Sum(sum)) = &mut metric.data else {
                continue;
            };
            sum.aggregation_temporality = Temporality::Delta.of_otlp();
            for point in &mut sum.data_points {
                let key = format!("{}{:?}", metric.name, point.attributes);
                let now = number(point);
                let before = own.insert(key, (now, point.time_unix_nano));
                let (value, at) = before.unwrap_or((0.0, point.start_time_unix_nano));
                point.value = Some(Value::AsDouble(now - value));
                point.start_time_unix_nano = at;
            }
        }
        OwnTold { metrics, own }
    }

    pub(super) fn told_own(&mut self, told: OwnTold) {
        self.own = told.own;
    }
}

fn number(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(Value::AsDouble(value)) => value,
        Some(Value::AsInt(value)) => value as f64,
        None => 0.0,
    }
}
