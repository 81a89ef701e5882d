//! TLS, with client certificates when their authority is known; replaced while the server runs.

use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Certificate and key of a server.
pub struct Tls(RwLock<Arc<ServerConfig>>);

impl Tls {
    /// From PEM: the certificate with its chain, its key, and the authorities of clients' certificates. A client may show
    /// a certificate then; whether it must is for [`crate::Doors`] to say.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub fn new(certificate: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<Self, String> {
        Ok(Self(RwLock::new(configure(certificate, key, clients)?)))
    }

    /// Has new connections see other certificates.
    ///
    /// # Errors
    /// As [`Tls::new`]; the old ones stay then.
    pub fn reload(&self, certificate: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<(), String> {
        let new = configure(certificate, key, clients)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn configure(certificate: &[u8], key: &[u8], clients: Option<&[u8]>) -> Result<Arc<ServerConfig>, String> {
    let chain = certificates(certificate).map_err(|why| format!("certificate: {why}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("key: {error}"))?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities).map_err(|why| format!("client authority: {why}"))? {
                roots
                    .add(authority)
                    .map_err(|error| format!("client authority: {error}"))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| format!("client authority: {error}"))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("there is none in the file".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}
