//! The tools a run knows: what a command line asks of them, and how their events are had.
//!
//! A tool is one file here and one arm in [`ask`] and [`arm`]. A command that is no operation (`version`, `login`) is `None`
//! and runs untouched.

mod folder;
mod program;
mod pulumi;
mod shims;
mod terraform;
mod tofu;
mod words;

pub(crate) use folder::{Names, pulumi_user};
pub(crate) use pulumi::environment;
pub use shims::TOOLS;
pub use shims::tool_of;
pub(crate) use shims::{Shims, find};

use serde::{Deserialize, Serialize};
use sitelog_provision::{Tool, Verb};
use std::path::{Path, PathBuf};

/// One start of a tool, as its caller made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// `pulumi`, `terraform`, `tofu`.
    pub tool: String,
    /// The program itself, where it was found.
    pub program: PathBuf,
    /// Arguments without the program's name; lossy where they are no UTF-8.
    pub args: Vec<String>,
    /// Where it was started.
    pub folder: PathBuf,
    /// Variables that change what it does ([`VARIABLES`]); never the whole environment.
    pub env: Vec<(String, String)>,
    /// Where its stdout goes.
    pub stdout: Stdout,
}

/// Where the stdout of a tool goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stdout {
    /// Into the stream that the run captures.
    Captured,
    /// To a terminal that is not the run's.
    Terminal,
    /// Into another pipe, or a file.
    Other,
}

/// The variables of a tool's start that are looked at.
pub(crate) const VARIABLES: &[&str] = &[
    "HOME",
    "PULUMI_HOME",
    "PULUMI_OPTION_EVENT_LOG",
    "PULUMI_STACK",
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_apply",
    "TF_CLI_ARGS_destroy",
    "TF_CLI_ARGS_import",
    "TF_CLI_ARGS_plan",
    "TF_CLI_ARGS_refresh",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
];

impl Start {
    fn var(&self, name: &str) -> Option<&str> {
        let found = self.env.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// What a command line asks of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) tool: Tool,
    pub(crate) verb: Verb,
    /// Where it works: the folder it was started in, or the one it was told.
    pub(crate) folder: PathBuf,
    /// The stack or workspace it was told.
    pub(crate) stack: Option<String>,
    /// What its stdout is.
    pub(crate) says: Says,
    /// Who else wants the events (`--event-log`).
    pub(crate) wanted_by: Option<String>,
}

/// What a tool writes to its stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// What a person reads.
    Text,
    /// One event a line.
    Messages,
    /// One document about the whole operation.
    Document,
}

/// How a tool is started so that its events come to the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arms {
    /// Its arguments, if others than it was given.
    pub args: Option<Vec<String>>,
    /// Variables to set.
    pub env: Vec<(String, String)>,
}

/// Reads a command line; `None` when it asks for no operation.
pub(crate) fn ask(start: &Start) -> Option<Asked> {
    match tool_named(&start.tool)? {
        Tool::Pulumi => pulumi::ask(start),
        tool @ (Tool::Terraform | Tool::Tofu) => terraform::ask(start, tool),
    }
}

/// Whether it is a Pulumi that writes its events into files only.
pub(crate) fn writes_phases(start: &Start, asked: &Asked) -> bool {
    asked.tool == Tool::Pulumi && pulumi::knows_files_only(start)
}

/// Makes a tool hand its events to `events`: a socket of Pulumi's, or a file where it knows no other, a file of OpenTofu's.
pub(crate) fn arm(start: &Start, asked: &Asked, events: &Path) -> Option<Arms> {
    match asked.tool {
        Tool::Pulumi if writes_phases(start, asked) => Some(pulumi::arm_file(start, events)),
        Tool::Pulumi => Some(pulumi::arm(start, events)),
        Tool::Tofu if asked.says == Says::Text => tofu::arm(start, events),
        Tool::Terraform | Tool::Tofu => None,
    }
}

/// The tool a program's file name stands for.
pub(crate) fn tool_named(name: &str) -> Option<Tool> {
    match name {
        "pulumi" => Some(Tool::Pulumi),
        "terraform" => Some(Tool::Terraform),
        "tofu" => Some(Tool::Tofu),
        _ => None,
    }
}
