//! The organizations' audit logs as records: each entry once.

use crate::recording::{Of, Recording};
use sitelog_cloud_sim::{Backfill, Fault, Kind, Operation, Outcome, Plan, Rule, World};
use std::time::Duration;

const LOG: Of = Of {
    updates: false,
    events: false,
    log: true,
};
const START: i64 = 1_790_000_060;

fn recording(backfill: Backfill) -> Recording {
    let mut world = World::generate(&Plan {
        seed: 8,
        now: START - 60,
        organizations: Plan::organization_names(2),
        stacks: 4,
        updates: 2,
    });
    world.advance(60);
    Recording::new(world, backfill, LOG)
}

/// So many updates that begin within one second, which are equal in the log.
fn burst(recording: &Recording, count: usize) {
    let mut world = recording.stage.sim.world();
    let stack = world.stacks().keys().next().unwrap().clone();
    for _ in 0..count {
        let version = world.start(&stack, Kind::Update).unwrap();
        world.end(&stack, version, Outcome::Succeeded, &[]).unwrap();
    }
}

/// The entries since `first` are there, each once.
fn compare(recording: &Recording, first: i64) {
    let records = recording.records();
    let mut said: Vec<(String, u64, String, String)> = records
        .iter()
        .map(|record| {
            assert_eq!(record.event, "sitelog.audit_log.entry");
            assert_eq!(record.get("user.id"), "dana");
            let key = |key: &str| record.get(key).to_owned();
            (
                key("pulumi.organization"),
                record.time / 1_000_000_000,
                key("pulumi.audit.event"),
                record.body.clone(),
            )
        })
        .collect();
    let world = recording.stage.sim.world();
    let mut wanted: Vec<(String, u64, String, String)> = Vec::new();
    for (name, organization) in world.organizations() {
        let entries = organization.audit.iter().filter(|entry| entry.time >= first);
        wanted.extend(entries.map(|entry| {
            let time = entry.time.unsigned_abs();
            (name.clone(), time, entry.event.clone(), entry.description.clone())
        }));
    }
    said.sort();
    wanted.sort();
    assert_eq!(said, wanted);
    let uids: std::collections::HashSet<&str> = records.iter().map(|record| record.get("log.record.uid")).collect();
    assert_eq!(uids.len(), records.len());
}

/// Scenario: more entries than a page has come within one second, over restarts and crashes.
/// Guarantees: each is recorded once, and what was before the first start is not.
#[tokio::test]
async fn each_entry_is_recorded_once() {
    let mut recording = recording(Backfill::None);
    recording.stage.sim.world().advance(5);
    for (step, micros) in [0, 4_000, 30_000, 60_000, 2_000].into_iter().enumerate() {
        recording.cycle().await;
        recording.drain().await;
        burst(&recording, [3, 250, 1, 0, 120][step]);
        let _killed = tokio::time::timeout(Duration::from_micros(micros), recording.cycle()).await;
        // The same second goes on after it was read.
        burst(&recording, 2);
        let _killed = tokio::time::timeout(Duration::from_micros(micros), recording.drain()).await;
        recording.kill();
        recording.stage.sim.world().advance([0, 1, 400, 7_000, 2][step]);
    }
    recording.cycle().await;
    assert_eq!(recording.drain().await, 0);
    compare(&recording, START + 5);
}

/// Scenario: the history of a log is asked for. Guarantees: it is there from its beginning.
#[tokio::test]
async fn a_log_is_recorded_from_its_beginning_where_that_is_asked_for() {
    let mut recording = recording(Backfill::All);
    burst(&recording, 130);
    for _ in 0..2 {
        recording.cycle().await;
        assert_eq!(recording.drain().await, 0);
    }
    compare(&recording, 0);
}

/// Scenario: an organization has no audit log, for more cycles than a sweep has.
/// Guarantees: no cycle fails, it is said once and shown; it is hardly asked for; what it then has to tell is recorded.
#[tokio::test]
async fn a_refused_log_fails_nothing() {
    let mut recording = recording(Backfill::None);
    recording.stage.config.sweep = 5;
    let fault = Fault::Status {
        status: 403,
        retry_after: None,
    };
    let refuse = Rule::new(fault).on(Operation::ListAuditLogEventsV2);
    recording.stage.sim.add_rule(refuse);
    let mut remarks = Vec::new();
    for cycle in 0..8 {
        let report = recording.cycle().await;
        assert!(report.is_good && report.failed == 0, "{report:?}");
        remarks.extend(report.remarks);
        if cycle == 3 {
            burst(&recording, 5);
        }
    }
    assert_eq!(remarks.len(), 2, "one for each organization: {remarks:?}");
    assert!(remarks[0].contains("audit log") && remarks[0].contains("403"));
    let refused = recording.counts().await.audit_log_refused;
    assert_eq!(refused.into_values().collect::<Vec<_>>(), [true, true]);
    let calls = recording.stage.sim.stats().of(Operation::ListAuditLogEventsV2);
    assert_eq!(calls, 4);
    recording.stage.sim.clear_rules();
    recording.kill();
    recording.cycle().await;
    assert_eq!(recording.drain().await, 0);
    compare(&recording, START);
    let refused = recording.counts().await.audit_log_refused;
    assert_eq!(refused.into_values().collect::<Vec<_>>(), [false, false]);
}

/// Scenario: the log goes round, answers are broken. Guarantees: an error, nothing by halves; then all of it, once.
#[tokio::test]
async fn a_log_that_cannot_be_read_to_its_end_is_read_again() {
    let mut recording = recording(Backfill::None);
    recording.cycle().await;
    burst(&recording, 150);
    for fault in [
        Fault::RepeatingToken,
        Fault::Truncated,
        Fault::MissingFields,
        Fault::Nulls,
        Fault::Empty,
    ] {
        recording
            .stage
            .sim
            .add_rule(Rule::new(fault.clone()).on(Operation::ListAuditLogEventsV2));
        let report = recording.cycle().await;
        assert!(
            report.is_good && report.failed > 0 && report.remarks.is_empty(),
            "{fault:?}: {report:?}"
        );
        recording.stage.sim.clear_rules();
    }
    for _ in 0..2 {
        recording.cycle().await;
        assert_eq!(recording.drain().await, 0);
    }
    compare(&recording, START);
}
