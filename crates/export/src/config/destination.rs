//! One destination of one signal, all settings resolved.

use super::endpoint::{self, Context};
use super::layers::Found;
use super::{ConfigError, Headers, Key, Layers, Tls};
use reqwest::Url;
use sitelog_model::Signal;
use std::fmt;
use std::time::Duration;

/// How OTLP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// Protobuf over HTTP/1.1.
    HttpProtobuf,
    /// OTLP/JSON over HTTP/1.1.
    HttpJson,
}

impl Protocol {
    /// The name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
        }
    }

    /// The port registered for it.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Grpc => 4317,
            Self::HttpProtobuf | Self::HttpJson => 4318,
        }
    }

    fn parse(found: Found) -> Result<Self, ConfigError> {
        let all = [Self::Grpc, Self::HttpProtobuf, Self::HttpJson];
        let known = all.into_iter().find(|protocol| protocol.name() == found.value);
        known.ok_or(ConfigError::Protocol {
            from: found.from,
            value: found.value,
        })
    }
}

/// How request bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, level 1.
    Gzip,
    /// zstd, level 1.
    Zstd,
}

impl Compression {
    /// The name in settings and in `content-encoding`; `None` for no compression.
    pub fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    fn parse(found: Found) -> Result<Self, ConfigError> {
        match found.value.as_str() {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(ConfigError::Compression {
                from: found.from,
                value: found.value,
            }),
        }
    }
}

/// Where and how one signal is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// The request's URL; for gRPC the server's.
    pub url: Url,
    /// How OTLP travels.
    pub protocol: Protocol,
    /// Headers of every request.
    pub headers: Headers,
    /// How long a request may take; default 10 s.
    pub timeout: Duration,
    /// How bodies are compressed.
    pub compression: Compression,
    /// Certificates, for `https`.
    pub tls: Tls,
    /// Attributes that every resource gets on its way out, and nowhere else. They may be secret.
    pub attributes: Vec<(String, String)>,
}

impl Destination {
    /// A destination with the default settings.
    pub fn new(url: Url, protocol: Protocol) -> Self {
        let (headers, compression, tls) = (Headers::default(), Compression::default(), Tls::default());
        let timeout = Duration::from_secs(10);
        Self {
            url,
            protocol,
            headers,
            timeout,
            compression,
            tls,
            attributes: Vec::new(),
        }
    }

    /// Reads all settings of a signal; `None` without an endpoint. Wrong settings are told even then.
    pub(super) fn resolve(layers: &Layers<'_>, signal: Signal) -> Result<Option<Self>, ConfigError> {
        let find = |key| layers.find(key, signal);
        let protocol = find(Key::Protocol).map(Protocol::parse).transpose()?;
        let headers = find(Key::Headers)
            .map(|found| Headers::parse(&found.value, &found.from))
            .transpose()?;
        let timeout = find(Key::Timeout).map(parse_timeout).transpose()?;
        let compression = find(Key::Compression).map(Compression::parse).transpose()?;
        let insecure = find(Key::Insecure).map(parse_switch).transpose()?;
        let tls = Tls::resolve(layers, signal)?;
        let Some(endpoint) = find(Key::Endpoint) else {
            return Ok(None);
        };
        let context = Context {
            from: &endpoint.from,
            own: endpoint.own,
            signal,
            protocol,
            insecure,
            certificates: tls.is_set(),
        };
        let (url, protocol) = endpoint::parse(&endpoint.value, &context)?;
        let mut destination = Self::new(url, protocol);
        destination.headers = headers.unwrap_or_default();
        destination.timeout = timeout.unwrap_or(destination.timeout);
        destination.compression = compression.unwrap_or_default();
        destination.tls = tls;
        Ok(Some(destination))
    }

    /// What messages call it: protocol and URL without its query, which may hold a key.
    pub fn label(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        format!("{} {url}", self.protocol.name())
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = (&self.headers, self.timeout, self.compression, &self.tls);
        f.debug_tuple("Destination").field(&self.label()).field(&rest).finish()
    }
}

fn parse_timeout(found: Found) -> Result<Duration, ConfigError> {
    let parsed = if found.env {
        found.value.parse().ok().map(Duration::from_millis)
    } else {
        humantime::parse_duration(&found.value).ok()
    };
    let expected = if found.env {
        "a number of milliseconds above 0, like 10000"
    } else {
        "a duration above 0, like 10s"
    };
    let usable = parsed.filter(|timeout| !timeout.is_zero());
    usable.ok_or(ConfigError::Timeout {
        from: found.from,
        value: found.value,
        expected,
    })
}

/// `true` and `false` as the specification has them, and what Go programs take for them besides.
fn parse_switch(found: Found) -> Result<bool, ConfigError> {
    match found.value.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(ConfigError::Switch {
            from: found.from,
            value: found.value,
        }),
    }
}

#[cfg(test)]
mod tests;
