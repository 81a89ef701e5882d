//! Scenario: the gateway is killed under load, again and again. Guarantee: what was acknowledged arrives.

use super::running::{Gateway, arrived, send};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use sitelog_ledger::{Ledger, Options};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

const KILLS: usize = 12;
const SENDERS: usize = 4;

#[test]
fn nothing_acknowledged_is_lost_when_it_is_killed_under_load() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Take));
    let mut acknowledged = BTreeSet::new();
    for round in 0..KILLS {
        // In every third round nothing is delivered before the kill.
        sink.answer(if round % 3 == 0 {
            Answer::Unavailable
        } else {
            Answer::Take
        });
        let gateway = Gateway::start(&scene, &["--otlp.endpoint", &sink.endpoint()]);
        let (stop, count, all) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (address, stop, count, all) = (gateway.http.clone(), &stop, &count, &all);
                scope.spawn(move || {
                    for n in 0.. {
                        let bodies: Vec<_> = (0..5).map(|part| format!("{round} {sender} {n} {part}")).collect();
                        if stop.load(Relaxed) || send(&address, None, &bodies) != Some(200) {
                            return;
                        }
                        all.lock().unwrap().extend(bodies);
                        count.fetch_add(1, Relaxed);
                    }
                });
            }
            // Another moment each time.
            let wanted = 3 + round * 7;
            wait_until("requests to be acknowledged", || count.load(Relaxed) >= wanted);
            gateway.signal(Signal::SIGKILL);
            stop.store(true, Relaxed);
        });
        acknowledged.extend(all.into_inner().unwrap());
        drop(gateway);
    }
    sink.answer(Answer::Take);
    let gateway = Gateway::start(&scene, &["--otlp.endpoint", &sink.endpoint()]);
    let missing = || {
        let arrived: BTreeSet<String> = arrived(&sink).into_keys().map(|(_, body)| body).collect();
        acknowledged.difference(&arrived).count()
    };
    wait_until("all that was acknowledged to arrive", || missing() == 0);
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    scene.verified_chains();
    assert_eq!(scene.waiting(), 0);
}

/// Scenario: a byte of a chain is changed on the disk between two runs, amid requests that were not delivered yet.
/// Guarantees: the next start takes requests and delivers all that is whole; what is lost is counted by tenant, and the
/// verification of the ledger names it.
#[test]
fn a_segment_damaged_between_runs_costs_what_was_damaged() {
    let (scene, sink) = (Scene::new(), Sink::start(Answer::Unavailable));
    let flags = ["--otlp.endpoint", &sink.endpoint(), "--stop-timeout", "100ms"];
    let gateway = Gateway::start(&scene, &flags);
    for n in 0..9 {
        assert_eq!(
            gateway.send(None, &[format!("request {n} {}", "x".repeat(500))]),
            Some(200)
        );
    }
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
    let ledger = Ledger::open(scene.data(), Options::default()).unwrap();
    let chain = ledger.chains().unwrap().remove(0);
    let folder = scene.data().join("tenants").join(chain.tenant.as_str());
    let segment = segment_below(&folder);
    let mut bytes = std::fs::read(&segment).unwrap();
    let place = memchr::memmem::find(&bytes, b"request 4").unwrap();
    bytes[place + 100] ^= 1;
    std::fs::write(&segment, bytes).unwrap();

    sink.answer(Answer::Take);
    let gateway = Gateway::start(&scene, &flags);
    assert_eq!(gateway.send(None, &["afterwards".to_owned()]), Some(200));
    wait_until("all that is whole to arrive", || arrived(&sink).len() == 9);
    assert!(!arrived(&sink).keys().any(|(_, body)| body.starts_with("request 4")));
    let metrics = gateway.admin("/metrics", None).1;
    let counted = "sitelog_ledger_events_total{tenant=\"default\",event=\"damaged_frames\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    let verified = scene.tell(&["audit", "verify"]);
    assert_ne!(verified.code, 0);
    assert!(verified.out().contains(&chain.id.to_string()), "{}", verified.out());
    assert_eq!(gateway.end(Signal::SIGTERM), 0);
}

fn segment_below(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.filter_map(|path| match path.is_dir() {
        true => Some(segment_below(&path)).filter(|found| !found.as_os_str().is_empty()),
        false => path.extension().is_some_and(|kind| kind == "seg").then_some(path),
    });
    found.min().unwrap_or_default()
}
