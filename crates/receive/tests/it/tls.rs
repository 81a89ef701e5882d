//! TLS: certificates of the server, of clients, and new ones while it runs.

use crate::stage::{Plan, Stage, TOKEN, guarded, logs};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use sitelog_model::TenantId;
use sitelog_receive::{Identity, ServerLimits, Tls, hash};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity as ClientIdentity};

/// An authority, and what it signs.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

/// A certificate and its key, PEM; and the certificate as it is.
struct Signed {
    certificate: String,
    key: String,
    der: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: rcgen::Issuer::new(params, key),
            pem,
        }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().to_vec(),
        }
    }
}

async fn connect(
    stage: &Stage,
    authority: &Authority,
    client: Option<&Signed>,
) -> Result<Channel, tonic::transport::Error> {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&authority.pem))
        .domain_name("localhost");
    if let Some(client) = client {
        tls = tls.identity(ClientIdentity::from_pem(&client.certificate, &client.key));
    }
    let endpoint = Channel::from_shared(format!("https://{}", stage.address)).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await
}

#[tokio::test]
async fn tokens_and_client_certificates_open_over_tls() {
    let authority = Authority::new();
    let (server, known, unknown) = (
        authority.sign("localhost"),
        authority.sign("agent"),
        authority.sign("stranger"),
    );
    let foreign = Authority::new().sign("agent");
    let tls = Tls::new(
        server.certificate.as_bytes(),
        server.key.as_bytes(),
        Some(authority.pem.as_bytes()),
    )
    .unwrap();
    let identity = Identity::writer(TenantId::new("edge").unwrap());
    let stage = Stage::start(Plan {
        doors: guarded(vec![(hash(&known.der), identity)]),
        tls: Some(Arc::new(tls)),
        ..Plan::default()
    })
    .await;

    let mut client = LogsServiceClient::new(connect(&stage, &authority, Some(&known)).await.unwrap());
    client.export(logs(&["by certificate"])).await.unwrap();
    let mut client = LogsServiceClient::new(connect(&stage, &authority, Some(&unknown)).await.unwrap());
    assert_eq!(
        client.export(logs(&["x"])).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let mut client = LogsServiceClient::new(connect(&stage, &authority, None).await.unwrap());
    assert_eq!(
        client.export(logs(&["x"])).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let mut request = tonic::Request::new(logs(&["by token"]));
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    client.export(request).await.unwrap();
    // A certificate of another authority does not get through the handshake.
    let refused = match connect(&stage, &authority, Some(&foreign)).await {
        Ok(channel) => LogsServiceClient::new(channel).export(logs(&["x"])).await.is_err(),
        Err(_) => true,
    };
    assert!(refused);
    assert_eq!(stage.bodies("edge"), ["by certificate"]);
    assert_eq!(stage.bodies("a"), ["by token"]);
}

#[tokio::test]
async fn new_certificates_are_seen_by_new_connections_and_wrong_ones_change_nothing() {
    let (old, new) = (Authority::new(), Authority::new());
    let (first, second) = (old.sign("localhost"), new.sign("localhost"));
    let tls = Arc::new(Tls::new(first.certificate.as_bytes(), first.key.as_bytes(), None).unwrap());
    let stage = Stage::start(Plan {
        tls: Some(tls.clone()),
        ..Plan::default()
    })
    .await;
    let mut open = LogsServiceClient::new(connect(&stage, &old, None).await.unwrap());
    open.export(logs(&["one"])).await.unwrap();
    assert!(tls.reload(b"no certificate", b"no key", None).is_err());
    assert!(
        tls.reload(second.certificate.as_bytes(), first.key.as_bytes(), None)
            .is_err()
    );
    assert!(connect(&stage, &old, None).await.is_ok());
    tls.reload(second.certificate.as_bytes(), second.key.as_bytes(), None)
        .unwrap();
    assert!(connect(&stage, &old, None).await.is_err());
    let mut fresh = LogsServiceClient::new(connect(&stage, &new, None).await.unwrap());
    fresh.export(logs(&["two"])).await.unwrap();
    // A connection that was open goes on.
    open.export(logs(&["three"])).await.unwrap();
    assert_eq!(stage.bodies("default"), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_handshake_that_fails_or_stands_still_is_closed_and_counted() {
    let server = Authority::new().sign("localhost");
    let tls = Tls::new(server.certificate.as_bytes(), server.key.as_bytes(), None).unwrap();
    let stage = Stage::start(Plan {
        tls: Some(Arc::new(tls)),
        server: ServerLimits {
            header_time: Duration::from_millis(300),
            ..ServerLimits::default()
        },
        ..Plan::default()
    })
    .await;
    // Plain HTTP, the beginning of a handshake, nothing.
    for begin in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01", b""] {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        stream.write_all(begin).await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{begin:?}");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    let failed = &stage.gateway.counters().handshakes_failed;
    while failed.load(Relaxed) < 3 {
        tokio::task::yield_now().await;
    }
    assert!(stage.gateway.tenants().is_empty());
}
