//! What is known about an operation from outside its engine: where it stands, how it ended.

use crate::Verb;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::otlp::trace::v1::Span;
use sitelog_model::{TraceContext, Ulid};

/// The feed of an operation of which only an account is known, no events.
pub const HISTORY: &str = "history";

/// The tool whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Pulumi.
    Pulumi,
    /// Terraform.
    Terraform,
    /// OpenTofu.
    Tofu,
}

impl Tool {
    /// Its name, as the command is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pulumi => "pulumi",
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }
}

/// Where an operation stands. What is not known here is taken from the facts, where they tell it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The operation's own id.
    pub id: Ulid,
    /// The tool.
    pub tool: Tool,
    /// What it does, where that is certain for this very stream: the preview before an `up` is an operation of its own,
    /// a `preview`. Else it is inferred from the facts, which also correct a verb that only plans where it should do.
    pub verb: Option<Verb>,
    /// The run it is part of.
    pub run: Ulid,
    /// The span above it: the run's.
    pub place: TraceContext,
    /// Pulumi's project.
    pub project: Option<String>,
    /// Pulumi's stack.
    pub stack: Option<String>,
    /// Pulumi's organization.
    pub organization: Option<String>,
    /// Terraform's workspace.
    pub workspace: Option<String>,
    /// Terraform's root module, as its user names it.
    pub root: Option<String>,
    /// How the facts arrive: `grpc`, `file`, `stdout`, `text`, `events`, [`HISTORY`]. On `stdout` the engine leaves its
    /// internal events out, so gaps in its numbers are no loss there.
    pub feed: &'static str,
}

/// What an operation has made since the caller last took it: append only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Audit records, in the order of their `sitelog.seq`.
    pub logs: Vec<LogRecord>,
    /// Spans that have ended.
    pub spans: Vec<Span>,
}

/// How the tool ended, as its parent process saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The tool's exit status, where the tool's end is the operation's: `None` for an operation whose stream ended in
    /// order while the tool went on (the preview of an `up`, each operation of a program), for it says nothing of it.
    pub exit_code: Option<i32>,
    /// The signal that killed the tool (`SIGKILL`).
    pub signal: Option<String>,
    /// Signals that sitelog passed on to the tool during the operation (`SIGINT`).
    pub forwarded: Vec<String>,
    /// Whether sitelog itself was killed and the operation is sealed afterwards.
    pub interrupted: bool,
    /// How many event streams the tool opened for the operation.
    pub streams: u64,
}
