//! What is recorded besides metrics: into the ledger of the data folder, where `sitelog audit` finds it, and from there to
//! the destination.

use crate::exit::Failure;
use crate::settings::{LedgerSettings, PulumiSettings};
use crate::setup::Setup;
use sitelog_cloud::beyond::Beyond;
use sitelog_cloud::config::Audit;
use sitelog_cloud::exporter::CloudExporter;
use sitelog_export::{Exporter, OtlpConfig};
use sitelog_ledger::{Ledger, State};
use sitelog_model::{Source, attributes as name, key_value};
use sitelog_sanitize::Sanitizer;
use tokio::task::JoinHandle;

/// What is to be recorded; `None` when nothing is.
pub(crate) fn audit(setup: &Setup, pulumi: &PulumiSettings, sanitizer: &Sanitizer) -> Result<Option<Audit>, Failure> {
    if !pulumi.is_audited() {
        return Ok(None);
    }
    let is_on = |flag: Option<bool>| flag.unwrap_or(false);
    let tenant = setup.tenant()?;
    let service = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let resource = vec![
        key_value::text(name::SERVICE_NAME, service.unwrap_or_else(|| "sitelog".to_owned())),
        key_value::text(name::SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
        key_value::text(name::SITELOG_TENANT_ID, tenant.to_string()),
    ];
    Ok(Some(Audit {
        updates: is_on(pulumi.audit_updates) || is_on(pulumi.audit_events),
        events: is_on(pulumi.audit_events),
        log: is_on(pulumi.audit_log),
        tenant,
        resource,
        sanitizer: sanitizer.clone(),
    }))
}

/// The ledger of the data folder.
pub(crate) fn ledger(setup: &Setup) -> Result<Ledger, Failure> {
    setup.ledger(&LedgerSettings::default())
}

/// What takes it into the ledger, and what delivers it from there.
pub(crate) struct Trail {
    beyond: Beyond,
    delivery: Exporter,
}

impl Trail {
    /// Begins; what earlier exporters have left is delivered too. `None` when nothing is recorded.
    pub(crate) fn begin(exporter: &CloudExporter, ledger: &Ledger, otlp: &OtlpConfig) -> Result<Option<Self>, Failure> {
        let Some(beyond) = exporter.beyond(ledger).map_err(Failure::unavailable)? else {
            return Ok(None);
        };
        let delivery = Exporter::start(otlp.clone());
        let chain = beyond.chain();
        for left in ledger.chains()?.iter().filter(|left| *left != chain.id()) {
            let first = ledger.frames(left)?.flatten().next();
            let is_ours = first.is_some_and(|frame| frame.batch.get().origin.source == Source::Cloud);
            if is_ours && !matches!(ledger.status(left)?.state, State::Writing { .. }) {
                delivery.deliver(ledger, left);
            }
        }
        delivery.follow(&chain);
        Ok(Some(Self { beyond, delivery }))
    }

    /// Runs until `stop`; then the chain is sealed, and what delivers it is given back.
    pub(crate) fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> JoinHandle<Exporter> {
        let Self { beyond, delivery } = self;
        tokio::spawn(async move {
            beyond.run(stop).await;
            delivery
        })
    }
}
