//! An authority, and the files that a gateway, a peer and a client name.

use super::running::sha256;
use crate::scene::Scene;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Paths of PEM files; the server's certificate is of 127.0.0.1 and localhost.
pub(crate) struct Certificates {
    pub(crate) authority: String,
    pub(crate) server: Pair,
    pub(crate) client: Pair,
    /// SHA-256 of the client's certificate.
    pub(crate) fingerprint: String,
}

/// A certificate's file and its key's.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Certificates {
    pub(crate) fn new(scene: &Scene) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than rcgen's default for all: what has its issuer's name is self-signed to OpenSSL.
        params.distinguished_name.push(DnType::CommonName, "the authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let signed = |name: &str, of: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned(), "localhost".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            let pair = Pair {
                certificate: scene.file(&format!("{of}.pem"), &certificate.pem()),
                key: scene.file(&format!("{of}.key"), &key.serialize_pem()),
            };
            (pair, sha256(certificate.der()))
        };
        let (client, fingerprint) = signed("client", "client");
        Self {
            authority: scene.file("authority.pem", &authority.pem()),
            server: signed("127.0.0.1", "server").0,
            client,
            fingerprint,
        }
    }
}
