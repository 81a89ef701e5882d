//! The words of `records.md` for what is done and to what end.

use crate::{Action, Level, Verb};
use sitelog_model::otlp::logs::v1::SeverityNumber;

impl Verb {
    /// `sitelog.operation.name`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Preview => "preview",
            Self::Plan => "plan",
            Self::Refresh => "refresh",
            Self::Import => "import",
        }
    }

    /// The verb of this name.
    pub fn named(name: &str) -> Option<Self> {
        use Verb::*;
        let verbs = [Up, Apply, Destroy, Preview, Plan, Refresh, Import];
        verbs.into_iter().find(|verb| verb.name() == name)
    }

    /// Whether nothing is done by it, only planned.
    pub fn plans(self) -> bool {
        matches!(self, Self::Preview | Self::Plan)
    }
}

impl Action {
    /// `sitelog.resource.action`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Same => "same",
            Self::Read => "read",
            Self::Import => "import",
            Self::Refresh => "refresh",
        }
    }

    /// The action of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        use Action::*;
        let actions = [Create, Update, Delete, Replace, Same, Read, Import, Refresh];
        actions.into_iter().find(|action| action.name() == name)
    }

    /// The beginning of a sentence on something under way.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Update => "updating",
            Self::Delete => "deleting",
            Self::Replace => "replacing",
            Self::Same => "checking",
            Self::Read => "reading",
            Self::Import => "importing",
            Self::Refresh => "refreshing",
        }
    }

    /// The beginning of a sentence on something done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Replace => "replaced",
            Self::Same => "left alone",
            Self::Read => "read",
            Self::Import => "imported",
            Self::Refresh => "refreshed",
        }
    }

    /// Whether the world, or the state, is another after it.
    pub(crate) fn changes(self) -> bool {
        !matches!(self, Self::Same | Self::Read | Self::Refresh)
    }
}

/// How an operation ended: `sitelog.operation.result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It did what it was to do.
    Succeeded,
    /// It did not.
    Failed,
    /// Somebody stopped it, and it stopped in order.
    Canceled,
    /// It ended without having its say: killed, or its stream broke off.
    Interrupted,
}

impl Outcome {
    /// As the attribute says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Level {
    /// The severity of a diagnostic's record.
    pub(crate) fn severity(self) -> SeverityNumber {
        match self {
            Self::Info => SeverityNumber::Info,
            Self::Notice => SeverityNumber::Info2,
            Self::Warning => SeverityNumber::Warn,
            Self::Error => SeverityNumber::Error,
        }
    }
}
