//! The state: damaged, full or not to be written, nothing is counted twice and nothing is lost that can be had.

use crate::stage::{Stage, open};
use sitelog_cloud_sim::{Backfill, Kind, Outcome, Plan, Series, StackPath, World};

fn stage(backfill: Backfill) -> (Stage, StackPath) {
    let world = World::generate(&Plan {
        seed: 7,
        now: 1_790_000_000,
        organizations: Plan::organization_names(1),
        stacks: 9,
        updates: 20,
    });
    let path = world.stacks().keys().next().unwrap().clone();
    (Stage::new(world, backfill), path)
}

fn updates(stage: &Stage) -> usize {
    stage
        .said()
        .keys()
        .filter(|name| name.starts_with("pulumi_update_total"))
        .count()
}

#[tokio::test]
async fn a_damaged_state_is_a_gap_and_no_count_too_many() {
    let (mut stage, path) = stage(Backfill::All);
    stage.poll().await;
    assert!(updates(&stage) > 9);
    stage.kill();
    drop(open(&stage.config).await.unwrap());
    let file = stage.config.state_dir.join(sitelog_cloud::state::FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..2_000].fill(0x5A);
    std::fs::write(&file, bytes).unwrap();
    stage.sim.world().advance(60);
    let exporter = stage.exporter().await;
    assert!(exporter.set_aside().is_some_and(|aside| aside.exists()));
    assert_eq!(exporter.observed().counters().counts().states_set_aside, 1);
    // Killed before it has seen anything: still a gap.
    stage.kill();
    assert!(stage.cycle().await.is_good);
    assert_eq!(updates(&stage), 0);
    stage.sim.world().advance(60);
    stage
        .sim
        .world()
        .run(&path, Kind::Update, Outcome::Failed, 3, &[])
        .unwrap();
    stage.cycle().await;
    let labels = [("kind", "update"), ("result", "failed")];
    let failed = Series::of_stack("pulumi_update_total", &path, &labels);
    assert_eq!(stage.at(&failed), Some(crate::stage::At::Number(1.0)));
    assert_eq!(updates(&stage), 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_counted_yet() {
    let (mut stage, path) = stage(Backfill::None);
    stage.poll().await;
    stage.kill();
    // For some time of the simulation the database takes no row of a stack with updates.
    let now = stage.sim.world().now();
    let trouble = |seconds: i64| (now + seconds) * 1_000_000_000;
    drop(open(&stage.config).await.unwrap());
    let database = rusqlite::Connection::open(stage.config.state_dir.join(sitelog_cloud::state::FILE)).unwrap();
    let trigger = format!(
        "CREATE TRIGGER full BEFORE INSERT ON stacks WHEN NEW.upto > 0 AND NEW.checked BETWEEN {} AND {}
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        trouble(50),
        trouble(150)
    );
    database.execute_batch(&trigger).unwrap();
    drop(database);
    stage.sim.world().advance(100);
    stage
        .sim
        .world()
        .run(&path, Kind::Update, Outcome::Succeeded, 5, &[("create", 2)])
        .unwrap();
    stage.sim.world().create(&StackPath::new("acme", "new", "new")).unwrap();
    let report = stage.cycle().await;
    assert!(
        report.state.as_ref().is_some_and(|why| why.contains("full")) && !report.is_good,
        "{report:?}"
    );
    assert_eq!((report.counted, updates(&stage)), (0, 0));
    assert!(stage.exporter().await.observed().counters().counts().commit_failures > 0);
    stage.sim.world().advance(100);
    stage.poll().await;
    assert_eq!(updates(&stage), 1);
    stage.kill();
    stage.poll().await;
}
