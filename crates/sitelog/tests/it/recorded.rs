//! What came out: OTLP/JSON export requests (`--records`, the Collector's file, the sink) as lines, events and spans.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Attributes with plain values: text, numbers, switches, lists.
pub(crate) type Attributes = BTreeMap<String, Value>;

/// The record of one line of a job, or of one part of a long one (fixtures' `otlp_records.py`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) stream: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) eol: &'static str,
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Attributes,
}

/// A record that has a name: of a tool's operation, or of the run itself.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Attributes,
    pub(crate) span: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) failed: bool,
    pub(crate) message: String,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Attributes,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) lines: Vec<Line>,
    pub(crate) events: Vec<Event>,
    pub(crate) spans: Vec<Span>,
}

impl Recorded {
    /// One request a line. A last line without its end is still being written and is left out.
    pub(crate) fn from_file(path: &Path) -> Self {
        let mut recorded = Self::default();
        let bytes = std::fs::read(path).unwrap_or_default();
        for line in bytes
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
        {
            recorded.add(&serde_json::from_slice(line).unwrap());
        }
        recorded
    }

    pub(crate) fn add(&mut self, request: &Value) {
        for group in list(&request["resourceLogs"]) {
            let resource = attributes(&group["resource"]["attributes"]);
            for record in list(&group["scopeLogs"]).flat_map(|scope| list(&scope["logRecords"])) {
                self.add_log(record, &resource);
            }
        }
        for group in list(&request["resourceSpans"]) {
            let resource = attributes(&group["resource"]["attributes"]);
            let spans = list(&group["scopeSpans"]).flat_map(|scope| list(&scope["spans"]));
            self.spans.extend(spans.map(|span| Span {
                trace: text(&span["traceId"]),
                id: text(&span["spanId"]),
                parent: text(&span["parentSpanId"]),
                failed: span["status"]["code"] == 2,
                message: text(&span["status"]["message"]),
                attributes: attributes(&span["attributes"]),
                resource: resource.clone(),
            }));
        }
    }

    fn add_log(&mut self, record: &Value, resource: &Attributes) {
        let attributes = attributes(&record["attributes"]);
        let body = text(&plain(&record["body"]));
        let name = text(&record["eventName"]);
        let seq = attributes.get("sitelog.seq").map(|seq| seq.as_i64().unwrap());
        let Some(seq) = seq.filter(|_| name.is_empty()) else {
            self.events.push(Event {
                name,
                body,
                attributes,
                resource: resource.clone(),
                span: text(&record["spanId"]),
            });
            return;
        };
        let ends = attributes.get("sitelog.part.last").is_none_or(|last| *last == true);
        let eol = match attributes["sitelog.eol"].as_str().unwrap() {
            _ if !ends => "",
            "lf" => "\n",
            "crlf" => "\r\n",
            "none" => "",
            other => panic!("eol {other:?}"),
        };
        let exact = attributes
            .get("sitelog.bytes")
            .map(|exact| STANDARD.decode(exact.as_str().unwrap()).unwrap());
        self.lines.push(Line {
            seq,
            stream: text(&attributes["log.iostream"]),
            bytes: exact.unwrap_or_else(|| body.into_bytes()),
            eol,
            trace: text(&record["traceId"]),
            span: text(&record["spanId"]),
            attributes,
            resource: resource.clone(),
        });
    }

    /// A stream as its records give it back, in the order of `seq`.
    pub(crate) fn stream(&self, name: &str) -> Vec<u8> {
        let mut lines: Vec<&Line> = self.lines.iter().filter(|line| line.stream == name).collect();
        lines.sort_by_key(|line| line.seq);
        lines
            .iter()
            .flat_map(|line| [&line.bytes[..], line.eol.as_bytes()].concat())
            .collect()
    }

    /// Every `seq` from 0, once.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        let mut seqs: Vec<i64> = self.lines.iter().map(|line| line.seq).collect();
        seqs.sort_unstable();
        assert!(
            seqs.iter().copied().eq(0..seqs.len() as i64),
            "doubles or gaps in {seqs:?}"
        );
    }

    /// The one span of a run.
    #[track_caller]
    pub(crate) fn span(&self) -> &Span {
        assert_eq!(self.spans.len(), 1, "{:?}", self.spans);
        &self.spans[0]
    }
}

impl Span {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// `cicd.pipeline.task.run.result`, `error.type`, and the exit status when somebody saw it.
    pub(crate) fn outcome(&self) -> (&str, &str, Option<i64>) {
        let code = self.attributes.get("process.exit.code").and_then(Value::as_i64);
        (
            self.text("cicd.pipeline.task.run.result"),
            self.text("error.type"),
            code,
        )
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn attributes(list_of: &Value) -> Attributes {
    list(list_of)
        .map(|attribute| (text(&attribute["key"]), plain(&attribute["value"])))
        .collect()
}

/// `AnyValue` without its type; 64-bit integers are text in OTLP/JSON.
fn plain(any: &Value) -> Value {
    let Some((kind, value)) = any.as_object().and_then(|any| any.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), value) {
        ("intValue", Value::String(digits)) => digits.parse::<i64>().unwrap().into(),
        ("arrayValue", list_of) => list(&list_of["values"]).map(plain).collect(),
        _ => value.clone(),
    }
}
