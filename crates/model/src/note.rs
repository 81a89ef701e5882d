//! Facts sitelog keeps for itself in the ledger: how a run began and ended, what was lost on the way.
//!
//! Notes are never exported. They let `jobs`, `flush` and recovery know a run without decoding its records, and let
//! recovery finish the span of a run whose wrapper was killed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A fact about a chain, stored as one JSON object with a `note` tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The first frame of a run's chain.
    RunStarted(RunStarted),
    /// The last frame of a run's chain before its checkpoint.
    RunEnded(RunEnded),
    /// Comes before the first record of a provisioning operation: without a `completed` record, recovery writes one.
    OperationStarted(OperationStarted),
}

/// What is known when a run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's ULID.
    pub run: String,
    /// The command and its arguments, sanitized; lossy where they are no UTF-8.
    pub argv: Vec<String>,
    /// The span's name, for a reader and for recovery.
    pub name: String,
    /// Start, Unix nanoseconds.
    pub start: u64,
    /// The wrapper's process id.
    pub pid: u32,
    /// The run's own `traceparent`.
    pub traceparent: String,
    /// The parent span's id, hex, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span: Option<String>,
    /// The run's span without its end: an OTLP/JSON traces request, for recovery to finish.
    pub span: serde_json::Value,
}

/// What is known when a run has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    /// End, Unix nanoseconds.
    pub end: u64,
    /// The exit status that `sitelog run` returned (128+n after signal n).
    pub exit_code: i32,
    /// `success`, `failure`, `error`, `cancellation` (`cicd.pipeline.task.run.result`).
    pub result: String,
    /// Line records written.
    pub records: u64,
    /// Line records that were dropped and counted.
    pub dropped: u64,
    /// What the sanitizer did until then.
    #[serde(default)]
    pub sanitized: Sanitized,
    /// What was and was not recorded of tools.
    #[serde(default)]
    pub operations: Operations,
}

/// What a run recorded of its tools' operations, and what of it was lost; counts named as the attributes of its span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Operations {
    /// Operations that were recorded.
    pub recorded: u64,
    /// Audit records and spans that could not be kept.
    pub records_dropped: u64,
    /// Events that could not be read.
    pub events_malformed: u64,
    /// Streams that broke off.
    pub streams_broken: u64,
    /// Streams that were still open at the end.
    pub streams_unread: u64,
    /// Streams that were answered before all of them was durable.
    pub streams_answered_early: u64,
    /// Whether what intercepts tools was taken away while the job ran.
    pub intercept_lost: bool,
}

/// What the sanitizer of a run did. Lists, for a rule's id as a key could itself read like a secret's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sanitized {
    /// What was hidden.
    pub hidden: Vec<Hidden>,
    /// Values that the job registered.
    pub registered: u64,
    /// What was refused.
    pub refused: Vec<RefusedCount>,
}

/// How often a rule hid something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// The id of the rule.
    pub rule: String,
    /// `stream`, `value` or `otlp`.
    pub face: String,
    /// How often.
    pub count: u64,
}

/// How often something was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusedCount {
    /// `batch`, `audit_keys` or `short_value`.
    pub why: String,
    /// How often.
    pub count: u64,
}

/// What is known when a provisioning operation starts; names as in the records' attributes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationStarted {
    /// The operation's ULID.
    pub operation: String,
    /// `pulumi`, `terraform`, `tofu`.
    pub tool: String,
    /// What it does, where the arguments say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// Start, Unix nanoseconds.
    pub start: u64,
    /// Pulumi's project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Pulumi's stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// Pulumi's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Terraform's workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Terraform's root module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// How its events come: `grpc`, `file`, `stdout`, `text`.
    pub feed: String,
}

impl Note {
    /// The note as stored.
    pub fn to_bytes(&self) -> Bytes {
        // Serializing plain structs of strings and numbers has no failing case.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads a stored note; `None` for one that this version does not know.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
