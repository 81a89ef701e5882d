//! One record of the trail, as it stands in the ledger.

use serde::{Serialize, Serializer};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::{AnyValue, KeyValue, any_value};
use sitelog_model::otlp::logs::v1::LogRecord;

/// One audit record with the resource it was sent with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Frame in the chain.
    pub frame: u64,
    /// Record within the frame.
    pub item: u32,
    /// When it happened, Unix nanoseconds.
    pub time: u64,
    /// `sitelog.resource.completed` …
    pub event: String,
    /// OTLP severity number.
    pub severity: i32,
    /// The sentence for people.
    pub body: String,
    /// The record's attributes, then those of its resource that it does not have itself.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(String, Value)>,
}

/// An attribute's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A truth.
    Bool(bool),
    /// Several.
    List(Vec<Value>),
    /// None, or of a kind that audit records do not have (maps, bytes).
    Other,
}

impl Entry {
    /// An attribute.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.attributes
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// A string attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a boolean attribute is there and true.
    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Value::Bool(true)))
    }

    /// An integer attribute.
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// The audit records of a logs request, with their resource's attributes; job lines have no event name.
pub(crate) fn audit_records(
    request: &ExportLogsServiceRequest,
) -> impl Iterator<Item = (u32, &LogRecord, &[KeyValue])> {
    let resources = request.resource_logs.iter();
    let records = resources.flat_map(|logs| {
        let resource = logs.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let scopes = logs.scope_logs.iter().flat_map(|scope| &scope.log_records);
        scopes.map(move |record| (record, resource))
    });
    let numbered = records
        .zip(0u32..)
        .map(|((record, resource), item)| (item, record, resource));
    numbered.filter(|(_, record, _)| record.event_name.starts_with("sitelog."))
}

/// A record as an entry.
pub(crate) fn entry(frame: u64, item: u32, record: &LogRecord, resource: &[KeyValue]) -> Entry {
    let own = record.attributes.iter();
    let others = resource
        .iter()
        .filter(|other| !record.attributes.iter().any(|own| own.key == other.key));
    Entry {
        frame,
        item,
        time: time(record),
        event: record.event_name.clone(),
        severity: record.severity_number,
        body: record.body.as_ref().and_then(text).unwrap_or_default().to_owned(),
        attributes: own
            .chain(others)
            .map(|pair| (pair.key.clone(), value(pair.value.as_ref())))
            .collect(),
    }
}

/// When it happened, else when it was seen.
pub(crate) fn time(record: &LogRecord) -> u64 {
    match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    }
}

/// An attribute of the record, else of its resource.
pub(crate) fn find<'a>(record: &'a LogRecord, resource: &'a [KeyValue], key: &str) -> Option<&'a AnyValue> {
    let mut all = record.attributes.iter().chain(resource);
    all.find(|pair| pair.key == key)?.value.as_ref()
}

/// A string value.
pub(crate) fn text(value: &AnyValue) -> Option<&str> {
    match value.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// An integer value.
pub(crate) fn int(value: &AnyValue) -> Option<i64> {
    match value.value.as_ref()? {
        any_value::Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

fn value(any: Option<&AnyValue>) -> Value {
    match any.and_then(|any| any.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => Value::Text(text.clone()),
        Some(any_value::Value::IntValue(number)) => Value::Int(*number),
        Some(any_value::Value::DoubleValue(number)) => Value::Double(*number),
        Some(any_value::Value::BoolValue(truth)) => Value::Bool(*truth),
        Some(any_value::Value::ArrayValue(array)) => {
            Value::List(array.values.iter().map(|item| value(Some(item))).collect())
        }
        _ => Value::Other,
    }
}

fn as_map<S: Serializer>(pairs: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}
