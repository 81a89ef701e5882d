//! Runs that do not wait for each other.

use crate::recorded::Recorded;
use crate::scene::{Scene, code, end, wait_until};
use crate::sink::{Answer, Sink};
use std::collections::BTreeSet;
use std::fs::File;
use std::process::Stdio;

/// Scenario: fifty wrappers at once on one data folder. Guarantees: each run's streams are its own and whole, all fifty are
/// listed, every chain is sealed and verifies, and one `flush` delivers them all, once.
#[test]
fn fifty_runs_at_once_share_a_ledger() {
    let scene = Scene::new();
    let job = "for i in 1 2 3 4 5 6 7 8 9 10; do echo $0 $i; done";
    let start = |number: usize| {
        let mut command = scene.run_command(&[], &["sh", "-c", job, &number.to_string()]);
        let out = File::create(scene.path(&format!("out-{number}"))).unwrap();
        command.stdout(out).stderr(Stdio::piped()).spawn().unwrap()
    };
    let runs: Vec<_> = (0..50).map(start).collect();
    for mut run in runs {
        assert_eq!(code(end(&mut run)), 0);
        assert_eq!(std::io::read_to_string(run.stderr.take().unwrap()).unwrap(), "");
    }
    let lines = |number: usize| {
        (1..=10)
            .map(|i| format!("{number} {i}\n"))
            .collect::<String>()
            .into_bytes()
    };
    (0..50).for_each(|number| assert_eq!(crate::scene::read(&scene.path(&format!("out-{number}"))), lines(number)));

    let jobs = scene.jobs();
    assert_eq!(jobs.len(), 50);
    for job in &jobs {
        let number: usize = job["command"][3].as_str().unwrap().parse().unwrap();
        assert_eq!(
            (job["state"].as_str(), job["lines"].as_u64()),
            (Some("success"), Some(10))
        );
        assert_eq!(scene.raw_logs(job["run"].as_str().unwrap()).0, lines(number));
    }
    assert_eq!(scene.verified_chains().len(), 50);

    let sink = Sink::start(Answer::Take);
    let flush = scene.tell(&["flush", "--otlp.endpoint", &sink.endpoint()]);
    assert_eq!(flush.code, 0, "{flush:?}");
    let Recorded { lines, spans, .. } = sink.recorded();
    let distinct: BTreeSet<_> = lines.iter().map(|line| (&line.trace, line.seq)).collect();
    assert_eq!((lines.len(), distinct.len(), spans.len()), (500, 500, 50));
    assert_eq!(scene.waiting(), 0);
}

/// Scenario: a run in a run in a run. Guarantees: one trace; each inner run's parent is the outer one's span; the outer
/// records what the inner one shows, and all chains are whole.
#[test]
fn nested_runs_form_one_trace() {
    let scene = Scene::new();
    let sitelog = env!("CARGO_BIN_EXE_sitelog");
    let inner = [
        "run",
        "--records",
        "2.jsonl",
        "--",
        sitelog,
        "run",
        "--records",
        "3.jsonl",
        "--",
        "echo",
        "deep",
    ];
    let job: Vec<&str> = [sitelog].into_iter().chain(inner).collect();
    scene.run(&["--records", "1.jsonl"], &job).is(0, "deep\n", "");
    let spans: Vec<_> = ["1.jsonl", "2.jsonl", "3.jsonl"]
        .map(|file| scene.records(file).span().clone())
        .into();
    assert!(spans.iter().all(|span| span.trace == spans[0].trace));
    assert_eq!(
        (&spans[0].parent[..], &spans[1].parent, &spans[2].parent),
        ("", &spans[0].id, &spans[1].id)
    );
    for file in ["1.jsonl", "2.jsonl", "3.jsonl"] {
        assert_eq!(scene.records(file).stream("stdout"), b"deep\n");
    }
    assert_eq!(scene.verified_chains().len(), 3);
}

/// Scenario: a run without a destination; later a run with one that goes on for a while. Guarantees: the earlier run's records
/// are delivered beside the later one, each once.
#[test]
fn a_later_run_delivers_what_an_earlier_one_left() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    scene.run(&[], &["echo", "earlier"]);
    let job = "while [ ! -e go ]; do sleep 0.01; done; echo later";
    let mut command = scene.run_command(&["--otlp.endpoint", &sink.endpoint()], &["sh", "-c", job]);
    let mut run = command.stdout(Stdio::null()).spawn().unwrap();
    wait_until("the earlier run's span", || !sink.recorded().spans.is_empty());
    scene.file("go", "");
    assert_eq!(code(end(&mut run)), 0);
    let recorded = sink.recorded();
    let texts: Vec<&[u8]> = recorded.lines.iter().map(|line| &line.bytes[..]).collect();
    assert_eq!((texts, recorded.spans.len()), (vec![&b"earlier"[..], b"later"], 2));
    assert_eq!(scene.waiting(), 0);
}

/// Scenario: `flush` while a run goes on. Guarantees: the live run is left to its own wrapper; both end well.
#[test]
fn flush_leaves_a_live_run_alone() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    scene.run(&[], &["echo", "earlier"]);
    let flush = format!(
        "{} flush --otlp.endpoint {}",
        env!("CARGO_BIN_EXE_sitelog"),
        sink.endpoint()
    );
    let ran = scene.run_sh(
        &["--otlp.endpoint", &sink.endpoint()],
        &format!("echo now; {flush}; echo $?"),
    );
    assert_eq!((ran.code, ran.out()), (0, "now\n0\n"));
    let recorded = sink.recorded();
    assert_eq!(recorded.spans.len(), 2);
    let mut texts: Vec<_> = recorded
        .lines
        .iter()
        .map(|line| String::from_utf8(line.bytes.clone()).unwrap())
        .collect();
    texts.sort();
    assert_eq!(
        (&texts[..4].len(), &texts[0][..], &texts[1][..], &texts[2][..]),
        (&4, "0", "earlier", "now"),
        "{texts:?}"
    );
}
