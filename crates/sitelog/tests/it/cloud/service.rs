//! Whatever Pulumi Cloud answers: what was told stays and ages, nothing is counted twice, and memory stays small.

use super::running::{Running, sim, update};
use super::shown::{differences, samples};
use crate::scene::{Scene, wait_until};
use nix::sys::signal::Signal;
use sitelog_cloud_sim::{Backfill, Fault, Observer, Operation, Outcome, RetryAfter, Rule, Sim};
use std::time::{Duration, Instant};

const FLAGS: [&str; 4] = [
    "--pulumi.collect-interval=100ms",
    "--pulumi.call-timeout=1s",
    "--pulumi.sweep-cycles=3",
    "--otlp.endpoint=none",
];

fn status(status: u16, retry_after: Option<RetryAfter>) -> Fault {
    Fault::Status { status, retry_after }
}

/// An exporter that has seen everything, and who knows what it must say.
fn begun(scene: &Scene, sim: &Sim, flags: &[&str]) -> (Running, Observer) {
    let running = Running::start(scene, sim, flags);
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    recovers(&running, sim, &mut observer);
    (running, observer)
}

/// Waits until it shows the truth and is well.
fn recovers(running: &Running, sim: &Sim, observer: &mut Observer) {
    let wanted = super::shown::wanted(&observer.poll(&sim.world()));
    wait_until("the truth", || differences(&samples(running), &wanted).is_empty());
    running.wait_ready();
}

/// Every call fails like this for some cycles, in which an update ends.
fn fail(running: &Running, sim: &Sim, fault: &Fault) {
    let before = samples(running);
    // Calls that hang take their time: some will do.
    let is_slow = matches!(fault, Fault::Hang | Fault::HangInBody | Fault::Drip { .. });
    match is_slow {
        false => sim.add_rule(Rule::new(fault.clone())),
        true => [
            Operation::ListUserStacks,
            Operation::GetStackUpdates,
            Operation::ListTeams,
        ]
        .into_iter()
        .for_each(|operation| sim.add_rule(Rule::new(fault.clone()).on(operation))),
    }
    // Calls that were on their way are over then.
    running.whole_cycle();
    // Where pages themselves are right, what they tell counts.
    if *fault != Fault::RepeatingToken {
        update(sim, Outcome::Succeeded);
    }
    running.whole_cycle();
    let began = Instant::now();
    wait_until("it to be no more ready", || running.get("/readyz").0 == 503);
    running.whole_cycle();
    assert_eq!(samples(running), before, "{fault:?}");
    assert_eq!(running.get("/healthz").0, 200);
    let passed = began.elapsed().as_secs_f64();
    let age = running.own("sitelog_cloud_answer_age_seconds", "operation=\"stacks\"");
    assert!(age >= passed, "{fault:?}: it is {age} s old, not {passed}");
}

fn faults_and_recovery(faults: &[Fault]) {
    let (scene, sim) = (Scene::new(), sim());
    let (running, mut observer) = begun(&scene, &sim, &FLAGS);
    for fault in faults {
        fail(&running, &sim, fault);
        sim.clear_rules();
        recovers(&running, &sim, &mut observer);
    }
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}

/// Scenario: all calls are refused in one way after the other, and an update ends meanwhile. Guarantees: every series keeps
/// its last value, its age is told, `/readyz` says no and `/healthz` yes; afterwards the update is counted, once.
#[test]
fn refusals_change_nothing() {
    faults_and_recovery(&[401, 403, 404, 500, 502].map(|code| status(code, None)));
}

/// Scenario: the same with answers that are none: pages for people, half of the JSON, nulls, wrong types …
#[test]
fn answers_that_are_none_change_nothing() {
    faults_and_recovery(&[
        Fault::Html,
        Fault::Empty,
        Fault::Truncated,
        Fault::Nulls,
        Fault::NullFields,
        Fault::WrongTypes,
        Fault::MissingFields,
        Fault::Cut,
    ]);
}

/// Scenario: the same with calls that are never answered, stop in the middle, or drip.
#[test]
fn answers_that_do_not_come_change_nothing() {
    let drip = Fault::Drip { bytes: 16, millis: 200 };
    faults_and_recovery(&[Fault::Hang, Fault::HangInBody, drip]);
}

/// Scenario: every page names itself as the next. Guarantees: as above, and calls come to an end.
#[test]
fn pages_that_name_themselves_come_to_an_end() {
    let (scene, sim) = (Scene::new(), sim());
    let (running, mut observer) = begun(&scene, &sim, &FLAGS);
    sim.reset_stats();
    let before = running.own("sitelog_cloud_cycles_total", "");
    fail(&running, &sim, &Fault::RepeatingToken);
    let cycles = running.own("sitelog_cloud_cycles_total", "") - before + 1.0;
    let calls = sim.stats().total() as f64;
    assert!(calls <= cycles * 40.0, "{calls} calls in {cycles} cycles");
    sim.clear_rules();
    recovers(&running, &sim, &mut observer);
}

/// Scenario: every call is answered with 429 for a while: with `Retry-After` as seconds, as a date, and without. Guarantees:
/// no call comes while it says to wait, the waiting is told, and afterwards all is counted.
#[test]
fn nobody_calls_while_it_is_told_to_wait() {
    for retry_after in [Some(RetryAfter::Seconds(2)), Some(RetryAfter::Date(2)), None] {
        let (scene, sim) = (Scene::new(), sim());
        let (running, mut observer) = begun(&scene, &sim, &FLAGS);
        sim.reset_stats();
        sim.add_rule(Rule::new(status(429, retry_after)).times(12));
        update(&sim, Outcome::Failed);
        let refused = || {
            sim.stats()
                .calls
                .values()
                .filter_map(|calls| calls.get(&429))
                .sum::<u64>()
        };
        let began = Instant::now();
        wait_until("the first refusals", || refused() > 0);
        recovers(&running, &sim, &mut observer);
        wait_until("the last refusal", || {
            refused() == 12 || began.elapsed() > Duration::from_secs(60)
        });
        let stats = sim.stats();
        assert_eq!((refused(), stats.inside_retry_after), (12, 0), "{stats:?}");
        assert!(running.own("sitelog_cloud_api_throttled_seconds_total", "") > 0.2);
    }
}

/// The most memory that it ever had, MiB.
fn peak(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

/// Scenario: pages of 500 MB, first of the list, then of a history and of two lists of the organization at once. Guarantees:
/// they are given up at the limit, memory stays below 96 MiB, and a restart has the truth.
#[test]
fn a_page_of_500_megabytes_takes_little_memory() {
    let (scene, sim) = (Scene::new(), sim());
    // A body may take its time here.
    let slowly = [
        "--pulumi.collect-interval=10m",
        "--pulumi.call-timeout=5m",
        "--pulumi.body-limit=8MiB",
        "--otlp.endpoint=none",
    ];
    let all = [
        (Operation::ListUserStacks, "stacks"),
        (Operation::GetStackUpdates, "updates"),
        (Operation::ListOrganizationMembers, "members"),
        (Operation::ListPolicyViolations, "violations"),
    ];
    for huge in [&all[..1], &all[1..]] {
        for (operation, _) in huge {
            sim.add_rule(Rule::new(Fault::Huge { bytes: 500 << 20 }).on(*operation).times(1));
        }
        let running = Running::start(&scene, &sim, &slowly);
        for (_, name) in huge {
            let labels = format!("operation=\"{name}\",status=\"too_large\"");
            wait_until(&format!("a page of {name} that is too long"), || {
                running.own("sitelog_cloud_api_calls_total", &labels) > 0.0
            });
        }
        let peak = peak(&running);
        assert!(peak < 96, "{huge:?}: {peak} MiB");
        println!("{huge:?}: {peak} MiB");
        assert_eq!(running.end(Signal::SIGTERM).0, 0);
    }
    let (running, _) = begun(&scene, &sim, &FLAGS);
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}
