//! A real Prometheus gets everything twice: pushed to its OTLP receiver, and scraped by it from `/metrics`.

mod process;

pub(crate) use process::Prometheus;

use super::running::{Running, TOKEN, free_address};
use super::shown::{Samples, differences, wanted};
use crate::scene::{Scene, wait_until};
use nix::sys::signal::Signal;
use sitelog_cloud_sim::{Backfill, METRICS, Observer, Sim, Special, Truth};

/// The two ways, as their series are told apart.
const WAYS: [&str; 2] = ["job=\"pulumi-exporter\"", "job=\"scraped\""];

/// The name that Prometheus has for a metric's samples: counters end in `_total`.
fn name(metric: &str) -> String {
    match metric {
        "pulumi_update_resource_changes" => format!("{metric}_total"),
        "pulumi_update_duration_seconds" => format!("{metric}_count"),
        _ => metric.to_owned(),
    }
}

/// Questions that dashboards and alerts ask, of one of the ways.
fn questions(way: &str) -> Vec<String> {
    let mut all: Vec<String> = METRICS
        .iter()
        .flat_map(|metric| {
            let of = format!("{}{{{way}}}", name(metric));
            [format!("sum by (org) ({of})"), format!("count by (org) ({of})")]
        })
        .collect();
    let seconds = "pulumi_update_duration_seconds";
    all.extend([
        format!("sum by (org, project, stack, kind, result) (pulumi_update_total{{{way}}})"),
        format!("sum by (kind, operation) (pulumi_update_resource_changes_total{{{way}}})"),
        format!("sum by (kind) ({seconds}_sum{{{way}}}) / sum by (kind) ({seconds}_count{{{way}}})"),
        format!("topk(3, pulumi_stack_resource_count{{{way}}})"),
        format!("max by (project, stack) (pulumi_stack_last_update_timestamp{{{way}}})"),
        format!("pulumi_org_policy_with_issues{{{way}}} / pulumi_org_policy_total{{{way}}}"),
        format!("sum by (status) (pulumi_deployment_status{{{way}}} > 0)"),
        format!("absent(pulumi_stack_resource_count{{stack=\"deleted\",{way}}})"),
    ]);
    for quantile in ["0.5", "0.9", "0.99"] {
        for by in ["le", "le, kind", "le, project, stack, kind, result"] {
            all.push(format!(
                "histogram_quantile({quantile}, sum by ({by}) ({seconds}_bucket{{{way}}}))"
            ));
        }
    }
    all
}

/// Waits until both ways tell the truth: each sample, and none besides.
fn wait_for(prometheus: &Prometheus, truth: &Truth) {
    let wanted = wanted(truth);
    let told = |way: &str| -> Samples { prometheus.ask(&format!("{{__name__=~\"pulumi_.*\",{way}}}")) };
    let mut last = Vec::new();
    let began = std::time::Instant::now();
    wait_until("both ways to tell the truth", || {
        last.clear();
        for way in WAYS {
            let lines = differences(&told(way), &wanted);
            last.extend(lines.into_iter().map(|line| format!("{way}: {line}")));
        }
        assert!(
            last.is_empty() || began.elapsed().as_secs() < 60,
            "{}
{}",
            last.join(
                "
"
            ),
            prometheus.log()
        );
        last.is_empty()
    });
}

/// Scenario: the story of the special stacks, step by step, an exporter that is killed in the midst of it, and a Prometheus
/// that it pushes to and that scrapes it. Guarantees: after each step both ways have every sample of the truth and no other
/// (what has ended is stale, long before it would fade), and all questions about the 17 metrics get the same answers.
#[test]
fn pushed_and_scraped_answer_the_same() {
    let scene = Scene::new();
    let mut story = Special::new(21, 1_790_000_000);
    let sim = Sim::start(story.world()).unwrap();
    sim.set_token(TOKEN);
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    let web = free_address();
    let prometheus = Prometheus::start(&web);
    let flags = prometheus.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    story.step(&mut sim.world()).unwrap();
    let mut running = Running::start_at(&web, &[], &scene, &sim, &flags);
    for poll in 0..Special::POLLS {
        if poll > 0 {
            story.step(&mut sim.world()).unwrap();
        }
        // The world is held for no longer than this: nothing is answered meanwhile.
        let truth = observer.poll(&sim.world());
        wait_for(&prometheus, &truth);
        if poll == 1 {
            let burst = "sum(pulumi_update_total{stack=\"burst\"})";
            assert_eq!(prometheus.ask(burst)["{}"], 500.0, "250 in each way");
        }
        if poll == 4 {
            // The mark that a series has ended is pushed once: killed before, it fades at the receiver only.
            running.whole_cycle();
            running.whole_cycle();
            assert_eq!(running.end(Signal::SIGKILL).0, 137);
            running = Running::start_at(&web, &[], &scene, &sim, &flags);
        }
    }
    // What fell to nothing has ended in both by now, and everything is at rest.
    observer.poll(&sim.world());
    let truth = observer.poll(&sim.world());
    wait_for(&prometheus, &truth);
    let of_ways = WAYS.map(questions);
    for (pushed, scraped) in of_ways[0].iter().zip(&of_ways[1]) {
        let answers = [pushed, scraped].map(|question| {
            let mut answer = Samples::new();
            wait_until("an answer", || {
                answer = prometheus.ask(question);
                !answer.is_empty()
            });
            answer
        });
        assert_eq!(answers[0], answers[1], "{pushed}");
    }
    for gone in ["deleted", "heir", "renamed"] {
        assert!(prometheus.ask(&format!("{{stack=\"{gone}\"}}")).is_empty(), "{gone}");
        let before = format!("count(last_over_time({{stack=\"{gone}\"}}[10m]))");
        assert!(prometheus.ask(&before)["{}"] > 0.0, "{gone}");
    }
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}
