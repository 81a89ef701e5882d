//! Standard variables about what is pushed: who pushes, how sums are told, and how often.

use sitelog_cloud::emit::Temporality;
use sitelog_model::key_value::text;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_run::resource_attributes;
use std::collections::BTreeMap;
use std::time::Duration;

const SERVICE_NAME: &str = "service.name";

/// Whether they can be used.
///
/// # Errors
/// One line that names the first that cannot.
pub(super) fn check() -> Result<(), String> {
    temporality().and(interval().map(drop))
}

/// pulumi-exporter's resource; `OTEL_RESOURCE_ATTRIBUTES` goes before it, and `OTEL_SERVICE_NAME` before both (SDK
/// specification).
pub(crate) fn resource(instance: &str) -> Vec<KeyValue> {
    let ours = [
        (SERVICE_NAME, "pulumi-exporter"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", instance),
    ];
    let mut all: BTreeMap<String, String> = ours.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    all.extend(resource_attributes(
        &variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default(),
    ));
    all.extend(variable("OTEL_SERVICE_NAME").map(|name| (SERVICE_NAME.to_owned(), name)));
    all.into_iter().map(|(key, value)| text(&key, value)).collect()
}

fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// `lowmemory` is `delta` for what is counted here: no sum is observed elsewhere.
pub(crate) fn temporality() -> Result<Temporality, String> {
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    let Some(value) = variable(name) else {
        return Ok(Temporality::Cumulative);
    };
    match value.to_ascii_lowercase().as_str() {
        "cumulative" => Ok(Temporality::Cumulative),
        "delta" | "lowmemory" => Ok(Temporality::Delta),
        _ => Err(format!(
            "{name}: {value:?} is unknown; use cumulative, delta or lowmemory"
        )),
    }
}

/// The longest time between two pushes.
pub(crate) fn interval() -> Result<Duration, String> {
    let name = "OTEL_METRIC_EXPORT_INTERVAL";
    let Some(value) = variable(name) else {
        return Ok(Duration::from_secs(60));
    };
    let millis = value.parse().ok().filter(|millis| *millis > 0);
    let millis =
        millis.ok_or_else(|| format!("{name}: {value:?} is not a number of milliseconds above 0, like 60000"))?;
    Ok(Duration::from_millis(millis))
}
