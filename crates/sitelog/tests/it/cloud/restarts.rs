//! Killed or told to end at any moment, and started again: what is shown is what happened.

use super::running::{Running, TOKEN};
use super::shown::assert_true;
use crate::scene::Scene;
use nix::sys::signal::Signal;
use sitelog_cloud_sim::{Backfill, Mutation, Observer, Plan, Random, Sim, Special, World};
use std::time::Duration;

/// Cycles come so close that it is almost always in one.
const FLAGS: [&str; 5] = [
    "--pulumi.collect-interval=60ms",
    "--pulumi.max-concurrency=3",
    "--pulumi.organizations=acme,acme-2",
    "--otlp.endpoint=none",
    "--pulumi.sweep-cycles=7",
];
/// The longest that it lives before it is ended, milliseconds: to the end of its first cycles.
const LIFE: u64 = 600;

/// A simulation whose answers take long enough for a cycle to be interrupted anywhere.
fn sim(world: World) -> Sim {
    let sim = Sim::start(world).unwrap();
    sim.set_token(TOKEN);
    sim.set_latency(Duration::from_millis(4));
    sim
}

/// Ends an exporter after a time out of the seed, so many times; then one lives on.
fn ended_often(scene: &Scene, sim: &Sim, flags: &[&str], random: &mut Random, signal: Signal, times: u32) -> Running {
    for _ in 0..times {
        let running = Running::start(scene, sim, flags);
        std::thread::sleep(Duration::from_millis(random.below(LIFE)));
        let (code, said) = running.end(signal);
        let expected = if signal == Signal::SIGKILL { 137 } else { 0 };
        assert_eq!(code, expected, "{said}");
    }
    Running::start(scene, sim, flags)
}

/// Every special stack; after each of its steps the exporter is ended some times.
fn special(signal: Signal, seed: u64, backfill: Backfill, flag: &str) {
    let (scene, mut random) = (Scene::new(), Random::new(seed));
    let mut story = Special::new(seed, 1_790_000_000);
    let sim = sim(story.world());
    let mut observer = Observer::new(backfill, &["acme", "acme-2"]);
    let flags = [&FLAGS[..], &[flag]].concat();
    story.step(&mut sim.world()).unwrap();
    let mut running = Running::start(&scene, &sim, &flags);
    // When it is first observed is no matter of chance, unless all counts.
    if backfill != Backfill::All {
        running.wait_ready();
    }
    for poll in 0..Special::POLLS + 2 {
        if poll > 0 {
            // While it runs.
            story.step(&mut sim.world()).unwrap();
            std::thread::sleep(Duration::from_millis(random.below(120)));
        }
        running.end(signal);
        running = ended_often(&scene, &sim, &flags, &mut random, signal, 2);
        running.whole_cycle();
        running.wait_ready();
        assert_true(&running, &observer.poll(&sim.world()));
    }
}

/// Scenario: the story of the special stacks (burst of 250, running at each poll, late, stuck, deleted, recreated, renamed,
/// durations on bounds …) and `kill -9` at random moments, in mid-cycle and in mid-commit. Guarantees: after each step all
/// 17 metrics equal the truth: nothing is lost, nothing counts twice.
#[test]
fn killed_at_any_moment_it_counts_each_update_once() {
    special(Signal::SIGKILL, 11, Backfill::None, "--pulumi.backfill=none");
}

/// Scenario: the same with all history, also while that is read for the first time.
#[test]
fn killed_while_it_reads_history_it_counts_each_update_once() {
    special(Signal::SIGKILL, 12, Backfill::All, "--pulumi.backfill=all");
}

/// Scenario: the same, told to end by SIGTERM. Guarantees: also status 0 each time.
#[test]
fn told_to_end_at_any_moment_it_counts_each_update_once() {
    special(Signal::SIGTERM, 13, Backfill::None, "--pulumi.backfill=none");
}

/// Scenario: random changes of two organizations while it runs, and `kill -9` between and after. Guarantees: as above.
#[test]
fn killed_in_a_random_history_it_shows_the_truth() {
    let (scene, mut random) = (Scene::new(), Random::new(14));
    let world = World::generate(&Plan {
        seed: 14,
        now: 1_790_000_000,
        organizations: Plan::organization_names(2),
        stacks: 8,
        updates: 3,
    });
    let sim = sim(world);
    let mut observer = Observer::new(Backfill::None, &["acme", "acme-2"]);
    let mut running = Running::start(&scene, &sim, &FLAGS);
    running.wait_ready();
    assert_true(&running, &observer.poll(&sim.world()));
    for _ in 0..12 {
        {
            let mut world = sim.world();
            for _ in 0..random.below(10) + 1 {
                world.apply(&Mutation::random(&mut random));
            }
            world.advance(60);
        }
        std::thread::sleep(Duration::from_millis(random.below(120)));
        assert_eq!(running.end(Signal::SIGKILL).0, 137);
        running = ended_often(&scene, &sim, &FLAGS, &mut random, Signal::SIGKILL, 1);
        running.whole_cycle();
        running.wait_ready();
        assert_true(&running, &observer.poll(&sim.world()));
    }
}
