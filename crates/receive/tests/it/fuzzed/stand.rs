//! A server that takes connections in memory; one for all inputs.

use sitelog_ledger::{Chain, Durability, Error, Ledger, Options};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::collector::metrics::v1::ExportMetricsServiceRequest;
use sitelog_model::otlp::collector::trace::v1::ExportTraceServiceRequest;
use sitelog_model::{Signal, TenantId, Ulid};
use sitelog_receive::{Chains, Doors, Gateway, Rules, Server, ServerLimits, TenantLimits};
use sitelog_sanitize::{Sanitizer, Settings};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// More than any input.
const BUFFER: usize = 8 << 20;
/// No connection takes so long, on the busiest machine.
const HANGS: Duration = Duration::from_secs(60);

/// The server.
pub(crate) struct Stand {
    server: Server,
    gateway: Arc<Gateway>,
    stop: watch::Sender<bool>,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

struct Folder(Ledger);

impl Chains for Folder {
    fn begin(&self, tenant: &TenantId) -> Result<Chain, Error> {
        self.0.create(tenant, Ulid::generate())
    }
}

static STAND: LazyLock<Mutex<Stand>> = LazyLock::new(|| Mutex::new(Stand::new()));

/// Does something with the server, which nobody else uses meanwhile.
pub(crate) fn with(body: impl FnOnce(&Stand)) {
    body(&STAND.lock().unwrap_or_else(PoisonError::into_inner));
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            durability: Durability::Os,
            ..Options::default()
        };
        let ledger = Ledger::open(folder.path(), options).expect("a ledger");
        let rules = Rules {
            limits: TenantLimits::default(),
            sanitizer: Sanitizer::new(Settings::default()),
        };
        let limits = ServerLimits::default();
        let gateway = Gateway::new(1, Arc::new(Folder(ledger)), limits.clone(), rules.clone());
        let doors = Doors {
            open: Some(TenantId::default()),
            ..Doors::default()
        };
        gateway.reload(doors, limits, Vec::new(), BTreeMap::new(), rules);
        let gateway = Arc::new(gateway);
        Self {
            server: Server::new(Arc::clone(&gateway)),
            gateway,
            stop: watch::channel(false).0,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            _folder: folder,
        }
    }

    /// Runs a client against a connection; one that hangs is found.
    pub(crate) fn connect<T, F: Future<Output = T>>(&self, client: impl FnOnce(DuplexStream) -> F) -> T {
        let (near, far) = duplex(BUFFER);
        let (server, stop) = (self.server.clone(), self.stop.subscribe());
        self.runtime.block_on(async {
            let serving = tokio::spawn(async move { server.serve_stream(far, stop).await });
            let answer = tokio::time::timeout(HANGS, client(near))
                .await
                .expect("a connection hangs");
            serving.abort();
            answer
        })
    }

    /// Sends bytes and then nothing more; what came back.
    pub(crate) fn send(&self, bytes: &[u8]) -> Vec<u8> {
        self.connect(async |mut stream| {
            stream.write_all(bytes).await.expect("room for the input");
            stream.shutdown().await.expect("an end");
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        })
    }

    /// How many requests were taken.
    pub(crate) fn taken(&self) -> u64 {
        let tenants = self.gateway.tenants();
        let counts = tenants
            .iter()
            .flat_map(|tenant| Signal::ALL.map(|signal| tenant.counters().of(signal).0));
        counts.sum()
    }
}

/// What a sender writes under this name is cut out unread: it may be no text.
const CLAIM: &[u8] = b"sitelog.tenant.id";

/// Whether bytes are a signal's request, to the field's own decoder, or may be one but for what is cut out.
pub(crate) fn decodes(signal: Signal, bytes: &[u8]) -> bool {
    use prost::Message;
    let is_whole = match signal {
        Signal::Logs => ExportLogsServiceRequest::decode(bytes).is_ok(),
        Signal::Traces => ExportTraceServiceRequest::decode(bytes).is_ok(),
        Signal::Metrics => ExportMetricsServiceRequest::decode(bytes).is_ok(),
    };
    is_whole || bytes.windows(CLAIM.len()).any(|part| part == CLAIM)
}
