//! Who and what an organization has.

use super::{Metric, org_gauge};

/// Members.
pub static MEMBER_COUNT: Metric = org_gauge("pulumi_org_member_count", "Members of an organization");

/// Teams.
pub static TEAM_COUNT: Metric = org_gauge("pulumi_org_team_count", "Teams of an organization");

/// ESC environments.
pub static ENVIRONMENT_COUNT: Metric = org_gauge("pulumi_org_environment_count", "ESC environments of an organization");
