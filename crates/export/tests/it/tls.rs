//! TLS with an authority of our own, and mutual TLS.

use crate::destination::{Answer, Destination, Reserved, ServerTls};
use crate::setup::{Site, config_at, hopeless, names};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sitelog_export::config::Protocol;
use sitelog_model::Signal;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority, and the files a user would name.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    /// Signs a certificate for localhost; it is kept as files of that name.
    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn server(&self, protocol: Protocol, asks: bool) -> ServerTls {
        self.sign("server");
        let certificate = CertificateDer::from_pem_file(self.file("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let builder = ServerConfig::builder();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_file(self.file("ca.pem")).unwrap())
                .unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        if protocol == Protocol::Grpc {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        Arc::new(config)
    }
}

fn start(protocol: Protocol, tls: ServerTls) -> Destination {
    Destination::at(Reserved::new(), protocol, Some(tls), |_, _| Answer::Take)
}

/// Guarantees: records arrive over TLS with the authority that the user names.
pub(crate) fn speaks_tls(protocol: Protocol) {
    let (site, authority) = (Site::with_logs(3, 5), Authority::new());
    let destination = start(protocol, authority.server(protocol, false));
    let ca = ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*authority.text("ca.pem"));
    let report = site.deliver(config_at(destination.address, protocol, &[ca]));
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..15));
}

/// Guarantees: our certificate is shown when the server asks; without one nothing is refused or lost.
pub(crate) fn asks_for_a_certificate(protocol: Protocol) {
    let (site, authority) = (Site::with_logs(3, 5), Authority::new());
    let destination = start(protocol, authority.server(protocol, true));
    let ca = ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*authority.text("ca.pem"));
    let report = site.deliver(hopeless(config_at(destination.address, protocol, &[ca])));
    assert!(report.gave_up, "{report:?}");
    assert_eq!(
        (report.of_signal(Signal::Logs).refused, destination.book.seen().len()),
        (0, 0)
    );
    authority.sign("client");
    let certificate = ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &*authority.text("client.pem"));
    let key = ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &*authority.text("client.key"));
    let report = site.deliver(config_at(destination.address, protocol, &[ca, certificate, key]));
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.book.taken(), names(Signal::Logs, 0..15));
}

/// Guarantees: a server whose certificate nobody we trust has signed gets nothing, and the reason is told.
pub(crate) fn has_a_stranger_s_certificate(protocol: Protocol) {
    let (site, authority, stranger) = (Site::with_logs(3, 5), Authority::new(), Authority::new());
    let destination = start(protocol, stranger.server(protocol, false));
    let ca = ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*authority.text("ca.pem"));
    let report = site.deliver(hopeless(config_at(destination.address, protocol, &[ca])));
    let logs = report.of_signal(Signal::Logs);
    assert_eq!(
        (logs.waiting.frames, logs.refused, destination.book.seen().len()),
        (3, 0, 0),
        "{report:?}"
    );
    let error = logs.last_error.as_ref().unwrap();
    assert!(error.contains("certificate"), "{error}");
}
