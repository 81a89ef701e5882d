//! Operations by name and path.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An operation; the name is the `operationId` of the OpenAPI document without its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the service's")]
pub enum Operation {
    GetCurrentUser,
    ListUserStacks,
    GetStack,
    GetStackResourceCount,
    GetStackUpdates,
    GetStackUpdate,
    GetLatestStackUpdate,
    GetEngineEvents,
    ListStackDeployments,
    ListOrgDeployments,
    OrgDeploymentsMetadata,
    ListOrganizationMembers,
    ListTeams,
    ListOrgEnvironments,
    ListPolicyGroups,
    ListPolicyPacks,
    GetPolicyResultsMetadata,
    ListPolicyViolations,
    ListTasks,
    ListAuditLogEvents,
    ListAuditLogEventsV2,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Every operation and where it is found.
pub(crate) const ROUTES: &[(Operation, &str)] = &[
    (Operation::GetCurrentUser, "/api/user"),
    (Operation::ListUserStacks, "/api/user/stacks"),
    (Operation::GetStack, "/api/stacks/{org}/{project}/{stack}"),
    (
        Operation::GetStackResourceCount,
        "/api/stacks/{org}/{project}/{stack}/resources/count",
    ),
    (
        Operation::GetStackUpdates,
        "/api/stacks/{org}/{project}/{stack}/updates",
    ),
    (
        Operation::GetLatestStackUpdate,
        "/api/stacks/{org}/{project}/{stack}/updates/latest",
    ),
    (
        Operation::GetStackUpdate,
        "/api/stacks/{org}/{project}/{stack}/updates/{version}",
    ),
    (
        Operation::GetEngineEvents,
        "/api/stacks/{org}/{project}/{stack}/{kind}/{update}/events",
    ),
    (
        Operation::ListStackDeployments,
        "/api/stacks/{org}/{project}/{stack}/deployments",
    ),
    (Operation::ListOrgDeployments, "/api/orgs/{org}/deployments"),
    (
        Operation::OrgDeploymentsMetadata,
        "/api/orgs/{org}/deployments/metadata",
    ),
    (Operation::ListOrganizationMembers, "/api/orgs/{org}/members"),
    (Operation::ListTeams, "/api/orgs/{org}/teams"),
    (Operation::ListOrgEnvironments, "/api/esc/environments/{org}"),
    (Operation::ListPolicyGroups, "/api/orgs/{org}/policygroups"),
    (Operation::ListPolicyPacks, "/api/orgs/{org}/policypacks"),
    (
        Operation::GetPolicyResultsMetadata,
        "/api/orgs/{org}/policyresults/metadata",
    ),
    (
        Operation::ListPolicyViolations,
        "/api/orgs/{org}/policyresults/violationsv2",
    ),
    (Operation::ListTasks, "/api/preview/agents/{org}/tasks"),
    (Operation::ListAuditLogEvents, "/api/orgs/{org}/auditlogs"),
    (Operation::ListAuditLogEventsV2, "/api/orgs/{org}/auditlogs/v2"),
];
