//! What the server says of itself, for Prometheus to scrape: every refusal, redaction, retry and loss, by tenant.

use super::{Admin, Delivery, TenantChains};
use sitelog_cloud::exposition::{self, Format};
use sitelog_cloud::metrics::Kind;
use sitelog_ledger::Histogram;
use sitelog_model::Signal;
use sitelog_receive::Gateway;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Labels and value of one sample.
type Sample = (Vec<(&'static str, String)>, f64);

/// The text of `/metrics`.
pub(super) fn text(admin: &Admin, format: Format) -> String {
    let (gateway, chains, delivery) = (&*admin.gateway, &*admin.chains, &*admin.delivery);
    let mut out = Page {
        format,
        text: String::new(),
    };
    connections(gateway, &mut out);
    tenants(gateway, &mut out);
    redactions(gateway, &mut out);
    ledgers(chains, &mut out);
    commits(chains, &mut out);
    queues(chains, &mut out);
    destinations(delivery, &mut out);
    let left_out = admin.spans_left_out.load(Relaxed);
    out.family(
        "sitelog_request_spans_left_out",
        Kind::Counter,
        "Spans of requests that could not be kept",
        vec![(Vec::new(), left_out as f64)],
    );
    exposition::end(format, &mut out.text);
    out.text
}

struct Page {
    format: Format,
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str, samples: Vec<Sample>) {
        if samples.is_empty() {
            return;
        }
        exposition::head(name, kind, help, self.format, &mut self.text);
        let full = match kind {
            Kind::Counter => exposition::total(name),
            _ => name.to_owned(),
        };
        for (labels, value) in samples {
            self.line(&full, &labels, value);
        }
    }

    fn line(&mut self, name: &str, labels: &[(&'static str, String)], value: f64) {
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
        exposition::line(name, &pairs, value, &mut self.text);
    }

    fn histograms(&mut self, name: &str, help: &str, all: &[(Vec<(&'static str, String)>, &Histogram)]) {
        exposition::head(name, Kind::Histogram(&[]), help, self.format, &mut self.text);
        for (labels, histogram) in all {
            let (buckets, sum) = histogram.read();
            let mut count = 0;
            for (bound, upto) in buckets {
                let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| format!("{bound:?}"));
                let mut with = labels.clone();
                with.push(("le", bound));
                self.line(&format!("{name}_bucket"), &with, upto as f64);
                count = upto;
            }
            self.line(&format!("{name}_sum"), labels, sum);
            self.line(&format!("{name}_count"), labels, count as f64);
        }
    }
}

fn connections(gateway: &Gateway, out: &mut Page) {
    let counters = gateway.counters();
    let one = |counter: &AtomicU64| vec![(Vec::new(), counter.load(Relaxed) as f64)];
    let page = [
        (
            "sitelog_connections_opened",
            Kind::Counter,
            "Connections that were let in",
            &counters.opened,
        ),
        (
            "sitelog_connections_open",
            Kind::Gauge,
            "Connections that are open",
            &counters.open,
        ),
        (
            "sitelog_connections_closed_idle",
            Kind::Counter,
            "Idle connections that were closed, for new ones or because they were idle too long",
            &counters.closed_idle,
        ),
        (
            "sitelog_connections_turned_away",
            Kind::Counter,
            "Connections that could not be let in: too many, all at work",
            &counters.turned_away,
        ),
        (
            "sitelog_tls_handshakes_failed",
            Kind::Counter,
            "TLS handshakes that failed",
            &counters.handshakes_failed,
        ),
    ];
    for (name, kind, help, counter) in page {
        out.family(name, kind, help, one(counter));
    }
}

fn tenants(gateway: &Gateway, out: &mut Page) {
    let tenants = gateway.tenants();
    let mut taken: [Vec<Sample>; 3] = Default::default();
    let (mut refused, mut flying) = (Vec::new(), Vec::new());
    for tenant in &tenants {
        let label = ("tenant", tenant.id().to_string());
        for signal in Signal::ALL {
            let labels = vec![label.clone(), ("signal", signal.name().to_owned())];
            let (requests, records, bytes) = tenant.counters().of(signal);
            if requests > 0 {
                for (samples, value) in taken.iter_mut().zip([requests, records, bytes]) {
                    samples.push((labels.clone(), value as f64));
                }
            }
        }
        let reasons = tenant.counters().refused().into_iter();
        refused.extend(reasons.map(|(why, count)| (vec![label.clone(), ("reason", why.to_owned())], count as f64)));
        flying.push((vec![label], tenant.bytes_in_flight() as f64));
    }
    let unknown = gateway.counters().unknown.refused().into_iter();
    refused.extend(unknown.map(|(why, count)| {
        (
            vec![("tenant", String::new()), ("reason", why.to_owned())],
            count as f64,
        )
    }));
    let [requests, records, bytes] = taken;
    out.family(
        "sitelog_receive_requests",
        Kind::Counter,
        "Requests that were taken and are durable",
        requests,
    );
    out.family(
        "sitelog_receive_records",
        Kind::Counter,
        "Log records, spans and metrics that were taken",
        records,
    );
    out.family(
        "sitelog_receive_bytes",
        Kind::Counter,
        "Bytes that were taken, uncompressed",
        bytes,
    );
    out.family(
        "sitelog_receive_refused",
        Kind::Counter,
        "Requests that were refused, by reason; of senders that nobody knows without a tenant",
        refused,
    );
    out.family(
        "sitelog_receive_bytes_in_flight",
        Kind::Gauge,
        "Bytes of requests that are not answered yet",
        flying,
    );
    let each: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            (
                vec![("tenant", tenant.id().to_string())],
                &tenant.counters().acknowledged,
            )
        })
        .collect();
    if !each.is_empty() {
        let help = "From a whole request to its acknowledgement";
        out.histograms("sitelog_receive_acknowledged_seconds", help, &each);
    }
}

fn redactions(gateway: &Gateway, out: &mut Page) {
    let mut samples = Vec::new();
    for tenant in gateway.tenants() {
        for (rule, face, count) in tenant.rules().sanitizer.counts().hits {
            let labels = vec![
                ("tenant", tenant.id().to_string()),
                ("rule", rule),
                ("face", face.name().to_owned()),
            ];
            samples.push((labels, count as f64));
        }
    }
    out.family(
        "sitelog_redactions",
        Kind::Counter,
        "Values that were hidden, by rule",
        samples,
    );
}

fn ledgers(chains: &TenantChains, out: &mut Page) {
    let mut samples = Vec::new();
    for (tenant, counters) in chains.counters() {
        for (event, count) in counters.into_iter().filter(|(_, count)| *count > 0) {
            samples.push((
                vec![("tenant", tenant.to_string()), ("event", event.to_owned())],
                count as f64,
            ));
        }
    }
    out.family(
        "sitelog_ledger_events",
        Kind::Counter,
        "What the ledger has had to cope with",
        samples,
    );
}

fn commits(chains: &TenantChains, out: &mut Page) {
    let commits = chains.commits();
    let one = |value: f64| vec![(Vec::new(), value)];
    let page = [
        (
            "sitelog_ledger_commits",
            "Rounds in which all that was written became durable",
            commits.rounds.get() as f64,
        ),
        (
            "sitelog_ledger_commit_chains",
            "Chains made durable, each round anew",
            commits.chains.get() as f64,
        ),
        (
            "sitelog_ledger_file_syncs",
            "Syncs of single files and folders",
            commits.file_syncs.get() as f64,
        ),
        (
            "sitelog_ledger_system_syncs",
            "Syncs of whole file systems",
            commits.system_syncs.get() as f64,
        ),
    ];
    for (name, help, value) in page {
        out.family(name, Kind::Counter, help, one(value));
    }
    let help = "How long each sync took";
    out.histograms(
        "sitelog_ledger_sync_seconds",
        help,
        &[(Vec::new(), &commits.sync_seconds)],
    );
}

/// What waits, by tenant and cursor (destination and signal).
fn queues(chains: &TenantChains, out: &mut Page) {
    let (mut batches, mut bytes, mut ages, mut dead) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for queue in chains.queues().iter() {
        let labels = vec![("tenant", queue.tenant.to_string()), ("cursor", queue.cursor.clone())];
        batches.push((labels.clone(), queue.frames as f64));
        bytes.push((labels.clone(), queue.bytes as f64));
        ages.push((labels.clone(), queue.age.as_secs_f64()));
        dead.push((labels, queue.refused as f64));
    }
    out.family(
        "sitelog_queue_batches",
        Kind::Gauge,
        "Batches that wait for a destination",
        batches,
    );
    out.family(
        "sitelog_queue_bytes",
        Kind::Gauge,
        "Bytes that wait for a destination",
        bytes,
    );
    out.family(
        "sitelog_queue_age_seconds",
        Kind::Gauge,
        "How old the oldest batch that waits is",
        ages,
    );
    out.family(
        "sitelog_queue_refused_records",
        Kind::Gauge,
        "Records that a destination refused for good; kept, and listed by `sitelog spool`",
        dead,
    );
}

fn destinations(delivery: &Delivery, out: &mut Page) {
    let fares = delivery.fares();
    let Some(first) = fares.first() else { return };
    for (place, (name, _)) in first.counters.of(Signal::Logs).all().into_iter().enumerate() {
        let mut samples = Vec::new();
        for of in &fares {
            for signal in Signal::ALL {
                let (_, value) = of.counters.of(signal).all()[place];
                let labels = vec![
                    ("tenant", of.tenant.to_string()),
                    ("destination", of.destination.clone()),
                    ("signal", signal.name().to_owned()),
                ];
                if value > 0 {
                    samples.push((labels, value as f64));
                }
            }
        }
        let name = name.replace('.', "_");
        out.family(
            &name,
            Kind::Counter,
            "Delivery by tenant, destination and signal",
            samples,
        );
    }
}
