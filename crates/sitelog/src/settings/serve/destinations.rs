//! Destinations of a tenant in the file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use sitelog_export::OtlpConfig;
use sitelog_export::config::{DestinationName, Given, Key, Layers};
use sitelog_model::Signal;
use std::collections::BTreeMap;

/// One destination. It has a cursor of its own: what another one does not take is no matter of its.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct DestinationFile {
    /// Where records are sent: the URL to which OTLP's path is added (Loki: http://loki:3100/otlp; Prometheus:
    /// http://prometheus:9090/api/v1/otlp), or host:port of gRPC.
    #[schemars(with = "String")]
    pub(crate) endpoint: Option<Spanned<String>>,
    /// grpc, http/protobuf or http/json.
    #[schemars(with = "Option<String>")]
    pub(crate) protocol: Option<Spanned<String>>,
    /// Headers of every request, such as X-Scope-OrgID.
    pub(crate) headers: BTreeMap<String, String>,
    /// How long a request may take.
    #[schemars(with = "Option<String>")]
    pub(crate) timeout: Option<Spanned<String>>,
    /// none, gzip or zstd.
    #[schemars(with = "Option<String>")]
    pub(crate) compression: Option<Spanned<String>>,
    /// PEM file of the authorities to trust.
    #[schemars(with = "Option<String>")]
    pub(crate) certificate: Option<Spanned<String>>,
    /// PEM file with our certificate.
    #[schemars(with = "Option<String>")]
    pub(crate) client_certificate: Option<Spanned<String>>,
    /// PEM file with its key.
    #[schemars(with = "Option<String>")]
    pub(crate) client_key: Option<Spanned<String>>,
    /// Whether an endpoint without a scheme is plain text.
    #[schemars(with = "Option<bool>")]
    pub(crate) insecure: Option<Spanned<bool>>,
    /// Which signals it gets: logs, traces, metrics; none named: all.
    #[schemars(with = "Vec<String>")]
    pub(crate) signals: Vec<Spanned<String>>,
}

impl DestinationFile {
    /// Where each signal goes.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn resolve(&self, name: &str, file: &str) -> Result<OtlpConfig, String> {
        if self.endpoint.is_none() {
            return Err(format!("{file}: destination {name:?} has no endpoint"));
        }
        let given = self.given(file);
        let env = |_: &str| None;
        let layers = Layers {
            flags: &[],
            env: &env,
            file: &given,
        };
        let mut otlp = OtlpConfig::resolve(&layers).map_err(|error| error.to_string())?;
        let wanted = self.wanted(file)?;
        for signal in Signal::ALL.into_iter().filter(|signal| !wanted.contains(signal)) {
            otlp.set_destination(signal, None);
        }
        otlp.name = DestinationName::new(name, file).map_err(|error| error.to_string())?;
        Ok(otlp)
    }

    fn wanted(&self, file: &str) -> Result<Vec<Signal>, String> {
        if self.signals.is_empty() {
            return Ok(Signal::ALL.to_vec());
        }
        let wanted = self.signals.iter().map(|wanted| {
            let found = Signal::ALL.into_iter().find(|signal| signal.name() == wanted.value);
            let line = wanted.referenced.line();
            let wrong = || {
                format!(
                    "{file}:{line}: {:?} is no signal; logs, traces or metrics",
                    wanted.value
                )
            };
            found.ok_or_else(wrong)
        });
        wanted.collect()
    }

    fn given(&self, file: &str) -> Vec<Given> {
        let text = |key: Key, value: &Option<Spanned<String>>| {
            value
                .as_ref()
                .map(|value| (key, value.value.clone(), value.referenced.line()))
        };
        let insecure = &self.insecure;
        let insecure = insecure
            .as_ref()
            .map(|on| (Key::Insecure, on.value.to_string(), on.referenced.line()));
        let line = self.endpoint.as_ref().map_or(1, |endpoint| endpoint.referenced.line());
        let headers = (!self.headers.is_empty()).then(|| (Key::Headers, header_list(&self.headers), line));
        let settings = [
            text(Key::Endpoint, &self.endpoint),
            text(Key::Protocol, &self.protocol),
            headers,
            text(Key::Timeout, &self.timeout),
            text(Key::Compression, &self.compression),
            text(Key::Certificate, &self.certificate),
            text(Key::ClientCertificate, &self.client_certificate),
            text(Key::ClientKey, &self.client_key),
            insecure,
        ];
        let place = |(key, value, line)| Given {
            key,
            signal: None,
            value,
            from: format!("{file}:{line}"),
        };
        settings.into_iter().flatten().map(place).collect()
    }
}

/// Headers as the standard variable would hold them.
fn header_list(headers: &BTreeMap<String, String>) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = headers.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}
