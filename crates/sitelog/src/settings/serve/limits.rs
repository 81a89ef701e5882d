//! Limits in the file.

use crate::settings::{Period, Size};
use schemars::JsonSchema;
use serde::Deserialize;
use sitelog_receive::{ServerLimits, TenantLimits};

/// Limits of the server as a whole and of its connections.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ServerLimitsFile {
    /// Connections at the same time [2048].
    pub(crate) connections: Option<usize>,
    /// Requests of one HTTP/2 connection at the same time [128].
    pub(crate) streams: Option<u32>,
    /// Bytes of the headers of a request [16KiB].
    pub(crate) header_bytes: Option<Size>,
    /// Headers of an HTTP/1.1 request [64].
    pub(crate) headers: Option<usize>,
    /// Bytes of all requests that are not answered yet [32MiB].
    pub(crate) bytes_in_flight: Option<Size>,
    /// How long a TLS handshake or the headers of a request may take [10s].
    pub(crate) header_time: Option<Period>,
    /// How long a body may take to arrive [30s].
    pub(crate) body_time: Option<Period>,
    /// How long a body may stand still [5s].
    pub(crate) body_pause: Option<Period>,
    /// How long a connection may be without a request [2m].
    pub(crate) idle_time: Option<Period>,
}

/// Limits of a tenant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct TenantLimitsFile {
    /// Log records, spans and metrics a second [no limit].
    pub(crate) records_per_second: Option<u64>,
    /// Bytes a second, uncompressed [no limit].
    pub(crate) bytes_per_second: Option<Size>,
    /// Bytes of requests that are not answered yet [12MiB].
    pub(crate) bytes_in_flight: Option<Size>,
    /// Bytes of one request, uncompressed [8MiB].
    pub(crate) request_bytes: Option<Size>,
    /// Metric series that were seen within one to two hours [no limit].
    pub(crate) series: Option<usize>,
    /// Keys of attributes, likewise [no limit].
    pub(crate) attribute_keys: Option<usize>,
    /// What it may occupy on disk [ledger.max-bytes].
    pub(crate) ledger_bytes: Option<Size>,
}

impl ServerLimitsFile {
    /// With each default in its place.
    pub(crate) fn effective(&self) -> ServerLimits {
        let default = ServerLimits::default();
        let period = |given: Option<Period>, default| given.map_or(default, |given| given.0);
        let size = |given: Option<Size>, default| given.map_or(default, |given| given.0);
        ServerLimits {
            connections: self.connections.unwrap_or(default.connections),
            streams: self.streams.unwrap_or(default.streams),
            header_bytes: size(self.header_bytes, default.header_bytes.into()).min(1 << 30) as u32,
            headers: self.headers.unwrap_or(default.headers),
            bytes_in_flight: size(self.bytes_in_flight, default.bytes_in_flight),
            header_time: period(self.header_time, default.header_time),
            body_time: period(self.body_time, default.body_time),
            body_pause: period(self.body_pause, default.body_pause),
            idle_time: period(self.idle_time, default.idle_time),
        }
    }
}

impl TenantLimitsFile {
    /// What is set here, and where nothing is, in `below`.
    pub(crate) fn over(&self, below: &Self) -> Self {
        Self {
            records_per_second: self.records_per_second.or(below.records_per_second),
            bytes_per_second: self.bytes_per_second.or(below.bytes_per_second),
            bytes_in_flight: self.bytes_in_flight.or(below.bytes_in_flight),
            request_bytes: self.request_bytes.or(below.request_bytes),
            series: self.series.or(below.series),
            attribute_keys: self.attribute_keys.or(below.attribute_keys),
            ledger_bytes: self.ledger_bytes.or(below.ledger_bytes),
        }
    }

    /// Whether a request of the size that is allowed could ever be taken.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub(crate) fn check(&self, server: &ServerLimits) -> Result<(), String> {
        let limits = self.effective();
        let Some(request) = self.request_bytes else {
            return Ok(());
        };
        // A tenant has as much of the room for all as it leaves free.
        for (room, whose) in [
            (limits.bytes_in_flight, "the tenant's"),
            (server.bytes_in_flight / 2, "half of the server's"),
        ] {
            if limits.request_bytes as u64 > room {
                let room = Size(room);
                return Err(format!(
                    "request-bytes {request} is more than {whose} bytes-in-flight, {room}: raise this or lower that"
                ));
            }
        }
        Ok(())
    }

    /// With each default in its place.
    pub(crate) fn effective(&self) -> TenantLimits {
        let default = TenantLimits::default();
        let request = self.request_bytes.map_or(default.request_bytes as u64, |size| size.0);
        TenantLimits {
            records_per_second: self.records_per_second,
            bytes_per_second: self.bytes_per_second.map(|size| size.0),
            bytes_in_flight: self.bytes_in_flight.map_or(default.bytes_in_flight, |size| size.0),
            // A frame of the ledger holds no more.
            series: self.series,
            attribute_keys: self.attribute_keys,
            request_bytes: usize::try_from(request).unwrap_or(usize::MAX).min(REQUEST),
        }
    }
}

/// The largest request, bytes.
const REQUEST: usize = 15 << 20;
