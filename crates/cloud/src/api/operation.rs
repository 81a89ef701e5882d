//! The operations that are called, as the self-metrics name them.

/// An operation of Pulumi Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `GET /api/user/stacks`.
    Stacks,
    /// `GET /api/stacks/{o}/{p}/{s}/updates`.
    Updates,
    /// `GET /api/stacks/{o}/{p}/{s}/{kind}/{update}/events`.
    Events,
    /// `GET /api/orgs/{o}/deployments/metadata`, or its list where there is none.
    Deployments,
    /// `GET /api/orgs/{o}/members`.
    Members,
    /// `GET /api/orgs/{o}/teams`.
    Teams,
    /// `GET /api/esc/environments/{o}`.
    Environments,
    /// `GET /api/orgs/{o}/policygroups`.
    PolicyGroups,
    /// `GET /api/orgs/{o}/policypacks`.
    PolicyPacks,
    /// `GET /api/orgs/{o}/policyresults/metadata`.
    PolicyResults,
    /// `GET /api/orgs/{o}/policyresults/violationsv2`.
    Violations,
    /// `GET /api/preview/agents/{o}/tasks`.
    Tasks,
    /// `GET /api/orgs/{o}/auditlogs/v2`.
    AuditLog,
}

impl Operation {
    /// Those that tell about an organization, besides its stacks.
    pub const CENSUS: [Self; 9] = [
        Self::Deployments,
        Self::Members,
        Self::Teams,
        Self::Environments,
        Self::PolicyGroups,
        Self::PolicyPacks,
        Self::PolicyResults,
        Self::Violations,
        Self::Tasks,
    ];

    /// The value of the label `operation`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stacks => "stacks",
            Self::Updates => "updates",
            Self::Events => "events",
            Self::Deployments => "deployments",
            Self::Members => "members",
            Self::Teams => "teams",
            Self::Environments => "environments",
            Self::PolicyGroups => "policy_groups",
            Self::PolicyPacks => "policy_packs",
            Self::PolicyResults => "policy_results",
            Self::Violations => "violations",
            Self::Tasks => "tasks",
            Self::AuditLog => "audit_log",
        }
    }
}
