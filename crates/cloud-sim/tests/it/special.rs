//! The special stacks and random histories: what the answers say is the truth.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sitelog_cloud_sim::{Backfill, METRICS, Mutation, Observer, Random, Sim, Special, Truth};

use crate::client::{Client, NOW, furnished, path};
use crate::reference::Exporter;

const BACKFILLS: [Backfill; 3] = [Backfill::None, Backfill::Window(86_400), Backfill::All];

#[test]
fn an_exporter_that_asks_for_everything_says_the_truth_of_the_special_stacks() {
    for backfill in BACKFILLS {
        let mut special = Special::new(7, NOW);
        let sim = Sim::start(special.world()).unwrap();
        let client = Client::uncompressed(&sim);
        let (mut exporter, mut observer) = (Exporter::default(), Observer::new(backfill, &["acme"]));
        for poll in 0..Special::POLLS + 2 {
            special.step(&mut sim.world()).unwrap();
            let now = sim.world().now();
            let said = exporter.poll(&client, now, backfill);
            let truth = observer.poll(&sim.world());
            assert_eq!(truth.differences(&said), [""; 0], "{backfill:?}, poll {poll}");
        }
    }
}

/// Updates of a stack at the end of the story, with what had ended before it or without.
fn counted(backfill: Backfill) -> BTreeMap<String, i64> {
    let mut special = Special::new(7, NOW);
    let mut world = special.world();
    let mut observer = Observer::new(backfill, &["acme"]);
    let mut truth = Truth::default();
    for _ in 0..Special::POLLS {
        special.step(&mut world).unwrap();
        truth = observer.poll(&world);
    }
    let mut counted = BTreeMap::new();
    for (series, sum) in truth
        .sums
        .iter()
        .filter(|(series, _)| series.metric == "pulumi_update_total")
    {
        *counted.entry(series.label("stack").unwrap().to_owned()).or_default() += sum;
    }
    counted
}

#[test]
fn the_story_is_what_its_names_say() {
    let expected = [
        ("bounds", 25, 25),
        ("burst", 451, 456),
        ("crossing", 8, 9),
        // One of the stack that was deleted, one of the heir under its new name.
        ("inherited", 2, 5),
        ("kinds", 12, 12),
        ("late", 5, 6),
        ("long-past", 1, 261),
        ("new", 2, 2),
        ("queued", 1, 2),
        ("recreated", 4, 10),
        ("renamed-to", 2, 2),
        ("returned", 2, 4),
        ("stuck", 101, 103),
        ("versions-went-back", 2, 8),
    ];
    let numbers = |which: fn(&(&str, i64, i64)) -> i64| -> BTreeMap<String, i64> {
        expected.iter().map(|row| (row.0.to_owned(), which(row))).collect()
    };
    assert_eq!(counted(Backfill::None), numbers(|row| row.1));
    assert_eq!(counted(Backfill::All), numbers(|row| row.2));
}

#[test]
fn every_metric_has_series_in_the_story() {
    let mut special = Special::new(7, NOW);
    let mut world = special.world();
    special.step(&mut world).unwrap();
    let truth = Observer::new(Backfill::All, &["acme"]).poll(&world);
    let metrics: BTreeSet<&str> = truth.series().map(|series| series.metric).collect();
    assert_eq!(metrics, METRICS.iter().copied().collect());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Scenario: any changes between any polls. Guarantees: answers and truth agree on every series.
    #[test]
    fn an_exporter_that_asks_for_everything_says_the_truth_of_any_history(
        polls in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..20), 1..5),
        which in 0_usize..3,
    ) {
        let mut world = furnished();
        for name in ["a", "b", "c"] {
            world.create_with_past(&path(name), 3, 0).unwrap();
        }
        let sim = Sim::start(world).unwrap();
        let client = Client::uncompressed(&sim);
        let backfill = BACKFILLS[which];
        let (mut exporter, mut observer) = (Exporter::default(), Observer::new(backfill, &["acme"]));
        for seeds in polls {
            let mutations: Vec<Mutation> = seeds.into_iter().map(|seed| Mutation::random(&mut Random::new(seed))).collect();
            mutations.iter().for_each(|mutation| { sim.world().apply(mutation); });
            let now = sim.world().now();
            let said = exporter.poll(&client, now, backfill);
            let truth = observer.poll(&sim.world());
            prop_assert_eq!(truth.differences(&said), Vec::<String>::new(), "after {:?}", mutations);
        }
    }
}
