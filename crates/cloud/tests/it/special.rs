//! The stacks that are gotten wrong most easily: every series after every poll, also when the exporter is killed between.

use crate::stage::Stage;
use sitelog_cloud_sim::{Backfill, Special};

const BEGIN: i64 = 1_790_000_000;

async fn tell(backfill: Backfill, is_killed: impl Fn(u32) -> bool) {
    let mut special = Special::new(7, BEGIN);
    let mut stage = Stage::new(special.world(), backfill);
    for poll in 0..Special::POLLS + 2 {
        special.step(&mut stage.sim.world()).unwrap();
        if is_killed(poll) {
            stage.kill();
        }
        stage.poll().await;
    }
}

#[tokio::test]
async fn every_series_is_right_after_every_poll() {
    tell(Backfill::None, |_| false).await;
}

#[tokio::test]
async fn also_when_it_is_killed_before_each() {
    tell(Backfill::None, |_| true).await;
}

#[tokio::test]
async fn also_when_history_counts() {
    tell(Backfill::All, |poll| poll % 3 == 1).await;
    tell(Backfill::Window(3 * 86_400), |poll| poll == 2).await;
}

#[tokio::test]
async fn a_stack_that_somebody_calls_for_is_counted_at_once() {
    let mut special = Special::new(7, BEGIN);
    let mut stage = Stage::new(special.world(), Backfill::None);
    for _ in 0..4 {
        special.step(&mut stage.sim.world()).unwrap();
        stage.poll().await;
    }
    special.step(&mut stage.sim.world()).unwrap();
    for name in ["burst", "returned", "recreated", "never-updated"] {
        let path = Special::path(name);
        stage.sim.reset_stats();
        let stack = [path.org.clone(), path.project.clone(), path.stack.clone()];
        let report = stage.exporter().await.call(stack).await;
        assert_eq!((report.failed, report.state), (0, None));
        assert!(stage.sim.stats().total() <= 3, "{:?}", stage.sim.stats());
        let truth = stage.observer.poll_stack(&stage.sim.world(), &path);
        let is_of = |text: &str| text.contains(&format!("stack={name:?}"));
        let said: Vec<_> = stage.said().into_iter().filter(|(text, _)| is_of(text)).collect();
        let wanted = truth.series().filter(|series| is_of(&series.to_string())).count();
        assert_eq!(said.len(), wanted, "{name}: {said:?}");
    }
    // What came of the calls is no reason to count anything again.
    stage.poll().await;
}

#[tokio::test]
async fn an_organization_that_is_observed_no_more_ends_and_may_return() {
    let mut special = Special::new(7, BEGIN);
    let mut world = special.world();
    sitelog_cloud_sim::furnish(world.organization("other"), 3, BEGIN);
    let mut stage = Stage::new(world, Backfill::None);
    for poll in 0..Special::POLLS {
        let observed: &[&str] = if (3..5).contains(&poll) {
            &["other"]
        } else {
            &["acme", "other"]
        };
        if stage.config.organizations.len() != observed.len() {
            stage.config.organizations = observed.iter().map(|name| (*name).to_owned()).collect();
            stage.observer.configure(observed);
            stage.kill();
            if observed.len() == 1 {
                // Its ends are told once.
                let ends = ends(&mut stage).await;
                assert!(ends > 50, "{ends}");
                stage.kill();
                assert_eq!(self::ends(&mut stage).await, 0);
            }
        }
        special.step(&mut stage.sim.world()).unwrap();
        stage.poll().await;
    }
}

/// How many series end before anything was asked.
async fn ends(stage: &mut Stage) -> usize {
    let observed = stage.exporter().await.observed();
    observed.series(|series| {
        let points = series.families().flat_map(|(_, points)| points.values());
        let ends = points.filter(|point| point.is_ending()).count();
        series.told();
        ends
    })
}
