//! Scenario: the gateway is killed under load, again and again. Guarantee: what was acknowledged arrives.

use super::running::{Gateway, arrived, send};
use crate::scene::{Scene, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
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
