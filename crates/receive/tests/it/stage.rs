//! A server on a port of its own, and what it wrote.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use sitelog_ledger::disk::fault::FaultDisk;
use sitelog_ledger::{Chain, Error, Ledger, Options};
use sitelog_model::{Payload, Signal, TenantId, Ulid};
use sitelog_receive::{
    Certificates, Chains, Doors, Gateway, Identity, Role, Rules, Server, ServerLimits, TenantLimits, Tls, Token,
    Tokens, hash,
};
use sitelog_sanitize::{Sanitizer, Settings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What `secret-a` opens.
pub(crate) const TOKEN: &str = "slg_0123456789abcdef0123456789abcdef";

struct Folder(Ledger);

impl Chains for Folder {
    fn begin(&self, tenant: &TenantId) -> Result<Chain, Error> {
        self.0.create(tenant, Ulid::generate())
    }
}

/// A server that runs.
pub(crate) struct Stage {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Ledger,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// How a server is set up.
pub(crate) struct Plan {
    pub(crate) doors: Doors,
    pub(crate) server: ServerLimits,
    pub(crate) limits: TenantLimits,
    pub(crate) origins: Vec<String>,
    pub(crate) options: Options,
    pub(crate) tls: Option<Arc<Tls>>,
    /// The machine's when there is none.
    pub(crate) disk: Option<FaultDisk>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            doors: Doors {
                open: Some(TenantId::default()),
                ..Doors::default()
            },
            server: ServerLimits::default(),
            limits: TenantLimits::default(),
            origins: Vec::new(),
            options: Options::default(),
            tls: None,
            disk: None,
        }
    }
}

/// Doors that need a token or one of these certificates.
pub(crate) fn guarded(certificates: Vec<([u8; 32], Identity)>) -> Doors {
    let token = |text: &str, tenant: &str, role, expires| Token {
        hash: hash(text.as_bytes()),
        tenant: TenantId::new(tenant).unwrap(),
        role,
        expires,
    };
    Doors {
        open: None,
        tokens: Tokens::new([
            token(TOKEN, "a", Role::TenantWriter, None),
            token("slg_second", "a", Role::TenantWriter, None),
            token("slg_b", "b", Role::TenantWriter, None),
            token("slg_old", "a", Role::TenantWriter, Some(1_700_000_000)),
            token("slg_auditor", "a", Role::Auditor, None),
            token("slg_admin", "default", Role::Admin, None),
        ]),
        certificates: Certificates::new(certificates),
        ..Doors::default()
    }
}

impl Stage {
    pub(crate) async fn start(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = match plan.disk {
            None => Ledger::open(folder.path(), plan.options),
            Some(disk) => Ledger::with_disk(Arc::new(disk), folder.path(), plan.options),
        };
        let ledger = ledger.unwrap();
        let rules = Rules {
            limits: plan.limits,
            sanitizer: Sanitizer::new(Settings::default()),
        };
        let chains = Arc::new(Folder(ledger.clone()));
        let gateway = Arc::new(Gateway::new(2, chains, plan.server.clone(), rules.clone()));
        gateway.reload(plan.doors, plan.server, plan.origins, BTreeMap::new(), rules);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let server = Server::new(gateway.clone());
        let tls = plan.tls;
        let serving = tokio::spawn(async move { server.serve(listener, tls, stopped).await });
        Self {
            gateway,
            address,
            ledger,
            stop,
            serving,
            _folder: folder,
        }
    }

    /// All requests of a signal in the ledger of a tenant.
    pub(crate) fn stored(&self, tenant: &str, signal: Signal) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for id in self
            .ledger
            .chains()
            .unwrap()
            .into_iter()
            .filter(|id| id.tenant.as_str() == tenant)
        {
            for frame in self.ledger.frames(&id).unwrap() {
                let frame = frame.unwrap();
                let batch = frame.batch.get();
                if let (Payload::Otlp(bytes), true) = (&batch.payload, batch.signal == signal) {
                    all.push(bytes.to_vec());
                }
            }
        }
        all
    }

    /// The bodies of all log records of a tenant.
    pub(crate) fn bodies(&self, tenant: &str) -> Vec<String> {
        let requests = self.stored(tenant, Signal::Logs).into_iter();
        let requests = requests.map(|bytes| ExportLogsServiceRequest::decode(&bytes[..]).unwrap());
        let records = requests.flat_map(|request| request.resource_logs);
        let records = records
            .flat_map(|group| group.scope_logs)
            .flat_map(|scope| scope.log_records);
        records
            .map(|record| match record.body.and_then(|body| body.value) {
                Some(Value::StringValue(text)) => text,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// How often a tenant's requests were refused for a reason.
    pub(crate) fn refused(&self, tenant: &str, reason: &str) -> u64 {
        let tenants = self.gateway.tenants();
        let of_tenant = tenants.iter().find(|known| known.id().as_str() == tenant);
        let counters = of_tenant.map_or(&self.gateway.counters().unknown, |tenant| tenant.counters());
        let all = counters.refused();
        all.iter()
            .find(|(name, _)| *name == reason)
            .map_or(0, |(_, count)| *count)
    }
}

/// A text value.
pub(crate) fn text(value: &str) -> AnyValue {
    AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    }
}

/// A request with one record for each body, whose sender claims to be another tenant.
pub(crate) fn logs(bodies: &[&str]) -> ExportLogsServiceRequest {
    let claimed = KeyValue {
        key: "sitelog.tenant.id".to_owned(),
        value: Some(text("another")),
        ..KeyValue::default()
    };
    let records = bodies.iter().map(|body| LogRecord {
        body: Some(text(body)),
        ..LogRecord::default()
    });
    let scope = ScopeLogs {
        log_records: records.collect(),
        ..ScopeLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![claimed],
                ..Resource::default()
            }),
            scope_logs: vec![scope],
            ..ResourceLogs::default()
        }],
    }
}
