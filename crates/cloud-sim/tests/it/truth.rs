//! The truth of worlds so small that it can be written down.

use sitelog_cloud_sim::{Backfill, Deployment, Kind, Observer, Outcome, Series, Truth, World};

use crate::client::{NOW, path};

fn stack_series(metric: &'static str, stack: &str, more: &[(&'static str, &str)]) -> Series {
    Series::of_stack(metric, &path(stack), more)
}

fn total(truth: &Truth, stack: &str, result: &str) -> Option<i64> {
    let labels = [("kind", "update"), ("result", result)];
    truth
        .sums
        .get(&stack_series("pulumi_update_total", stack, &labels))
        .copied()
}

fn run(world: &mut World, stack: &str, seconds: i64) {
    let changes = [("create", 2), ("same", 1)];
    world
        .run(&path(stack), Kind::Update, Outcome::Succeeded, seconds, &changes)
        .unwrap();
}

#[test]
fn an_update_counts_once_with_its_result_and_duration() {
    let mut world = World::new(1, NOW);
    world.create(&path("prod")).unwrap();
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    observer.poll(&world);
    world.start(&path("prod"), Kind::Update).unwrap();
    world.advance(10);
    let running = observer.poll(&world);
    assert_eq!((running.sums.len(), running.histograms.len()), (0, 0));
    world
        .end(&path("prod"), 1, Outcome::Failed, &[("create", 3), ("delete", 1)])
        .unwrap();
    let ended = observer.poll(&world);
    let changes = |operation| {
        let labels = [("kind", "update"), ("operation", operation)];
        ended.sums[&stack_series("pulumi_update_resource_changes", "prod", &labels)]
    };
    assert_eq!(
        (total(&ended, "prod", "failed"), changes("create"), changes("delete")),
        (Some(1), 3, 1)
    );
    let labels = [("kind", "update"), ("result", "failed")];
    let durations = &ended.histograms[&stack_series("pulumi_update_duration_seconds", "prod", &labels)];
    assert_eq!((durations.buckets, durations.sum), ([0, 1, 0, 0, 0, 0, 0, 0, 0], 10.0));
    assert_eq!(
        ended.gauges[&stack_series("pulumi_stack_resource_count", "prod", &[])],
        2.0
    );
    let last_update = stack_series("pulumi_stack_last_update_timestamp", "prod", &[]);
    assert_eq!(ended.gauges[&last_update], (NOW + 10) as f64);
    assert_eq!(running.gauges.get(&last_update), None);
    assert_eq!(observer.poll(&world), ended, "nothing counts twice");
}

#[test]
fn what_ended_before_the_first_poll_counts_as_backfill_says() {
    let mut world = World::new(1, NOW);
    world.create(&path("prod")).unwrap();
    run(&mut world, "prod", 5);
    world.advance(1_000);
    run(&mut world, "prod", 5);
    world.advance(100);
    world.start(&path("prod"), Kind::Update).unwrap();
    for (backfill, first, then) in [
        (Backfill::None, None, Some(1)),
        (Backfill::Window(99), None, Some(1)),
        (Backfill::Window(100), Some(1), Some(2)),
        (Backfill::All, Some(2), Some(3)),
    ] {
        let mut world = world.clone();
        let mut observer = Observer::new(backfill, &["acme"]);
        assert_eq!(
            total(&observer.poll(&world), "prod", "succeeded"),
            first,
            "{backfill:?}"
        );
        world.end(&path("prod"), 3, Outcome::Succeeded, &[]).unwrap();
        assert_eq!(total(&observer.poll(&world), "prod", "succeeded"), then, "{backfill:?}");
    }
}

#[test]
fn a_stack_made_after_the_first_poll_counts_whole() {
    let mut world = World::new(1, NOW);
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    observer.poll(&world);
    world.create(&path("prod")).unwrap();
    run(&mut world, "prod", 5);
    run(&mut world, "prod", 5);
    assert_eq!(total(&observer.poll(&world), "prod", "succeeded"), Some(2));
}

#[test]
fn series_of_a_deleted_stack_end_and_go_on_when_it_returns() {
    let mut world = World::new(1, NOW);
    world.create(&path("prod")).unwrap();
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    observer.poll(&world);
    run(&mut world, "prod", 5);
    let there = observer.poll(&world);
    run(&mut world, "prod", 5);
    world.delete(&path("prod")).unwrap();
    let gone = observer.poll(&world);
    assert_eq!(
        gone.series().filter(|series| series.label("stack").is_some()).count(),
        0
    );
    assert!(
        there
            .series()
            .filter(|series| series.label("stack").is_some())
            .all(|series| gone.ended.contains(series))
    );
    world.create(&path("prod")).unwrap();
    run(&mut world, "prod", 5);
    let back = observer.poll(&world);
    assert_eq!(
        total(&back, "prod", "succeeded"),
        Some(2),
        "the one that nobody could see does not count"
    );
    assert!(back.ended.is_empty());
}

#[test]
fn a_renamed_stack_counts_under_the_name_it_is_seen_with() {
    let mut world = World::new(1, NOW);
    world.create_with_past(&path("old"), 18, 0).unwrap();
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    observer.poll(&world);
    run(&mut world, "old", 5);
    observer.poll(&world);
    run(&mut world, "old", 5);
    world.rename(&path("old"), &path("new")).unwrap();
    let truth = observer.poll(&world);
    assert_eq!(
        (total(&truth, "old", "succeeded"), total(&truth, "new", "succeeded")),
        (None, Some(1))
    );
    assert!(
        truth
            .ended
            .contains(&stack_series("pulumi_stack_resource_count", "old", &[]))
    );
}

#[test]
fn versions_that_begin_again_count() {
    for same_id in [false, true] {
        let mut world = World::new(1, NOW);
        world.create_with_past(&path("prod"), 6, 0).unwrap();
        let mut observer = Observer::new(Backfill::None, &["acme"]);
        observer.poll(&world);
        let begin_again = if same_id {
            World::restart_versions
        } else {
            World::recreate
        };
        begin_again(&mut world, &path("prod")).unwrap();
        run(&mut world, "prod", 5);
        run(&mut world, "prod", 5);
        assert_eq!(
            total(&observer.poll(&world), "prod", "succeeded"),
            Some(2),
            "same id: {same_id}"
        );
    }
}

#[test]
fn counts_by_state_are_0_once_and_then_end() {
    let mut world = World::new(1, NOW);
    world.organization("acme").deployments = vec![
        Deployment {
            status: "running",
            created: NOW,
            modified: NOW,
            project: "shop".to_owned(),
            stack: "prod".to_owned(),
        };
        3
    ];
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    let status = |status| Series::new("pulumi_deployment_status", &[("org", "acme"), ("status", status)]);
    let value = |truth: &Truth, name| truth.gauges.get(&status(name)).copied();
    let first = observer.poll(&world);
    assert_eq!((value(&first, "running"), value(&first, "failed")), (Some(3.0), None));
    world.organization("acme").move_deployments("running", "failed", NOW);
    let falls = observer.poll(&world);
    assert_eq!(
        (value(&falls, "running"), value(&falls, "failed")),
        (Some(0.0), Some(3.0))
    );
    let then = observer.poll(&world);
    assert_eq!(value(&then, "running"), None);
    assert_eq!(then.ended, [status("running")].into());
}

#[test]
fn an_organization_that_is_taken_out_ends_and_one_that_is_added_begins() {
    let mut world = World::new(1, NOW);
    for org in ["acme", "other"] {
        let path = sitelog_cloud_sim::StackPath::new(org, "shop", "prod");
        world.create_with_past(&path, 3, 0).unwrap();
    }
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    let of = |truth: &Truth, org| truth.series().filter(|series| series.label("org") == Some(org)).count();
    let first = observer.poll(&world);
    assert_eq!((of(&first, "acme"), of(&first, "other")), (11, 0));
    observer.configure(&["other"]);
    let second = observer.poll(&world);
    assert_eq!(
        (of(&second, "acme"), of(&second, "other"), second.sums.len()),
        (0, 11, 0)
    );
    assert_eq!(second.ended.len(), 11);
}

#[test]
fn one_stack_may_be_seen_before_the_next_poll() {
    let mut world = World::new(1, NOW);
    world.create(&path("prod")).unwrap();
    world.create(&path("dev")).unwrap();
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    observer.poll(&world);
    run(&mut world, "prod", 5);
    run(&mut world, "dev", 5);
    let one = observer.poll_stack(&world, &path("prod"));
    assert_eq!(
        (total(&one, "prod", "succeeded"), total(&one, "dev", "succeeded")),
        (Some(1), None)
    );
    world.delete(&path("dev")).unwrap();
    let after = observer.poll_stack(&world, &path("dev"));
    assert_eq!(
        after.differences(&one),
        [""; 0],
        "who is gone is missed at the next cycle"
    );
    world.create(&path("dev")).unwrap();
    run(&mut world, "dev", 5);
    let both = observer.poll(&world);
    assert_eq!(
        (total(&both, "prod", "succeeded"), total(&both, "dev", "succeeded")),
        (Some(1), Some(1))
    );
}

#[test]
fn a_violation_without_a_kind_is_of_unknown_kind() {
    let mut world = World::new(1, NOW);
    let violation = |kind: &str| sitelog_cloud_sim::Violation {
        level: "mandatory".to_owned(),
        kind: kind.to_owned(),
        observed: NOW,
    };
    world.organization("acme").violations = vec![violation(""), violation("audit"), violation("")];
    let truth = Observer::new(Backfill::None, &["acme"]).poll(&world);
    let value = |kind| {
        let labels = [("org", "acme"), ("level", "mandatory"), ("kind", kind)];
        truth.gauges[&Series::new("pulumi_org_policy_violations", &labels)]
    };
    assert_eq!((value("unknown"), value("audit")), (2.0, 1.0));
}
