//! One vocabulary for all engines: what a reader makes of an event, before it is a record.
//!
//! Facts hold no inputs, no outputs and no configuration values: a reader takes keys and diff paths, and leaves the rest
//! where it was. What is text (messages) is sanitized by whoever stores the record.

use std::collections::BTreeMap;

/// One thing that an engine said.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it said.
    pub what: What,
    /// When, by the engine's own clock: Unix nanoseconds.
    pub time: Option<u64>,
    /// The engine's number of the event within its stream, from 0.
    pub sequence: Option<u64>,
}

/// The kinds of facts; each becomes one record of `records.md`, except [`What::End`] and [`What::Aside`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The engine began an operation.
    Begin(Begin),
    /// It began to work on a resource, or planned to (`Step::planned`).
    ResourceStarted(Step),
    /// It is done with a resource.
    ResourceCompleted(Step),
    /// It failed at a resource.
    ResourceFailed(Step),
    /// It said something to a person.
    Diagnostic(Diagnostic),
    /// A policy was violated, or remediated.
    Policy(Policy),
    /// It noticed that it is to stop; the sentence it said.
    Canceled(String),
    /// Its own account of the operation. Is there none, the operation has no summary.
    Summary(Summary),
    /// It closed its stream in order.
    End,
    /// An event of a known kind that makes no record, by its name: a debug line, progress, a policy that held. It is
    /// told all the same, so that its number is not missed.
    Aside(&'static str),
    /// An event that this version does not know: its kind, and the keys at the top of its content. Never a value.
    Other {
        /// The engine's name of the kind.
        kind: String,
        /// Keys of its content.
        keys: Vec<String>,
    },
}

/// An operation's beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Begin {
    /// The engine's version, where it says it.
    pub version: Option<String>,
    /// Names of configuration entries; never their values.
    pub config_keys: Vec<String>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Pulumi: create and update.
    Up,
    /// Terraform: the same.
    Apply,
    /// Take everything down.
    Destroy,
    /// Pulumi: what would be done.
    Preview,
    /// Terraform: the same.
    Plan,
    /// Read what is there.
    Refresh,
    /// Take over what is there.
    Import,
}

/// What is done to a resource, as `sitelog.resource.action` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// Taken down.
    Delete,
    /// Taken down and made anew; all steps of it.
    Replace,
    /// Left alone.
    Same,
    /// Read, not owned.
    Read,
    /// Taken over.
    Import,
    /// Looked at again.
    Refresh,
}

/// One step of an engine on one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Pulumi's URN, Terraform's address; what identifies the resource within its stack or workspace.
    pub address: String,
    /// Type token (`random:index/randomPet:RandomPet`, `terraform_data`).
    pub kind: String,
    /// Name within its type and parent.
    pub name: String,
    /// What is done to it.
    pub action: Action,
    /// The engine's own word for the step (`create-replacement`).
    pub engine_action: String,
    /// The resource above it, where there is one.
    pub parent: Option<String>,
    /// Keys or paths that change; never values.
    pub diff: Vec<String>,
    /// Whether it is only planned: a preview's or a plan's step.
    pub planned: bool,
    /// Whether the engine counts the step in its summary.
    pub counted: bool,
    /// Whether the resource only groups others (a Pulumi component or stack): it is there as soon as it is registered.
    pub component: bool,
    /// Why it failed, where the engine says it beside the step.
    pub why: Option<String>,
}

/// How loud a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// `info`
    Info,
    /// Pulumi's `info#err`: information on the error stream.
    Notice,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

/// Something said to a person. `debug` ones never become facts: they carry generated passwords in clear.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How loud.
    pub level: Level,
    /// What, without colour tags.
    pub message: String,
    /// The resource it is about.
    pub address: Option<String>,
    /// Whether it is a passing remark (a provider's progress, a command's output).
    pub ephemeral: bool,
}

/// A policy violation or remediation.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The policy's name.
    pub name: String,
    /// The pack's name and version.
    pub pack: Option<(String, String)>,
    /// Whether the operation may not go on.
    pub mandatory: bool,
    /// Whether the pack changed the resource instead.
    pub remediation: bool,
    /// The resource.
    pub address: Option<String>,
    /// What it said.
    pub message: String,
}

/// An engine's own account of an operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Resources by the engine's word for what was done.
    pub changes: BTreeMap<String, u64>,
    /// The engine's word for how it ended, where it says it.
    pub result: Option<String>,
    /// Whether nothing was done, only planned.
    pub planned: bool,
    /// What the engine says it was doing, where it says it.
    pub verb: Option<Verb>,
    /// Seconds, as the engine counts them.
    pub seconds: Option<u64>,
}
