//! The operations of Pulumi Cloud: what each answers, from the world alone, as its OpenAPI document says.

mod agents;
mod audit_log;
mod deployments;
mod events;
mod made_up;
mod operation;
mod organization;
mod policy;
mod request;
mod stacks;
mod updates;

use serde_json::Value;

pub use operation::Operation;
pub(crate) use operation::ROUTES;
pub(crate) use request::{REPEATED_TOKEN, Refusal, Request};

use crate::world::World;

/// The answer of an operation.
pub(crate) fn answer(operation: Operation, world: &World, request: &Request) -> Result<Value, Refusal> {
    match operation {
        Operation::GetCurrentUser => organization::user(world),
        Operation::ListUserStacks => stacks::list(world, request),
        Operation::GetStack => stacks::one(world, request),
        Operation::GetStackResourceCount => stacks::resource_count(world, request),
        Operation::GetStackUpdates => updates::list(world, request),
        Operation::GetStackUpdate => updates::one(world, request),
        Operation::GetLatestStackUpdate => updates::latest(world, request),
        Operation::GetEngineEvents => events::list(world, request),
        Operation::ListStackDeployments => deployments::of_stack(world, request),
        Operation::ListOrgDeployments => deployments::of_organization(world, request),
        Operation::OrgDeploymentsMetadata => deployments::metadata(world, request),
        Operation::ListOrganizationMembers => organization::members(world, request),
        Operation::ListTeams => organization::teams(world, request),
        Operation::ListOrgEnvironments => organization::environments(world, request),
        Operation::ListPolicyGroups => policy::groups(world, request),
        Operation::ListPolicyPacks => policy::packs(world, request),
        Operation::GetPolicyResultsMetadata => policy::totals(world, request),
        Operation::ListPolicyViolations => policy::violations(world, request),
        Operation::ListTasks => agents::tasks(world, request),
        Operation::ListAuditLogEvents => audit_log::version_1(world, request),
        Operation::ListAuditLogEventsV2 => audit_log::version_2(world, request),
    }
}
