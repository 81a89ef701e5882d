//! What the exporter says of itself, as text and as OTLP.

use sitelog_cloud::counters::Counts;
use sitelog_cloud::exposition::{self, Format};
use sitelog_cloud::metrics::Kind;
use sitelog_model::key_value::text;
use sitelog_model::otlp::metrics::v1::metric::Data;
use sitelog_model::otlp::metrics::v1::{
    AggregationTemporality, Gauge, Metric, NumberDataPoint, Sum, number_data_point::Value,
};

/// A metric of the exporter about itself.
#[derive(Debug)]
pub(crate) struct Own {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

/// What is known besides the counters.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    pub(crate) now: u64,
    pub(crate) throttled: f64,
    pub(crate) series: usize,
    pub(crate) left_out: u64,
    pub(crate) delivered: u64,
    pub(crate) refused: u64,
    pub(crate) webhooks: Vec<(&'static str, u64)>,
}

/// All of them. Names end in no `_total`: both ways of telling add it.
pub(crate) fn all(counts: &Counts, aside: &Aside) -> Vec<Own> {
    let age = |since: u64| aside.now.saturating_sub(since) as f64 / 1e9;
    let calls = counts.calls.iter().map(|((operation, status), count)| {
        let labels = vec![("operation", operation.name().to_owned()), ("status", status.clone())];
        (labels, *count as f64)
    });
    let ages = counts.last_success.iter().map(|((org, operation), at)| {
        let labels = vec![("org", org.to_string()), ("operation", operation.name().to_owned())];
        (labels, age(*at))
    });
    let webhooks = aside.webhooks.iter();
    let webhooks = webhooks.map(|(outcome, count)| (vec![("outcome", (*outcome).to_owned())], *count as f64));
    let many = |name, kind, help, samples| Own {
        name,
        kind,
        help,
        samples,
    };
    let one = |name, kind, help, value: f64| many(name, kind, help, vec![(Vec::new(), value)]);
    let counter = |name, help, value: u64| one(name, Kind::Counter, help, value as f64);
    let gauge = |name, help, value: f64| one(name, Kind::Gauge, help, value);
    let mut all = vec![
        many(
            "sitelog_cloud_api_calls",
            Kind::Counter,
            "Calls of Pulumi Cloud by operation and status",
            calls.collect(),
        ),
        counter(
            "sitelog_cloud_api_retries",
            "Calls that were made once more",
            counts.retries,
        ),
        one(
            "sitelog_cloud_api_throttled_seconds",
            Kind::Counter,
            "Time without calls because the service said so",
            aside.throttled,
        ),
        counter("sitelog_cloud_cycles", "Cycles that were run", counts.cycles),
        gauge(
            "sitelog_cloud_cycle_seconds",
            "How long the last cycle took",
            counts.cycle_seconds,
        ),
        many(
            "sitelog_cloud_answer_age_seconds",
            Kind::Gauge,
            "How old the last answer is, by organization and operation",
            ages.collect(),
        ),
        counter(
            "sitelog_cloud_updates_counted",
            "Updates that were counted",
            counts.updates_counted,
        ),
        counter(
            "sitelog_cloud_updates_vanished",
            "Updates that left the history before they had ended",
            counts.updates_vanished,
        ),
        counter(
            "sitelog_cloud_stacks_recreated",
            "Histories that began anew under the same name",
            counts.recreated,
        ),
        gauge(
            "sitelog_cloud_updates_open",
            "Updates that have not ended",
            counts.open_versions as f64,
        ),
        gauge("sitelog_cloud_stacks", "Stacks in the lists", counts.stacks as f64),
        gauge(
            "sitelog_cloud_stacks_left",
            "Stacks that the last cycle had no time for",
            counts.left as f64,
        ),
        gauge("sitelog_cloud_series", "Series that are told", aside.series as f64),
        counter(
            "sitelog_cloud_commit_failures",
            "Commits of the state that failed; what they held is counted later",
            counts.commit_failures,
        ),
        counter(
            "sitelog_cloud_states_set_aside",
            "Damaged states that were set aside: gaps",
            counts.states_set_aside,
        ),
        counter(
            "sitelog_cloud_webhook_polls_dropped",
            "Polls left to the next cycle because too many waited",
            counts.polls_dropped,
        ),
        many(
            "sitelog_cloud_webhooks",
            Kind::Counter,
            "Webhooks by what became of them",
            webhooks.collect(),
        ),
        counter(
            "sitelog_cloud_pushes_left_out",
            "Pushes that the full state folder did not take whole",
            aside.left_out,
        ),
        counter(
            "sitelog_cloud_push_metrics_delivered",
            "Metrics of pushes that the destination took",
            aside.delivered,
        ),
        counter(
            "sitelog_cloud_push_metrics_refused",
            "Metrics of pushes that the destination refused for good",
            aside.refused,
        ),
    ];
    all.extend(audit(counts));
    if let Some(at) = counts.last_good {
        let help = "Since when the last cycle ended that listed everything and kept what it counted";
        all.push(gauge("sitelog_cloud_last_good_cycle_age_seconds", help, age(at)));
    }
    all.retain(|own| !own.samples.is_empty());
    all
}

/// What is recorded besides metrics. Nothing is said of it while nothing is.
fn audit(counts: &Counts) -> Vec<Own> {
    let one = |name, kind, help, value: u64| Own {
        name,
        kind,
        help,
        samples: vec![(Vec::new(), value as f64)],
    };
    let counter = |name, help, value| one(name, Kind::Counter, help, value);
    let missing = counts.audit_events_missing.iter();
    let missing = missing.map(|(why, count)| (vec![("why", why.clone())], *count as f64));
    let refused = counts.audit_log_refused.iter();
    let refused = refused.map(|(org, is)| (vec![("org", org.to_string())], f64::from(u8::from(*is))));
    let all = vec![
        counter(
            "sitelog_cloud_audit_records",
            "Audit records and spans that were put into the ledger",
            counts.audit_records,
        ),
        counter(
            "sitelog_cloud_audit_repeats",
            "Audit records and spans that a crash had left in the ledger already",
            counts.audit_repeats,
        ),
        counter(
            "sitelog_cloud_audit_records_refused",
            "Audit records and spans that never can be in the ledger",
            counts.audit_records_refused,
        ),
        counter(
            "sitelog_cloud_audit_write_failures",
            "How often the ledger took nothing; what it was to take waits",
            counts.audit_write_failures,
        ),
        counter(
            "sitelog_cloud_audit_events_malformed",
            "Engine events that could not be read",
            counts.audit_events_malformed,
        ),
        one(
            "sitelog_cloud_audit_waiting",
            Kind::Gauge,
            "Updates and audit log entries that are not in the ledger yet",
            counts.audit_waiting,
        ),
        Own {
            name: "sitelog_cloud_audit_events_missing",
            kind: Kind::Counter,
            help: "Updates that were recorded without their engine events, by why",
            samples: missing.collect(),
        },
        Own {
            name: "sitelog_cloud_audit_log_refused",
            kind: Kind::Gauge,
            help: "1 while an organization's audit log is refused",
            samples: refused.collect(),
        },
    ];
    let is_quiet = |own: &Own| own.samples.iter().all(|(_, value)| *value == 0.0);
    match counts.audit_log_refused.is_empty() && all.iter().all(is_quiet) {
        true => Vec::new(),
        false => all,
    }
}

/// As text.
pub(crate) fn write(all: &[Own], format: Format, out: &mut String) {
    for own in all {
        let name = match own.kind {
            Kind::Counter => exposition::total(own.name),
            _ => own.name.to_owned(),
        };
        exposition::head(&name, own.kind, own.help, format, out);
        for (labels, value) in &own.samples {
            let pairs: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (*key, value.as_str())).collect();
            exposition::line(&name, &pairs, value, out);
        }
    }
}

/// As OTLP; counters count since `start`, Unix nanoseconds.
pub(crate) fn otlp(all: Vec<Own>, start: u64, now: u64) -> Vec<Metric> {
    let metric = |own: Own| {
        let is_counter = own.kind == Kind::Counter;
        let points = own.samples.into_iter().map(|(labels, value)| NumberDataPoint {
            attributes: labels.into_iter().map(|(key, value)| text(key, value)).collect(),
            start_time_unix_nano: if is_counter { start } else { 0 },
            time_unix_nano: now,
            value: Some(Value::AsDouble(value)),
            ..NumberDataPoint::default()
        });
        let data_points = points.collect();
        let data = match is_counter {
            true => Data::Sum(Sum {
                data_points,
                aggregation_temporality: AggregationTemporality::Cumulative as i32,
                is_monotonic: true,
            }),
            false => Data::Gauge(Gauge { data_points }),
        };
        Metric {
            name: own.name.to_owned(),
            description: own.help.to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    };
    all.into_iter().map(metric).collect()
}
