//! Nothing starves: neither stacks nor organizations, whatever is slow.

use crate::stage::Stage;
use sitelog_cloud_sim::{Backfill, Fault, Operation, Plan, RetryAfter, Rule, Series, StackPath, World};
use std::collections::BTreeSet;
use std::time::Duration;

fn stage(stacks: u64, organizations: u64) -> Stage {
    Stage::new(
        World::generate(&Plan {
            seed: 7,
            now: 1_790_000_000,
            organizations: Plan::organization_names(organizations),
            stacks,
            updates: 2,
        }),
        Backfill::None,
    )
}

/// The interval is the shortest that gives this limit.
fn within(stage: &mut Stage, seconds: u64) {
    stage.config.interval = Duration::from_secs(seconds);
}

fn has(stage: &Stage, metric: &'static str) -> bool {
    stage.at(&Series::new(metric, &[("org", "acme")])).is_some()
}

fn with_update_time(stage: &Stage) -> usize {
    let said = stage.said();
    said.keys()
        .filter(|name| name.starts_with("pulumi_stack_last_update_timestamp"))
        .count()
}

#[tokio::test]
async fn what_there_was_no_time_for_comes_first_in_the_next_cycle() {
    let mut stage = stage(400, 1);
    within(&mut stage, 12);
    stage.config.concurrency = 2;
    stage.sim.set_latency(Duration::from_millis(100));
    let mut seen = Vec::new();
    for _ in 0..3 {
        stage.cycle().await;
        seen.push(with_update_time(&stage));
        for metric in [
            "pulumi_org_member_count",
            "pulumi_org_team_count",
            "pulumi_org_policy_total",
        ] {
            assert!(has(&stage, metric), "{metric}");
        }
    }
    // 2 calls at a time for 10.8 s, of which each takes 100 ms.
    assert!(seen[0] >= 100 && seen[2] == 400, "{seen:?}");
    stage.sim.set_latency(Duration::ZERO);
    stage.poll().await;
}

#[tokio::test]
async fn nobody_calls_while_all_are_to_wait() {
    for retry_after in [RetryAfter::Seconds(2), RetryAfter::Date(1)] {
        let mut stage = stage(60, 2);
        stage.config.concurrency = 8;
        let limit = Fault::Limit {
            calls: 25,
            per_millis: 500,
            retry_after: Some(retry_after),
        };
        stage.sim.add_rule(Rule::new(limit));
        for _ in 0..3 {
            stage.cycle().await;
        }
        let stats = stage.sim.stats();
        assert!(
            stats.calls.values().any(|statuses| statuses.contains_key(&429)),
            "{stats:?}"
        );
        assert_eq!(stats.inside_retry_after, 0, "{stats:?}");
        assert!(stage.exporter().await.observed().throttled() >= 1.0);
        stage.sim.clear_rules();
        stage.poll().await;
    }
}

#[tokio::test]
async fn an_operation_that_hangs_stops_no_other() {
    let mut stage = stage(30, 3);
    within(&mut stage, 1);
    stage.config.concurrency = 2;
    stage.config.call_timeout = Duration::from_millis(700);
    stage.sim.add_rule(Rule::new(Fault::Hang).on(Operation::ListTeams));
    stage
        .sim
        .add_rule(Rule::new(Fault::Hang).at("/api/user/stacks?organization=acme&"));
    for cycle in 0..2 {
        let report = stage.cycle().await;
        let failed: BTreeSet<_> = report
            .errors
            .iter()
            .map(|(operation, org, _)| (operation.name(), org.to_string()))
            .collect();
        let wanted = [
            ("stacks", "acme"),
            ("teams", "acme"),
            ("teams", "acme-2"),
            ("teams", "acme-3"),
        ];
        assert_eq!(
            failed,
            wanted.map(|(operation, org)| (operation, org.to_owned())).into(),
            "{cycle}: {report:?}"
        );
        assert!(report.is_good);
        assert_eq!(with_update_time(&stage), 20);
        assert!(has(&stage, "pulumi_org_member_count") && !has(&stage, "pulumi_org_team_count"));
    }
    stage.sim.clear_rules();
    assert_eq!(stage.cycle().await.failed, 0);
    assert_eq!(with_update_time(&stage), 30);
}

#[tokio::test]
async fn an_hour_has_no_more_calls_than_it_may() {
    let mut stage = stage(300, 1);
    within(&mut stage, 1);
    stage.config.calls_per_hour = Some(1_000);
    stage.cycle().await;
    // A tenth at once, and 0.25 a second for 10 s.
    let total = stage.sim.stats().total();
    assert!((95..=105).contains(&total), "{total}");
    let path = StackPath::new("acme", "service-00000", "dev");
    let resources = Series::of_stack("pulumi_stack_resource_count", &path, &[]);
    assert!(stage.at(&resources).is_some());
}

#[tokio::test]
async fn short_pages_of_a_slow_budget_come_to_an_end_over_many_cycles() {
    let mut stage = stage(40, 1);
    stage.config.concurrency = 1;
    within(&mut stage, 1);
    stage.config.call_timeout = Duration::from_millis(2_500);
    // Lists of 1 to 4 pages, 12 in all, at 2 s a page: no cycle of 10 s has time for all.
    stage.sim.set_latency(Duration::from_millis(2_000));
    for _ in 0..4 {
        stage.cycle().await;
    }
    for metric in [
        "pulumi_org_member_count",
        "pulumi_org_team_count",
        "pulumi_org_environment_count",
    ] {
        assert!(has(&stage, metric), "{metric}");
    }
}
