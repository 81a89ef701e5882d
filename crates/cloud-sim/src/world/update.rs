//! One update of a stack, as the service keeps it.

/// What an update does; the service's own strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `pulumi up`.
    Update,
    /// `pulumi refresh`.
    Refresh,
    /// `pulumi destroy`.
    Destroy,
    /// `pulumi stack import`.
    Import,
    /// `pulumi import`.
    ResourceImport,
    /// `pulumi stack rename`.
    Rename,
}

impl Kind {
    /// Every kind that stands in an update history (previews do not).
    pub const ALL: &'static [Self] = &[
        Self::Update,
        Self::Refresh,
        Self::Destroy,
        Self::Import,
        Self::ResourceImport,
        Self::Rename,
    ];

    /// The service's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Refresh => "refresh",
            Self::Destroy => "destroy",
            Self::Import => "import",
            Self::ResourceImport => "resource-import",
            Self::Rename => "rename",
        }
    }
}

/// How an update ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Accepted by the service, not begun.
    NotStarted,
    /// Runs.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended badly, or was canceled.
    Failed,
}

impl Outcome {
    /// The service's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::InProgress => "in-progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Operations that `resourceChanges` counts.
pub const OPERATIONS: &[&str] = &[
    "same",
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "read",
    "read-replacement",
    "refresh",
    "discard",
    "discard-replaced",
    "remove-pending-replace",
    "import",
    "import-replacement",
];

/// An update. What is only text (message, environment, configuration) follows from its stack's seed when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Counts from 1 within a life of the stack.
    pub version: u64,
    /// What it does.
    pub kind: Kind,
    /// How it ended, or that it has not.
    pub outcome: Outcome,
    /// Unix seconds.
    pub start: i64,
    /// Unix seconds; 0 before it has ended.
    pub end: i64,
    /// Resources by operation; none before it has ended.
    pub changes: Vec<(&'static str, i64)>,
    /// Resources of the stack after it.
    pub resource_count: i64,
}

impl Update {
    /// Seconds it took; none before it has ended.
    pub fn duration(&self) -> Option<i64> {
        self.outcome.is_final().then_some(self.end - self.start)
    }
}
