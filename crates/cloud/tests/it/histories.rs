//! Whatever happens to stacks and to the exporter: every series equals the truth.

use crate::stage::Stage;
use proptest::prelude::*;
use sitelog_cloud_sim::{Backfill, Fault, Mutation, Operation, Plan, Random, Rule, World};
use std::time::Duration;

/// What is done next.
#[derive(Clone, Debug)]
enum Step {
    /// So many changes of the world, from a seed.
    Happen(u8, u64),
    Poll,
    /// The exporter is killed.
    Kill,
    /// The exporter is killed so many microseconds after a cycle began.
    KillWithin(u16),
    /// So many calls of a history fail, in a cycle that nobody looks at.
    Fail(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u8..12, any::<u64>()).prop_map(|(count, seed)| Step::Happen(count, seed)),
        3 => Just(Step::Poll),
        1 => Just(Step::Kill),
        2 => (0u16..60_000).prop_map(Step::KillWithin),
        1 => (1u8..6).prop_map(Step::Fail),
    ]
}

fn backfill() -> impl Strategy<Value = Backfill> {
    prop_oneof![
        3 => Just(Backfill::None),
        1 => Just(Backfill::All),
        1 => (0i64..200_000).prop_map(Backfill::Window),
    ]
}

async fn run(seed: u64, backfill: Backfill, steps: Vec<Step>) {
    let mut world = World::generate(&Plan {
        seed,
        now: 1_790_000_000,
        organizations: Plan::organization_names(2),
        stacks: 6,
        updates: 3,
    });
    world.advance(60);
    let mut stage = Stage::new(world, backfill);
    // When it is first observed is no matter of chance.
    stage.poll().await;
    for step in steps {
        match step {
            Step::Happen(count, seed) => {
                let mut random = Random::new(seed);
                let mut world = stage.sim.world();
                for _ in 0..count {
                    world.apply(&Mutation::random(&mut random));
                }
            }
            Step::Poll => drop(stage.poll().await),
            Step::Kill => stage.kill(),
            Step::KillWithin(micros) => {
                let exporter = stage.exporter().await;
                let _killed = tokio::time::timeout(Duration::from_micros(micros.into()), exporter.cycle()).await;
                stage.kill();
                // Whatever it has counted, nothing has happened since.
                stage.poll().await;
            }
            Step::Fail(times) => {
                let fault = Fault::Status {
                    status: 400,
                    retry_after: None,
                };
                stage
                    .sim
                    .add_rule(Rule::new(fault).on(Operation::GetStackUpdates).times(times.into()));
                stage.cycle().await;
                stage.sim.clear_rules();
                stage.poll().await;
            }
        }
    }
    stage.poll().await;
    // At rest nothing changes, and nothing is counted.
    let counted = stage.exporter().await.observed().counters().counts().updates_counted;
    stage.poll().await;
    assert_eq!(
        stage.exporter().await.observed().counters().counts().updates_counted,
        counted
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_told_as_it_is(
        seed in any::<u64>(),
        backfill in backfill(),
        steps in proptest::collection::vec(step(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(seed, backfill, steps));
    }
}
