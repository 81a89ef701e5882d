use super::*;
use std::rc::Rc;
use tokio::task::LocalSet;

fn gate() -> Rc<Gate> {
    Rc::new(Gate::new(Backoff {
        first: Duration::from_secs(1),
        max: Duration::from_secs(8),
    }))
}

/// Runs on virtual time: a wait costs none.
fn virtually(test: impl AsyncFn()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test());
}

#[test]
fn an_open_gate_lets_everybody_through() {
    virtually(async || {
        let gate = gate();
        let passes = [gate.pass().await, gate.pass().await];
        passes.iter().for_each(|pass| gate.open(pass));
        gate.pass().await;
    });
}

/// Guarantees: a hint is waited for to the full, and is not cut by back-off or by a success of an older request.
#[test]
fn a_hint_is_obeyed() {
    virtually(async || {
        let gate = gate();
        let (throttled, older) = (gate.pass().await, gate.pass().await);
        let begun = Instant::now();
        gate.shut(&throttled, Some(Duration::from_secs(60)), false);
        gate.open(&older);
        gate.hurry();
        gate.pass().await;
        assert_eq!(begun.elapsed().as_secs(), 60);
    });
}

/// Guarantees: after the wait one request goes alone; the others go when it has fared well, or wait on when it has not.
#[test]
fn one_request_tries_for_all() {
    virtually(async || {
        let gate = gate();
        let first = gate.pass().await;
        gate.shut(&first, Some(Duration::from_secs(1)), false);
        let through = Rc::new(std::cell::Cell::new(0));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let (gate, through) = (gate.clone(), through.clone());
                tokio::task::spawn_local(async move {
                    let pass = gate.pass().await;
                    through.set(through.get() + 1);
                    pass
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(through.get(), 1);
        let mut probes = Vec::new();
        for handle in waiting {
            if handle.is_finished() {
                probes.push(handle.await.unwrap());
            }
        }
        gate.open(&probes[0]);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(through.get(), 3);
    });
}

/// Guarantees: requests that were sent together and fail together count as one failure.
#[test]
fn failures_together_count_once() {
    virtually(async || {
        let gate = gate();
        let mut passes = Vec::new();
        for _ in 0..8 {
            passes.push(gate.pass().await);
        }
        passes.iter().for_each(|pass| gate.shut(pass, None, false));
        assert_eq!(gate.state.borrow().failures, 1);
        let begun = Instant::now();
        gate.pass().await;
        assert!(begun.elapsed() <= Duration::from_secs(1), "{:?}", begun.elapsed());
    });
}

#[test]
fn hope_ends_with_a_refused_connection_or_a_wait_beyond_the_deadline() {
    virtually(async || {
        let soon = || Instant::now() + Duration::from_secs(5);
        let refused = gate();
        refused.shut(&refused.pass().await, Some(Duration::from_secs(1)), true);
        assert!(refused.is_hopeless(soon()));
        refused.hurry();
        assert!(!refused.is_hopeless(soon()), "it is tried once more");
        refused.shut(&refused.pass().await, None, true);
        assert!(refused.is_hopeless(soon()));
        let throttled = gate();
        assert!(!throttled.is_hopeless(soon()));
        throttled.shut(&throttled.pass().await, Some(Duration::from_secs(3)), false);
        assert!(!throttled.is_hopeless(soon()));
        throttled.shut(&throttled.pass().await, Some(Duration::from_secs(30)), false);
        assert!(throttled.is_hopeless(soon()));
    });
}

#[test]
fn an_absurd_hint_is_bounded() {
    virtually(async || {
        let gate = gate();
        let begun = Instant::now();
        gate.shut(&gate.pass().await, Some(Duration::MAX), false);
        gate.pass().await;
        assert_eq!(begun.elapsed(), MAX_HINT);
    });
}
