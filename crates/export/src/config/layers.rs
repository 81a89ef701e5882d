//! Finding a setting in flags, environment and file.

use sitelog_model::Signal;
use std::fmt;

/// A setting of an OTLP destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Where to send.
    Endpoint,
    /// `grpc`, `http/protobuf` or `http/json`.
    Protocol,
    /// `name=value,name=value`.
    Headers,
    /// How long a request may take.
    Timeout,
    /// `none`, `gzip` or `zstd`.
    Compression,
    /// PEM file of the authorities that a server may be signed by.
    Certificate,
    /// PEM file with our certificate for mutual TLS.
    ClientCertificate,
    /// PEM file with its key.
    ClientKey,
    /// Whether an endpoint without a scheme is plain text.
    Insecure,
}

impl Key {
    /// All settings, for a caller that declares a flag for each.
    pub const ALL: [Self; 9] = [
        Self::Endpoint,
        Self::Protocol,
        Self::Headers,
        Self::Timeout,
        Self::Compression,
        Self::Certificate,
        Self::ClientCertificate,
        Self::ClientKey,
        Self::Insecure,
    ];

    /// The part of the variable's name after `OTEL_EXPORTER_OTLP_`.
    fn variable(self) -> &'static str {
        match self {
            Self::Endpoint => "ENDPOINT",
            Self::Protocol => "PROTOCOL",
            Self::Headers => "HEADERS",
            Self::Timeout => "TIMEOUT",
            Self::Compression => "COMPRESSION",
            Self::Certificate => "CERTIFICATE",
            Self::ClientCertificate => "CLIENT_CERTIFICATE",
            Self::ClientKey => "CLIENT_KEY",
            Self::Insecure => "INSECURE",
        }
    }
}

/// A setting that was given by a flag or a file.
#[derive(Clone)]
pub struct Given {
    /// Which setting.
    pub key: Key,
    /// The signal it is for; `None` for all.
    pub signal: Option<Signal>,
    /// The text given.
    pub value: String,
    /// Where it came from, for messages: `--otlp.endpoint`, `sitelog.yaml:12`.
    pub from: String,
}

impl fmt::Debug for Given {
    /// Without the value, which may be a header with a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = self.signal.map(Signal::name);
        write!(f, "Given({:?} {signal:?} from {})", self.key, self.from)
    }
}

/// The places settings come from, strongest first. An empty value counts as not given, as the specification asks.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    /// From the command line.
    pub flags: &'a [Given],
    /// Reads an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// From files and defaults, the strongest first.
    pub file: &'a [Given],
}

/// A setting as found.
pub(super) struct Found {
    pub(super) value: String,
    pub(super) from: String,
    /// Whether it was set for this signal only.
    pub(super) own: bool,
    /// Whether it is an environment variable, whose timeouts are milliseconds.
    pub(super) env: bool,
}

impl Layers<'_> {
    /// The strongest value of a setting: flags, then environment, then file; in each the signal's own form first.
    pub(super) fn find(&self, key: Key, signal: Signal) -> Option<Found> {
        let own_then_shared = |find: &dyn Fn(bool) -> Option<Found>| find(true).or_else(|| find(false));
        // The last of several flags is what the user means.
        own_then_shared(&|own| given(self.flags.iter().rev(), key, signal, own))
            .or_else(|| own_then_shared(&|own| self.variable(key, signal, own)))
            .or_else(|| own_then_shared(&|own| given(self.file.iter(), key, signal, own)))
    }

    fn variable(&self, key: Key, signal: Signal, own: bool) -> Option<Found> {
        let signal = if own {
            format!("{}_", signal.name().to_uppercase())
        } else {
            String::new()
        };
        let from = format!("OTEL_EXPORTER_OTLP_{signal}{}", key.variable());
        let value = (self.env)(&from)?.trim().to_owned();
        let env = true;
        (!value.is_empty()).then_some(Found { value, from, own, env })
    }
}

fn given<'a>(mut list: impl Iterator<Item = &'a Given>, key: Key, signal: Signal, own: bool) -> Option<Found> {
    let wanted = own.then_some(signal);
    let is_it = |given: &&Given| given.key == key && given.signal == wanted && !given.value.trim().is_empty();
    list.find(is_it).map(|given| Found {
        value: given.value.trim().to_owned(),
        from: given.from.clone(),
        own,
        env: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(signal: Option<Signal>, value: &str) -> Given {
        let (key, from) = (Key::Endpoint, format!("--{value}"));
        Given {
            key,
            signal,
            value: value.to_owned(),
            from,
        }
    }

    #[test]
    fn the_strongest_place_wins_and_in_each_the_signals_own_form() {
        let env = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(" env ".to_owned()),
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" => Some("env-logs".to_owned()),
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" => Some(String::new()),
            _ => None,
        };
        let file = [
            flag(Some(Signal::Logs), "file-logs"),
            flag(None, "file"),
            flag(None, "a default"),
        ];
        let flags = [
            flag(Some(Signal::Traces), "flag-traces"),
            flag(Some(Signal::Traces), "flag-last"),
        ];
        let find = |flags: &[Given], env: &dyn Fn(&str) -> Option<String>, signal| {
            let layers = Layers {
                flags,
                env,
                file: &file,
            };
            layers.find(Key::Endpoint, signal).map(|found| found.value)
        };
        assert_eq!(find(&flags, &env, Signal::Traces).as_deref(), Some("flag-last"));
        assert_eq!(find(&flags, &env, Signal::Logs).as_deref(), Some("env-logs"));
        assert_eq!(find(&flags, &env, Signal::Metrics).as_deref(), Some("env"));
        assert_eq!(find(&[], &|_| None, Signal::Logs).as_deref(), Some("file-logs"));
        assert_eq!(find(&[], &|_| None, Signal::Metrics).as_deref(), Some("file"));
    }
}
