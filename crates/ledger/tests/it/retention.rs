//! Budgets refuse input; retention erases what was delivered, never what was not.

use crate::scene::{Scene, append, batch, id, numbers, of, options, refuse};
use sitelog_ledger::{Budget, Chain, Clock, Cursor, Error, Ledger, Options, Position, Progress, Refused};
use sitelog_model::{Signal, TenantId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) const HOUR: u64 = 3_600_000_000_000;

/// A scene with a clock that stands, and can be moved.
fn scene(budget: Budget) -> (Scene, Arc<AtomicU64>) {
    scene_with(Options { budget, ..options() })
}

pub(crate) fn scene_with(options: Options) -> (Scene, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1000 * HOUR));
    let clock = Clock::new({
        let now = now.clone();
        move || now.load(Ordering::Relaxed)
    });
    (Scene::with(Options { clock, ..options }), now)
}

pub(crate) fn bytes(bytes: u64) -> Budget {
    Budget {
        bytes: Some(bytes),
        age: None,
    }
}

pub(crate) fn fill(chain: &Chain, from: u64) -> (u64, Refused) {
    (from..10_000)
        .find_map(|n| chain.append(&batch(n)).err().map(|refused| (n, refused)))
        .unwrap()
}

pub(crate) fn deliver(cursor: &mut Cursor, count: usize) {
    let last = (0..count)
        .map(|_| cursor.next().unwrap().unwrap().position.frame)
        .last()
        .unwrap();
    cursor
        .commit(Progress {
            upto: Position::start(last + 1),
            ahead: vec![],
        })
        .unwrap();
}

/// Scenario: the destination is down until the budget is reached; then it comes back.
/// Guarantees: input is refused, nothing undelivered is erased; once delivered, the oldest goes and input is taken again.
#[test]
fn at_the_budget_input_is_refused_until_something_is_delivered() {
    let (scene, _) = scene(bytes(20_000));
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let (count, refused) = fill(&chain, 0);
    assert!(
        matches!(refused, Refused::Full { budget: 20_000, used, retry_after } if used > 15_000 && !retry_after.is_zero())
    );
    assert_eq!(numbers(&scene.ledger, chain.id()), ((0..count).collect(), 0));
    assert!(chain.append(&batch(count)).is_err());
    assert_eq!(scene.ledger.counters().refused_full.get(), 2);
    deliver(&mut cursor, 40);
    append(&chain, count..count + 5);
    let (left, damage) = numbers(&scene.ledger, chain.id());
    assert!(
        damage == 0 && left[0] > 0 && left[0] <= 40 && left.last() == Some(&(count + 4)),
        "{left:?}"
    );
    assert!(scene.ledger.counters().erased_segments.get() > 0);
    let status = scene.ledger.status(chain.id()).unwrap();
    assert!(status.bytes <= 20_000, "{}", status.bytes);
    assert_eq!(status.cursors[0].lag_frames, count + 5 - 40);
    chain.seal().unwrap();
    let verified = scene
        .ledger
        .verify(chain.id(), &scene.ledger.public_key().unwrap())
        .unwrap();
    assert!(
        verified.is_sealed() && verified.first > 0,
        "what is left verifies: {verified:?}"
    );
}

/// Scenario: two destinations, one of them down; and a chain for which none was ever configured.
/// Guarantees: the slowest cursor decides; without a cursor nothing goes for want of room.
#[test]
fn the_slowest_cursor_decides() {
    let (scene, _) = scene(bytes(20_000));
    let chain = scene.chain(1);
    let mut fast = chain.cursor("fast", None).unwrap();
    let slow = chain.cursor("slow", None).unwrap();
    let (count, _) = fill(&chain, 0);
    deliver(&mut fast, count as usize);
    assert!(matches!(chain.append(&batch(count)), Err(Refused::Full { .. })));
    assert_eq!(numbers(&scene.ledger, chain.id()).0.len() as u64, count);
    drop(slow);

    let (scene, _) = self::scene(bytes(20_000));
    let chain = scene.chain(1);
    let (count, _) = fill(&chain, 0);
    assert_eq!(scene.ledger.reclaim(&TenantId::default()).unwrap().segments, 0);
    assert_eq!(numbers(&scene.ledger, chain.id()).0.len() as u64, count);
}

/// Scenario: a cursor reads logs only, and its last commit is before trailing traces and the checkpoint.
/// Guarantees: what it does not want does not keep a segment.
#[test]
fn what_no_cursor_wants_does_not_keep_a_segment() {
    let (scene, _) = scene(bytes(8_000));
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("logs", Some(Signal::Logs)).unwrap();
    append(&chain, 0..4);
    (4..20).for_each(|n| assert!(chain.append(&of(Signal::Traces, n, 100)).is_ok()));
    deliver(&mut cursor, 4);
    (20..40).for_each(|n| assert!(chain.append(&of(Signal::Traces, n, 100)).is_ok(), "{n}"));
}

/// Scenario: a destination refused a record for good; then the budget is reached, and later the age.
/// Guarantees: what is delivered goes before what was refused, of a later chain too; then that goes, counted, and input is taken.
/// With age it goes without need.
#[test]
fn refused_records_go_last() {
    let (scene, _) = scene(bytes(20_000));
    let chains = [1, 2].map(|n| scene.chain(n));
    let mut cursors = chains.each_ref().map(|chain| chain.cursor("otlp", None).unwrap());
    append(&chains[0], 0..20);
    refuse(&mut cursors[0], Position { frame: 3, item: 0 }, "no").unwrap();
    deliver(&mut cursors[0], 20);
    let (count, _) = fill(&chains[1], 0);
    let erased = || scene.ledger.counters().refused_records_erased.get();
    assert_eq!((erased(), count > 20), (1, true), "nothing else could go");
    assert!(numbers(&scene.ledger, chains[0].id()).0[0] > 3);
    refuse(
        &mut cursors[1],
        Position {
            frame: count - 1,
            item: 0,
        },
        "no",
    )
    .unwrap();
    deliver(&mut cursors[1], count as usize);
    append(&chains[1], count..count + 10);
    let left = numbers(&scene.ledger, chains[1].id()).0;
    assert!(left[0] > 0 && left.contains(&(count - 1)), "{left:?}");
    assert_eq!(erased(), 1, "something else could go");
}

/// Scenario: a refused record grows old. Guarantees: it goes with age, whether there is room or not, and is counted.
#[test]
fn refused_records_go_with_age() {
    let budget = Budget {
        bytes: None,
        age: Some(Duration::from_secs(7200)),
    };
    let (scene, now) = scene(budget);
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    append(&chain, 0..40);
    refuse(&mut cursor, Position { frame: 3, item: 0 }, "no").unwrap();
    deliver(&mut cursor, 40);
    assert_eq!(scene.ledger.reclaim(&TenantId::default()).unwrap().segments, 0);
    now.fetch_add(3 * HOUR, Ordering::Relaxed);
    assert!(scene.ledger.reclaim(&TenantId::default()).unwrap().segments > 0);
    assert!(numbers(&scene.ledger, chain.id()).0[0] > 3);
    assert_eq!(scene.ledger.counters().refused_records_erased.get(), 1);
}

/// Scenario: sealed chains grow old: delivered, undelivered, and without a destination.
/// Guarantees: the first and the last go, whole folders; what was not delivered stays, and refuses input that it makes too old.
#[test]
fn age_erases_what_was_delivered() {
    let (scene, now) = scene(Budget {
        bytes: None,
        age: Some(Duration::from_secs(7200)),
    });
    let chains = [1, 2, 3].map(|n| scene.chain(n));
    chains.iter().for_each(|chain| append(chain, 0..3));
    deliver(&mut chains[0].cursor("otlp", None).unwrap(), 3);
    drop(chains[1].cursor("otlp", None).unwrap());
    chains.iter().for_each(|chain| assert!(chain.seal().unwrap().is_some()));
    let tenant = TenantId::default();
    assert_eq!(scene.ledger.reclaim(&tenant).unwrap().segments, 0);
    now.fetch_add(3 * HOUR, Ordering::Relaxed);
    let done = scene.ledger.reclaim(&tenant).unwrap();
    assert_eq!(
        (done.segments, done.undelivered_age),
        (2, Some(Duration::from_secs(3 * 3600)))
    );
    assert_eq!(scene.ledger.chains().unwrap(), [chains[1].id().clone()]);
    assert!(
        !scene
            .disk
            .files()
            .iter()
            .any(|path| path.to_string_lossy().contains(&id(1).to_string()))
    );
    assert_eq!(numbers(&scene.ledger, chains[1].id()).0, [0, 1, 2]);
    let chain = scene.chain(4);
    let refused = (0..40_000).find_map(|n| chain.write(&of(Signal::Logs, n, 4096)).err());
    assert!(matches!(refused, Some(Refused::TooOld { .. })), "{refused:?}");
}

/// Scenario: one process writes a chain without a frame yet while another one reclaims.
/// Guarantees: the newborn chain stays.
#[test]
fn a_chain_that_is_being_begun_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let budget = Budget {
        bytes: Some(1),
        age: Some(Duration::from_nanos(1)),
    };
    let open = || Ledger::open(folder.path(), Options { budget, ..options() }).unwrap();
    let (writer, reclaimer) = (open(), open());
    let old = writer.create(&TenantId::default(), id(1)).unwrap();
    reclaimer.reclaim(&TenantId::default()).unwrap();
    assert_eq!(reclaimer.chains().unwrap(), [old.id().clone()], "its writer lives");
    let (id, _) = (old.id().clone(), drop(old));
    reclaimer.reclaim(&TenantId::default()).unwrap();
    assert!(
        matches!(reclaimer.status(&id), Err(Error::NoChain(_))),
        "nobody wants an old empty folder"
    );
}
