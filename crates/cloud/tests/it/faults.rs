//! Whatever an operation answers, what it told before stays: never a false zero, never a count too many.

use crate::stage::Stage;
use sitelog_cloud_sim::{Backfill, Fault, Operation, Plan, Rule, Special, World};
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

#[tokio::test]
async fn what_fails_stays_as_it_was_and_is_right_afterwards() {
    for fault in faults() {
        let mut special = Special::new(7, 1_790_000_000);
        let mut stage = Stage::new(special.world(), Backfill::None);
        stage.config.call_timeout = Duration::from_secs(3);
        stage.config.body_limit = 4 << 20;
        for _ in 0..3 {
            special.step(&mut stage.sim.world()).unwrap();
            stage.poll().await;
        }
        let before = stage.said();
        // What is new and what was left undone is asked for in vain.
        for operation in OPERATIONS {
            stage.sim.add_rule(Rule::new(fault.clone()).on(operation));
        }
        let report = stage.cycle().await;
        let is_harmless = fault == Fault::UnknownFields;
        assert_eq!(report.failed == 0, is_harmless, "{fault:?}: {report:?}");
        let said = stage.said();
        let changed: Vec<_> = before.iter().filter(|(name, at)| said.get(*name) != Some(at)).collect();
        assert!(
            changed.is_empty() && said.len() == before.len(),
            "{fault:?}: {changed:?}"
        );
        stage.told();
        stage.sim.clear_rules();
        special.step(&mut stage.sim.world()).unwrap();
        stage.poll().await;
    }
}

#[tokio::test]
async fn one_operation_that_fails_leaves_the_others_alone() {
    for operation in OPERATIONS {
        let mut special = Special::new(7, 1_790_000_000);
        let mut stage = Stage::new(special.world(), Backfill::None);
        for _ in 0..3 {
            special.step(&mut stage.sim.world()).unwrap();
            stage.poll().await;
        }
        special.step(&mut stage.sim.world()).unwrap();
        stage.sim.add_rule(Rule::new(status(400)).on(operation));
        let report = stage.cycle().await;
        assert!(report.failed > 0, "{operation}");
        assert_eq!(report.is_good, operation != Operation::ListUserStacks, "{operation}");
        stage.sim.clear_rules();
        // A gauge that fell to nothing says so once; here it has said so before.
        stage.told();
        stage.told();
        stage.observer.poll(&stage.sim.world());
        stage.sim.world().advance(60);
        assert!(stage.cycle().await.is_good);
        stage.told();
        stage.told();
        special.step(&mut stage.sim.world()).unwrap();
        stage.observer.poll(&stage.sim.world());
        stage.cycle().await;
        stage.told();
        stage.told();
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
