//! The schema of OTLP (opentelemetry-proto 1.x, `opentelemetry/proto/*/v1/*.proto`): what every field of the three
//! signals is to the sanitizer. A field that is not here is unknown and goes through [`super::unknown`].

use super::reader::{FIXED32, FIXED64, LEN, VARINT};
use sitelog_model::Signal;

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A number that says nothing.
    Varint,
    /// The same in eight bytes.
    Fixed64,
    /// The same in four bytes.
    Fixed32,
    /// Repeated varints, packed or not.
    Varints,
    /// Repeated eight-byte numbers, packed or not.
    Fixed64s,
    /// Bytes that are kept as they are: trace and span ids.
    Id,
    /// A text in which secrets are looked for.
    Text,
    /// The key of an attribute.
    Key,
    /// A value's integer, which may be a declared value.
    Int,
    /// A value's double, which may be a declared value.
    Double,
    /// A value's bytes.
    Bytes,
    /// An `AnyValue`: of an attribute, or a body.
    Any,
    /// An `AnyValue` in a list.
    Item,
    /// A `KeyValue`: an attribute, or an entry of a map.
    Attribute,
    /// The list or map in a value.
    Nested(&'static Message),
    /// A message with attributes or texts of its own.
    Message(&'static Message),
    /// A record, span or metric.
    Record(&'static Message),
    /// A message that a group has once, merged by protobuf if it stands there twice.
    Shared(&'static Message),
    /// A message that groups records.
    Group(&'static Message),
}

impl What {
    /// Whether a field that is this may have a wire type.
    #[inline]
    pub(super) fn fits(self, wire: u8) -> bool {
        match self {
            Self::Varint | Self::Int => wire == VARINT,
            Self::Fixed64 | Self::Double => wire == FIXED64,
            Self::Fixed32 => wire == FIXED32,
            Self::Varints => wire == VARINT || wire == LEN,
            Self::Fixed64s => wire == FIXED64 || wire == LEN,
            _ => wire == LEN,
        }
    }
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Known {
    number: u32,
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) what: What,
    /// A bit that fields share of which only the last counts: what comes before must not hide from the rules.
    pub(super) once: u8,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// Its name in the schema.
    pub(super) name: &'static str,
    fields: &'static [Known],
    /// Places in `fields` by number; one behind the last field where there is none.
    places: [u8; NUMBERS],
}

/// One more than the largest field number in OTLP.
const NUMBERS: usize = 17;

impl Message {
    const fn new(name: &'static str, fields: &'static [Known]) -> Self {
        let mut places = [fields.len() as u8; NUMBERS];
        let mut at = 0;
        while at < fields.len() {
            places[fields[at].number as usize] = at as u8;
            at += 1;
        }
        Self { name, fields, places }
    }

    /// What the schema says of a number; `None` when it is unknown.
    #[inline]
    pub(super) fn field(&self, number: u32) -> Option<&'static Known> {
        let place = *self.places.get(number as usize)?;
        self.fields.get(usize::from(place))
    }
}

const fn is(number: u32, name: &'static str, what: What) -> Known {
    let once = 0;
    Known {
        number,
        name,
        what,
        once,
    }
}

const fn once(bit: u8, number: u32, name: &'static str, what: What) -> Known {
    let once = 1 << bit;
    Known {
        number,
        name,
        what,
        once,
    }
}

/// The request of a signal.
pub(super) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Logs => &LOGS_REQUEST,
        Signal::Traces => &TRACE_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
    }
}

use What::{
    Any, Attribute, Bytes, Double, Fixed32, Fixed64, Fixed64s, Group, Id, Int, Item, Key, Nested, Record, Shared, Text,
    Varint, Varints,
};

// common.proto, resource.proto

pub(super) static ANY_VALUE: Message = Message::new(
    "AnyValue",
    &[
        once(0, 1, "string_value", Text),
        once(0, 2, "bool_value", Varint),
        once(0, 3, "int_value", Int),
        once(0, 4, "double_value", Double),
        once(0, 5, "array_value", Nested(&ARRAY_VALUE)),
        once(0, 6, "kvlist_value", Nested(&KEY_VALUE_LIST)),
        once(0, 7, "bytes_value", Bytes),
        once(0, 8, "string_value_strindex", Varint),
    ],
);
static ARRAY_VALUE: Message = Message::new("ArrayValue", &[is(1, "values", Item)]);
static KEY_VALUE_LIST: Message = Message::new("KeyValueList", &[is(1, "values", Attribute)]);
pub(super) static KEY_VALUE: Message = Message::new(
    "KeyValue",
    &[
        once(0, 1, "key", Key),
        once(1, 2, "value", Any),
        is(3, "key_strindex", Varint),
    ],
);
static SCOPE: Message = Message::new(
    "InstrumentationScope",
    &[
        is(1, "name", Text),
        is(2, "version", Text),
        is(3, "attributes", Attribute),
        is(4, "dropped_attributes_count", Varint),
    ],
);
static RESOURCE: Message = Message::new(
    "Resource",
    &[
        is(1, "attributes", Attribute),
        is(2, "dropped_attributes_count", Varint),
        is(3, "entity_refs", What::Message(&ENTITY_REF)),
    ],
);
static ENTITY_REF: Message = Message::new(
    "EntityRef",
    &[
        is(1, "schema_url", Text),
        is(2, "type", Text),
        is(3, "id_keys", Text),
        is(4, "description_keys", Text),
    ],
);

// logs.proto

static LOGS_REQUEST: Message = Message::new(
    "ExportLogsServiceRequest",
    &[is(1, "resource_logs", Group(&RESOURCE_LOGS))],
);
static RESOURCE_LOGS: Message = Message::new(
    "ResourceLogs",
    &[
        is(1, "resource", Shared(&RESOURCE)),
        is(2, "scope_logs", Group(&SCOPE_LOGS)),
        is(3, "schema_url", Text),
    ],
);
static SCOPE_LOGS: Message = Message::new(
    "ScopeLogs",
    &[
        is(1, "scope", Shared(&SCOPE)),
        is(2, "log_records", Record(&LOG_RECORD)),
        is(3, "schema_url", Text),
    ],
);
static LOG_RECORD: Message = Message::new(
    "LogRecord",
    &[
        is(1, "time_unix_nano", Fixed64),
        is(2, "severity_number", Varint),
        is(3, "severity_text", Text),
        once(0, 5, "body", Any),
        is(6, "attributes", Attribute),
        is(7, "dropped_attributes_count", Varint),
        is(8, "flags", Fixed32),
        is(9, "trace_id", Id),
        is(10, "span_id", Id),
        is(11, "observed_time_unix_nano", Fixed64),
        is(12, "event_name", Text),
    ],
);

// trace.proto

static TRACE_REQUEST: Message = Message::new(
    "ExportTraceServiceRequest",
    &[is(1, "resource_spans", Group(&RESOURCE_SPANS))],
);
static RESOURCE_SPANS: Message = Message::new(
    "ResourceSpans",
    &[
        is(1, "resource", Shared(&RESOURCE)),
        is(2, "scope_spans", Group(&SCOPE_SPANS)),
        is(3, "schema_url", Text),
    ],
);
static SCOPE_SPANS: Message = Message::new(
    "ScopeSpans",
    &[
        is(1, "scope", Shared(&SCOPE)),
        is(2, "spans", Record(&SPAN)),
        is(3, "schema_url", Text),
    ],
);
static SPAN: Message = Message::new(
    "Span",
    &[
        is(1, "trace_id", Id),
        is(2, "span_id", Id),
        is(3, "trace_state", Text),
        is(4, "parent_span_id", Id),
        is(5, "name", Text),
        is(6, "kind", Varint),
        is(7, "start_time_unix_nano", Fixed64),
        is(8, "end_time_unix_nano", Fixed64),
        is(9, "attributes", Attribute),
        is(10, "dropped_attributes_count", Varint),
        is(11, "events", What::Message(&EVENT)),
        is(12, "dropped_events_count", Varint),
        is(13, "links", What::Message(&LINK)),
        is(14, "dropped_links_count", Varint),
        is(15, "status", What::Message(&STATUS)),
        is(16, "flags", Fixed32),
    ],
);
static EVENT: Message = Message::new(
    "Span.Event",
    &[
        is(1, "time_unix_nano", Fixed64),
        is(2, "name", Text),
        is(3, "attributes", Attribute),
        is(4, "dropped_attributes_count", Varint),
    ],
);
static LINK: Message = Message::new(
    "Span.Link",
    &[
        is(1, "trace_id", Id),
        is(2, "span_id", Id),
        is(3, "trace_state", Text),
        is(4, "attributes", Attribute),
        is(5, "dropped_attributes_count", Varint),
        is(6, "flags", Fixed32),
    ],
);
static STATUS: Message = Message::new("Status", &[is(2, "message", Text), is(3, "code", Varint)]);

// metrics.proto

static METRICS_REQUEST: Message = Message::new(
    "ExportMetricsServiceRequest",
    &[is(1, "resource_metrics", Group(&RESOURCE_METRICS))],
);
static RESOURCE_METRICS: Message = Message::new(
    "ResourceMetrics",
    &[
        is(1, "resource", Shared(&RESOURCE)),
        is(2, "scope_metrics", Group(&SCOPE_METRICS)),
        is(3, "schema_url", Text),
    ],
);
static SCOPE_METRICS: Message = Message::new(
    "ScopeMetrics",
    &[
        is(1, "scope", Shared(&SCOPE)),
        is(2, "metrics", Record(&METRIC)),
        is(3, "schema_url", Text),
    ],
);
static METRIC: Message = Message::new(
    "Metric",
    &[
        is(1, "name", Text),
        is(2, "description", Text),
        is(3, "unit", Text),
        is(5, "gauge", What::Message(&GAUGE)),
        is(7, "sum", What::Message(&SUM)),
        is(9, "histogram", What::Message(&HISTOGRAM)),
        is(10, "exponential_histogram", What::Message(&EXPONENTIAL_HISTOGRAM)),
        is(11, "summary", What::Message(&SUMMARY)),
        is(12, "metadata", Attribute),
    ],
);
static GAUGE: Message = Message::new("Gauge", &[is(1, "data_points", What::Message(&NUMBER_POINT))]);
static SUM: Message = Message::new(
    "Sum",
    &[
        is(1, "data_points", What::Message(&NUMBER_POINT)),
        is(2, "aggregation_temporality", Varint),
        is(3, "is_monotonic", Varint),
    ],
);
static HISTOGRAM: Message = Message::new(
    "Histogram",
    &[
        is(1, "data_points", What::Message(&HISTOGRAM_POINT)),
        is(2, "aggregation_temporality", Varint),
    ],
);
static EXPONENTIAL_HISTOGRAM: Message = Message::new(
    "ExponentialHistogram",
    &[
        is(1, "data_points", What::Message(&EXPONENTIAL_POINT)),
        is(2, "aggregation_temporality", Varint),
    ],
);
static SUMMARY: Message = Message::new("Summary", &[is(1, "data_points", What::Message(&SUMMARY_POINT))]);
static NUMBER_POINT: Message = Message::new(
    "NumberDataPoint",
    &[
        is(2, "start_time_unix_nano", Fixed64),
        is(3, "time_unix_nano", Fixed64),
        is(4, "as_double", Fixed64),
        is(5, "exemplars", What::Message(&EXEMPLAR)),
        is(6, "as_int", Fixed64),
        is(7, "attributes", Attribute),
        is(8, "flags", Varint),
    ],
);
static HISTOGRAM_POINT: Message = Message::new(
    "HistogramDataPoint",
    &[
        is(2, "start_time_unix_nano", Fixed64),
        is(3, "time_unix_nano", Fixed64),
        is(4, "count", Fixed64),
        is(5, "sum", Fixed64),
        is(6, "bucket_counts", Fixed64s),
        is(7, "explicit_bounds", Fixed64s),
        is(8, "exemplars", What::Message(&EXEMPLAR)),
        is(9, "attributes", Attribute),
        is(10, "flags", Varint),
        is(11, "min", Fixed64),
        is(12, "max", Fixed64),
    ],
);
static EXPONENTIAL_POINT: Message = Message::new(
    "ExponentialHistogramDataPoint",
    &[
        is(1, "attributes", Attribute),
        is(2, "start_time_unix_nano", Fixed64),
        is(3, "time_unix_nano", Fixed64),
        is(4, "count", Fixed64),
        is(5, "sum", Fixed64),
        is(6, "scale", Varint),
        is(7, "zero_count", Fixed64),
        is(8, "positive", What::Message(&BUCKETS)),
        is(9, "negative", What::Message(&BUCKETS)),
        is(10, "flags", Varint),
        is(11, "exemplars", What::Message(&EXEMPLAR)),
        is(12, "min", Fixed64),
        is(13, "max", Fixed64),
        is(14, "zero_threshold", Fixed64),
    ],
);
static BUCKETS: Message = Message::new("Buckets", &[is(1, "offset", Varint), is(2, "bucket_counts", Varints)]);
static SUMMARY_POINT: Message = Message::new(
    "SummaryDataPoint",
    &[
        is(2, "start_time_unix_nano", Fixed64),
        is(3, "time_unix_nano", Fixed64),
        is(4, "count", Fixed64),
        is(5, "sum", Fixed64),
        is(6, "quantile_values", What::Message(&QUANTILE)),
        is(7, "attributes", Attribute),
        is(8, "flags", Varint),
    ],
);
static QUANTILE: Message = Message::new(
    "ValueAtQuantile",
    &[is(1, "quantile", Fixed64), is(2, "value", Fixed64)],
);
static EXEMPLAR: Message = Message::new(
    "Exemplar",
    &[
        is(2, "time_unix_nano", Fixed64),
        is(3, "as_double", Fixed64),
        is(4, "span_id", Id),
        is(5, "trace_id", Id),
        is(6, "as_int", Fixed64),
        is(7, "filtered_attributes", Attribute),
    ],
);
