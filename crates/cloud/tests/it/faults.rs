//! Whatever an operation answers, what it told before stays: never a false zero, never a count too many.

use crate::stage::Stage;
use sitelog_cloud_sim::{Backfill, Fault, Kind, Operation, Outcome, Plan, Rule, Special, World};
use std::time::Duration;

const OPERATIONS: [Operation; 11] = [
    Operation::ListUserStacks,
    Operation::GetStackUpdates,
    Operation::OrgDeploymentsMetadata,
    Operation::ListOrganizationMembers,
    Operation::ListTeams,
    Operation::ListOrgEnvironments,
    Operation::ListPolicyGroups,
    Operation::ListPolicyPacks,
    Operation::GetPolicyResultsMetadata,
    Operation::ListPolicyViolations,
    Operation::ListTasks,
];

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        retry_after: None,
    }
}

fn faults() -> Vec<Fault> {
    vec![
        status(403),
        status(404),
        status(500),
        status(302),
        Fault::Html,
        Fault::Empty,
        Fault::Truncated,
        Fault::Nulls,
        Fault::NullFields,
        Fault::WrongTypes,
        Fault::MissingFields,
        Fault::UnknownFields,
        Fault::Cut,
        Fault::HangInBody,
        Fault::RepeatingToken,
        Fault::Huge { bytes: 8 << 20 },
    ]
}

/// A stage on which much has happened.
async fn stage() -> Stage {
    let mut special = Special::new(7, 1_790_000_000);
    let mut stage = Stage::new(special.world(), Backfill::None);
    for _ in 0..3 {
        special.step(&mut stage.sim.world()).unwrap();
        stage.poll().await;
    }
    stage
}

/// Something happens that the next cycle is to count.
fn happen(stage: &Stage) {
    let mut world = stage.sim.world();
    world.advance(60);
    let path = Special::path("bounds");
    world
        .run(&path, Kind::Update, Outcome::Succeeded, 3, &[("create", 1)])
        .unwrap();
}

#[tokio::test]
async fn what_fails_stays_as_it_was_and_is_right_afterwards() {
    let mut stage = stage().await;
    stage.kill();
    stage.config.call_timeout = Duration::from_secs(3);
    stage.config.body_limit = 4 << 20;
    stage.poll().await;
    for fault in faults() {
        let before = stage.said();
        for operation in OPERATIONS {
            stage.sim.add_rule(Rule::new(fault.clone()).on(operation));
        }
        let is_harmless = fault == Fault::UnknownFields;
        // Where pages themselves are right, what they tell counts.
        if !is_harmless && fault != Fault::RepeatingToken {
            happen(&stage);
        }
        let report = stage.cycle().await;
        assert_eq!(report.failed == 0, is_harmless, "{fault:?}: {report:?}");
        let said = stage.said();
        let changed: Vec<_> = before.iter().filter(|(name, at)| said.get(*name) != Some(at)).collect();
        assert!(
            changed.is_empty() && said.len() == before.len(),
            "{fault:?}: {changed:?}"
        );
        stage.sim.clear_rules();
        stage.poll().await;
    }
}

#[tokio::test]
async fn one_operation_that_fails_leaves_the_others_alone() {
    let mut stage = stage().await;
    for operation in OPERATIONS {
        happen(&stage);
        stage.sim.add_rule(Rule::new(status(400)).on(operation));
        let report = stage.cycle().await;
        assert!(report.failed > 0, "{operation}");
        assert_eq!(report.is_good, operation != Operation::ListUserStacks, "{operation}");
        let is_counted = !matches!(operation, Operation::ListUserStacks | Operation::GetStackUpdates);
        assert_eq!(report.counted > 0, is_counted, "{operation}");
        stage.sim.clear_rules();
        stage.poll().await;
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_and_not_tried_again_and_again() {
    let mut stage = Stage::new(
        World::generate(&Plan {
            seed: 1,
            now: 1_790_000_000,
            organizations: Plan::organization_names(3),
            stacks: 30,
            updates: 1,
        }),
        Backfill::None,
    );
    stage.poll().await;
    stage.sim.set_token("another");
    stage.sim.reset_stats();
    let before = stage.said();
    let report = stage.cycle().await;
    let refused = report.refused.unwrap();
    assert!(refused.contains("401") && refused.contains("Unauthorized"), "{refused}");
    assert!(stage.sim.stats().total() <= stage.config.concurrency as u64 + 1);
    assert_eq!(stage.said(), before);
    stage.sim.set_token("pul-test");
    stage.poll().await;
}

#[tokio::test]
async fn a_service_without_counts_of_deployments_is_asked_for_all_of_them() {
    let mut special = Special::new(7, 1_790_000_000);
    let mut stage = Stage::new(special.world(), Backfill::None);
    stage
        .sim
        .add_rule(Rule::new(status(404)).on(Operation::OrgDeploymentsMetadata));
    special.step(&mut stage.sim.world()).unwrap();
    stage.poll().await;
    assert!(stage.sim.stats().of(Operation::ListOrgDeployments) >= 3);
}
