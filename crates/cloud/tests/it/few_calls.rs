//! What a cycle costs.

use crate::stage::Stage;
use sitelog_cloud_sim::{Backfill, Kind, Operation, Outcome, Plan, StackPath, World};

const STACKS: u64 = 600;
const SWEEP: u64 = STACKS / 60;

fn stage() -> Stage {
    Stage::new(
        World::generate(&Plan {
            seed: 7,
            now: 1_790_000_000,
            organizations: Plan::organization_names(1),
            stacks: STACKS,
            updates: 3,
        }),
        Backfill::None,
    )
}

#[tokio::test]
async fn what_does_not_change_costs_next_to_nothing() {
    let mut stage = stage();
    stage.poll().await;
    let first = stage.sim.stats();
    assert!(first.of(Operation::GetStackUpdates) <= STACKS, "{first:?}");
    assert!(first.connections <= stage.config.concurrency as u64, "{first:?}");
    assert_eq!(
        (
            first.without_accept,
            first.unknown,
            first.of(Operation::GetStackResourceCount)
        ),
        (0, 0, 0)
    );
    for _ in 0..2 {
        stage.sim.world().advance(60);
        stage.sim.reset_stats();
        stage.poll().await;
        let later = stage.sim.stats();
        assert_eq!(later.of(Operation::GetStackUpdates), SWEEP);
        assert!(later.total() <= 30 + SWEEP, "{later:?}");
        assert!(later.bytes_out < 1 << 20, "{later:?}");
    }
}

/// On the threads that the program has: a call begins on one while the other still gives a connection back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_connections_than_calls_at_once() {
    let mut stage = stage();
    stage.poll().await;
    let stats = stage.sim.stats();
    assert!(stats.connections <= stage.config.concurrency as u64, "{stats:?}");
}

#[tokio::test]
async fn what_changes_costs_one_call() {
    let mut stage = stage();
    stage.poll().await;
    stage.sim.world().advance(60);
    stage.poll().await;
    let changed: Vec<StackPath> = stage.sim.world().stacks().keys().step_by(20).cloned().collect();
    for path in &changed {
        let mut world = stage.sim.world();
        world
            .run(path, Kind::Update, Outcome::Succeeded, 1, &[("same", 1)])
            .unwrap();
    }
    stage.sim.world().advance(60);
    stage.sim.reset_stats();
    stage.poll().await;
    let stats = stage.sim.stats();
    assert_eq!(stats.of(Operation::GetStackUpdates), changed.len() as u64 + SWEEP);
    assert!(stats.total() <= 60 + SWEEP, "{stats:?}");
}

#[tokio::test]
async fn in_the_time_of_a_sweep_every_stack_is_read() {
    let mut stage = stage();
    stage.config.sweep = 4;
    stage.poll().await;
    stage.sim.reset_stats();
    for _ in 0..4 {
        stage.sim.world().advance(60);
        stage.poll().await;
    }
    assert_eq!(stage.sim.stats().of(Operation::GetStackUpdates), STACKS);
}

#[tokio::test]
async fn one_that_does_not_end_is_asked_for_ever_more_seldom() {
    let mut world = World::new(3, 1_790_000_000);
    let path = StackPath::new("acme", "shop", "stuck");
    world.create_with_past(&path, 2, 7_200).unwrap();
    world.start(&path, Kind::Update).unwrap();
    let mut stage = Stage::new(world, Backfill::None);
    let mut calls = Vec::new();
    for _ in 0..40 {
        stage.sim.world().advance(60);
        stage.sim.reset_stats();
        stage.poll().await;
        // Its turn in the sweep is another matter.
        calls.push(stage.sim.stats().of(Operation::GetStackUpdates));
    }
    assert!(calls[..10].iter().all(|calls| *calls == 1), "{calls:?}");
    stage.sim.world().end(&path, 3, Outcome::Failed, &[]).unwrap();
    stage.sim.world().advance(60);
    stage.poll().await;
}
