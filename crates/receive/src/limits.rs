//! How much may come in: for one request, for a connection, for a tenant, for all.

use std::time::Duration;

/// Limits of the server as a whole and of each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at the same time. When there are more, the one that has been idle longest is closed.
    pub connections: usize,
    /// Requests of one HTTP/2 connection at the same time.
    pub streams: u32,
    /// Bytes of the headers of a request.
    pub header_bytes: u32,
    /// Headers of an HTTP/1.1 request.
    pub headers: usize,
    /// Bytes of all requests that have not been answered yet.
    pub bytes_in_flight: u64,
    /// How long a TLS handshake or the headers of a request may take.
    pub header_time: Duration,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long a body may stand still.
    pub body_pause: Duration,
    /// How long a connection may be without a request.
    pub idle_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 2048,
            streams: 128,
            header_bytes: 16 << 10,
            headers: 64,
            bytes_in_flight: 32 << 20,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            body_pause: Duration::from_secs(5),
            idle_time: Duration::from_secs(120),
        }
    }
}

/// Limits of one tenant; `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// Log records, spans and data points a second.
    pub records_per_second: Option<u64>,
    /// Bytes a second, uncompressed.
    pub bytes_per_second: Option<u64>,
    /// Bytes of requests that have not been answered yet.
    pub bytes_in_flight: u64,
    /// Bytes of one request, uncompressed.
    pub request_bytes: usize,
    /// Metric series that were seen within one to two hours.
    pub series: Option<usize>,
    /// Keys of attributes, likewise.
    pub attribute_keys: Option<usize>,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self {
            records_per_second: None,
            bytes_per_second: None,
            bytes_in_flight: 12 << 20,
            request_bytes: 8 << 20,
            series: None,
            attribute_keys: None,
        }
    }
}
