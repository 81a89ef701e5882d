//! What an organization has besides stacks.

use crate::random::Random;

/// Deployment states, the service's own strings.
pub const DEPLOYMENT_STATUSES: &[&str] = &["not-started", "accepted", "running", "failed", "succeeded", "skipped"];

/// Levels of violations as the service's policies have them. The level is a free string, so another may come.
pub const LEVELS: &[&str] = &["advisory", "mandatory", "remediate", "disabled"];

/// Kinds of violations; some violations have none.
pub const VIOLATION_KINDS: &[&str] = &["audit", "preventative", ""];

/// States of agent tasks.
pub const TASK_STATUSES: &[&str] = &["running", "idle"];

/// A run of Pulumi Deployments.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// One of [`DEPLOYMENT_STATUSES`].
    pub status: &'static str,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds of its last change.
    pub modified: i64,
    /// Project of its stack.
    pub project: String,
    /// Name of its stack.
    pub stack: String,
}

/// A resource that breaks a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The policy's level.
    pub level: String,
    /// `audit`, `preventative` or nothing.
    pub kind: String,
    /// Unix seconds.
    pub observed: i64,
}

/// A task of the agent.
#[derive(Debug, Clone)]
pub struct Task {
    /// `running` or `idle`.
    pub status: &'static str,
    /// Unix seconds.
    pub created: i64,
}

/// What `policyresults/metadata` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyTotals {
    /// Policies.
    pub policies: i64,
    /// Policies with issues.
    pub policies_with_issues: i64,
    /// Resources that policies govern.
    pub resources: i64,
    /// Governed resources with issues.
    pub resources_with_issues: i64,
}

/// An entry of the audit log.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Unix seconds.
    pub time: i64,
    /// For example `stack.update`.
    pub event: String,
    /// For people.
    pub description: String,
    /// Login of who did it.
    pub user: String,
}

/// An organization. Lists of which only the length counts are that length.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// Members.
    pub members: u64,
    /// Teams.
    pub teams: u64,
    /// ESC environments.
    pub environments: u64,
    /// Policy groups.
    pub policy_groups: u64,
    /// Policy packs.
    pub policy_packs: u64,
    /// Policy totals.
    pub policy: PolicyTotals,
    /// Oldest first.
    pub deployments: Vec<Deployment>,
    /// In the order they were observed.
    pub violations: Vec<Violation>,
    /// Oldest first.
    pub tasks: Vec<Task>,
    /// Oldest first.
    pub audit: Vec<AuditEntry>,
}

impl Organization {
    /// Deployments in a state.
    pub fn deployments_in(&self, status: &str) -> usize {
        self.deployments.iter().filter(|run| run.status == status).count()
    }

    /// Puts every deployment that is in one state into another.
    pub fn move_deployments(&mut self, from: &str, to: &'static str, now: i64) {
        for run in self.deployments.iter_mut().filter(|run| run.status == from) {
            run.status = to;
            run.modified = now;
        }
    }

    /// New numbers of members, teams, environments and policies; all 0 for the seed 0.
    pub fn reorganize(&mut self, seed: u64) {
        let mut random = Random::new(seed);
        let mut below = |limit| if seed == 0 { 0 } else { random.below(limit) };
        self.members = below(220);
        self.teams = below(20);
        self.environments = below(220);
        self.policy_groups = below(6);
        self.policy_packs = below(6);
        self.policy = PolicyTotals {
            policies: below(90) as i64,
            policies_with_issues: below(20) as i64,
            resources: below(9_000) as i64,
            resources_with_issues: below(400) as i64,
        };
    }

    /// Puts every task into a state.
    pub fn move_tasks(&mut self, to: &'static str) {
        for task in &mut self.tasks {
            task.status = to;
        }
    }
}
