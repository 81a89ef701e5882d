//! Room that somebody else than the writer makes: a server's ledger.

use crate::retention::{HOUR, bytes, deliver, fill, scene_with};
use crate::scene::{Scene, append, batch, numbers};
use sitelog_ledger::Ledger;
use sitelog_ledger::disk::fault::FaultDisk;
use sitelog_ledger::disk::{Disk, DiskFile, Entry, Open};
use sitelog_ledger::{Budget, Check, Options, Position, Reclaim, Refusal, Refused, Retention};
use sitelog_model::TenantId;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A scene whose writers erase nothing, its clock, and how often they said that they need room.
fn scene(budget: Budget) -> (Scene, Arc<AtomicU64>, Arc<AtomicU64>) {
    let told = Arc::new(AtomicU64::new(0));
    let counted = told.clone();
    let reclaim = Reclaim::Elsewhere(Arc::new(move |tenant, bytes| {
        assert!(bytes > 100, "those of the frame: {bytes}");
        assert_eq!(*tenant, TenantId::default());
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let (scene, now) = scene_with(Options {
        budget,
        reclaim,
        keep_delivered: Some(Duration::ZERO),
        ..crate::scene::options()
    });
    (scene, now, told)
}

/// Scenario: the budget is reached, then everything is delivered.
/// Guarantees: a writer erases nothing and says that it needs room; it goes on once room was made, and no earlier.
#[test]
fn the_writer_asks_for_room_and_makes_none() {
    let (scene, now, told) = scene(bytes(20_000));
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    let (count, refused) = fill(&chain, 0);
    assert!(matches!(refused, Refused::Full { budget: 20_000, .. }), "{refused:?}");
    assert_eq!(told.load(Ordering::Relaxed), 1);
    deliver(&mut cursor, count as usize);
    now.fetch_add(HOUR, Ordering::Relaxed);
    assert!(chain.append(&batch(count)).is_err());
    assert_eq!(told.load(Ordering::Relaxed), 2);
    assert_eq!(scene.ledger.counters().erased_segments.get(), 0);
    let made = scene.ledger.make_room(&TenantId::default(), 5_000, true).unwrap();
    assert!(made.bytes > 0 && made.used <= 15_000, "{made:?}");
    now.fetch_add(HOUR, Ordering::Relaxed);
    append(&chain, count..count + 10);
    assert_eq!(told.load(Ordering::Relaxed), 2);
}

/// Scenario: the budget of a chain that is being written is raised, and lowered.
/// Guarantees: the new one holds at once.
#[test]
fn a_budget_changes_while_a_chain_is_written() {
    let (scene, now, _) = scene(bytes(10_000));
    let chain = scene.chain(1);
    let (count, _) = fill(&chain, 0);
    let budget = bytes(20_000);
    scene.ledger.retain(Retention {
        budget,
        cursors: vec![],
    });
    now.fetch_add(HOUR, Ordering::Relaxed);
    let (more, refused) = fill(&chain, count);
    assert!(more > count + 20 && matches!(refused, Refused::Full { budget: 20_000, .. }));
    let budget = bytes(30_000);
    scene.ledger.retain(Retention {
        budget,
        cursors: vec![],
    });
    now.fetch_add(HOUR, Ordering::Relaxed);
    append(&chain, more..more + 1);
    let budget = bytes(5_000);
    scene.ledger.retain(Retention {
        budget,
        cursors: vec![],
    });
    assert!(chain.append(&batch(0)).is_err());
}

/// Scenario: one destination has got all of a chain before the cursor of another one was ever opened.
/// Guarantees: nothing goes, whoever asks for it; it goes once both have it.
#[test]
fn a_cursor_that_is_not_there_yet_keeps_everything() {
    let (scene, _, _) = scene(bytes(20_000));
    let cursors = vec!["early".to_owned(), "late".to_owned()];
    let budget = bytes(20_000);
    scene.ledger.retain(Retention { budget, cursors });
    let (tenant, chain) = (TenantId::default(), scene.chain(1));
    let mut early = chain.cursor("early", None).unwrap();
    let (count, _) = fill(&chain, 0);
    deliver(&mut early, count as usize);
    assert_eq!(scene.ledger.release(&tenant).unwrap().segments, 0);
    assert_eq!(scene.ledger.make_room(&tenant, 10_000, true).unwrap().segments, 0);
    let id = chain.id().clone();
    chain.seal().unwrap();
    drop((early, chain));
    assert!(!scene.ledger.release_ended(&id).unwrap());
    assert_eq!(numbers(&scene.ledger, &id).0.len() as u64, count);
    let mut late = scene.ledger.cursor(&id, "late", None).unwrap();
    deliver(&mut late, count as usize);
    assert!(scene.ledger.release_ended(&id).unwrap());
    assert!(scene.ledger.chains().unwrap().is_empty());
}

/// Scenario: what waits gets older than the budget allows; later it is delivered.
/// Guarantees: input is refused once that was found out, and taken again after it was found to be over.
#[test]
fn what_waits_too_long_is_found_by_whoever_makes_room() {
    let age = Some(Duration::from_secs(1800));
    let (scene, now, told) = scene(Budget { bytes: None, age });
    let (tenant, chain) = (TenantId::default(), scene.chain(1));
    let mut cursor = chain.cursor("otlp", None).unwrap();
    append(&chain, 0..20);
    now.fetch_add(HOUR, Ordering::Relaxed);
    scene.ledger.reclaim(&tenant).unwrap();
    let refused = (20..60).find_map(|n| chain.append(&batch(n)).err());
    assert!(matches!(refused, Some(Refused::TooOld { .. })), "{refused:?}");
    assert_eq!(told.load(Ordering::Relaxed), 1);
    deliver(&mut cursor, chain.durable() as usize - 2);
    deliver_rest(&mut cursor);
    scene.ledger.reclaim(&tenant).unwrap();
    now.fetch_add(HOUR / 4, Ordering::Relaxed);
    append(&chain, 60..80);
}

fn deliver_rest(cursor: &mut sitelog_ledger::Cursor) {
    while cursor.next().unwrap().is_some() {}
    let upto = Position::start(u64::MAX >> 1);
    let progress = sitelog_ledger::Progress { upto, ahead: vec![] };
    cursor.commit(progress).unwrap();
}

/// Scenario: chains of earlier starts: one delivered, one not, one with a refused record, one that is still written.
/// Guarantees: the first alone goes, with an entry in the trail.
#[test]
fn of_ended_chains_those_that_are_delivered_go() {
    let (scene, _, _) = scene(Budget::default());
    let ids: Vec<_> = (1..=4)
        .map(|number| {
            let chain = scene.chain(number);
            append(&chain, 0..40);
            let mut cursor = chain.cursor("otlp", None).unwrap();
            if number == 3 {
                cursor
                    .refuse(&[Refusal::one(Position { frame: 3, item: 0 }, "no")])
                    .unwrap();
            }
            if number != 2 {
                deliver_rest(&mut cursor);
            }
            let id = chain.id().clone();
            match number {
                4 => {
                    assert!(!scene.ledger.release_ended(&id).unwrap(), "it is being written");
                }
                _ => drop(chain.seal().unwrap()),
            }
            id
        })
        .collect();
    let gone: Vec<bool> = ids.iter().map(|id| scene.ledger.release_ended(id).unwrap()).collect();
    // The last one was closed, not sealed.
    assert_eq!(gone, [true, false, false, false]);
    assert_eq!(scene.ledger.chains().unwrap(), ids[1..]);
    assert!(scene.ledger.release_ended(&ids[0]).unwrap(), "again, it is gone");
    assert_eq!(scene.ledger.check(&Check::default()).unwrap().findings, []);
}

/// A disk on which the first segment that is opened for reading after `armed` is removed just before, as by retention.
struct Vanishing {
    disk: FaultDisk,
    armed: AtomicBool,
}

impl Disk for Vanishing {
    fn create_dir(&self, path: &Path) -> io::Result<bool> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let is_segment = path.extension().is_some_and(|kind| kind == "seg");
        if is_segment && how == Open::Read && self.armed.swap(false, Ordering::Relaxed) {
            self.disk.remove(path)?;
        }
        self.disk.open(path, how)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.disk.list(path)
    }
}

/// Scenario: while one task surveys a chain of which the first segments are delivered, another one erases the first of them,
/// between the survey's list and its look.
/// Guarantees: nothing that waits goes, whether the budget or the age asks for room.
#[test]
fn a_segment_that_goes_meanwhile_takes_no_other_with_it() {
    let age = Some(Duration::from_secs(60));
    for budget in [bytes(20_000), Budget { bytes: None, age }] {
        let disk = Arc::new(Vanishing {
            disk: FaultDisk::new(),
            armed: AtomicBool::new(false),
        });
        let ledger = Ledger::with_disk(disk.clone(), "/data", crate::scene::options()).unwrap();
        let tenant = TenantId::default();
        let chain = ledger.create(&tenant, crate::scene::id(1)).unwrap();
        let mut cursor = chain.cursor("otlp", None).unwrap();
        append(&chain, 0..200);
        deliver(&mut cursor, 20);
        // Another handle than the writer's: it has to look.
        let other = Ledger::with_disk(disk.clone(), "/data", crate::scene::options()).unwrap();
        let cursors = vec![];
        other.retain(Retention { budget, cursors });
        disk.armed.store(true, Ordering::Relaxed);
        other.make_room(&tenant, 15_000, true).unwrap();
        assert!(!disk.armed.load(Ordering::Relaxed));
        let (left, _) = numbers(&ledger, chain.id());
        assert!(left.ends_with(&(20..200).collect::<Vec<_>>()), "{budget:?}: {left:?}");
    }
}
