//! Damage in the middle: passed over, named, kept aside, and never fatal.

use crate::scene::{SEGMENT, Scene, append, number, numbers};
use sitelog_ledger::{ChainId, Error};

/// Bytes of the first segment's header, and of one frame of 100 bytes.
const HEAD: usize = 68;
const FRAME: usize = 192;

fn closed_chain(scene: &Scene, count: u64) -> ChainId {
    let chain = scene.chain(1);
    append(&chain, 0..count);
    chain.id().clone()
}

/// Scenario: one bit of any byte of the first segment flips.
/// Guarantees: at most the one frame is gone, and it is reported; all others are read; the chain opens and goes on.
#[test]
fn a_flipped_bit_costs_one_frame() {
    for at in 0..HEAD + 5 * FRAME {
        let scene = Scene::new();
        let id = closed_chain(&scene, 5);
        scene.disk.tamper(&scene.path(&id, SEGMENT), |bytes| bytes[at] ^= 4);
        let hit = at.checked_sub(HEAD).map(|offset| (offset / FRAME) as u64);
        let left: Vec<u64> = (0..5).filter(|n| Some(*n) != hit).collect();
        let is_last = hit == Some(4);
        let (found, damage) = numbers(&scene.ledger, &id);
        assert_eq!((&found, damage), (&left, usize::from(!is_last)), "byte {at}");
        let (chain, recovery) = scene.ledger.reopen(&id).unwrap();
        assert_eq!(
            (recovery.damage.len(), recovery.cut > 0),
            (damage, is_last),
            "byte {at}"
        );
        append(&chain, 9..12);
        assert!(chain.seal().unwrap().is_some());
        assert_eq!(
            numbers(&scene.ledger, &id).0,
            [&left[..], &[9, 10, 11]].concat(),
            "byte {at}"
        );
    }
}

/// Scenario: a range over several frames is overwritten; a cursor reads the chain.
/// Guarantees: the cursor goes on behind it, names what is lost, counts it, and leaves the bytes in the quarantine.
#[test]
fn a_cursor_passes_over_a_damaged_range_and_keeps_it() {
    let scene = Scene::new();
    let id = closed_chain(&scene, 20);
    scene.disk.tamper(&scene.path(&id, SEGMENT), |bytes| {
        bytes[HEAD + FRAME + 7..HEAD + 3 * FRAME + 9].fill(0xf5)
    });
    let mut cursor = scene.ledger.cursor(&id, "x", None).unwrap();
    let read: Vec<u64> = std::iter::from_fn(|| cursor.next().unwrap())
        .map(|f| number(f.batch.get().payload.bytes()))
        .collect();
    assert_eq!(read, [&[0], &(4..20).collect::<Vec<_>>()[..]].concat());
    let damage = &cursor.damage()[0];
    assert_eq!((damage.segment, damage.frames.clone()), (1, 1..4));
    assert_eq!(damage.bytes, (HEAD + FRAME) as u64..(HEAD + 4 * FRAME) as u64);
    assert_eq!(scene.ledger.counters().damaged_frames.get(), 3);
    let kept = format!("quarantine/00000001-{}-{}.bad", HEAD + FRAME, HEAD + 4 * FRAME);
    assert!(scene.disk.files().contains(&scene.path(&id, &kept)));
}

#[test]
fn a_missing_segment_is_reported_and_passed_over() {
    let scene = Scene::new();
    let id = closed_chain(&scene, 30);
    let path = scene.path(&id, "00000002.seg");
    sitelog_ledger::Disk::remove(&scene.disk, &path).unwrap();
    let mut frames = scene.ledger.frames(&id).unwrap();
    let missing = frames.find_map(Result::err).unwrap();
    assert!(
        matches!(&missing, Error::Damage(damage) if damage.segment == 3),
        "{missing}"
    );
    assert_eq!(
        frames.last().unwrap().unwrap().position.frame,
        scene.ledger.reopen(&id).unwrap().0.written() - 1
    );
}

/// Scenario: a header is damaged, and its payload looks like a frame (somebody records a ledger's own files).
/// Guarantees: what looks like a frame of another place in the chain is not taken for one.
#[test]
fn a_payload_that_holds_old_frames_does_not_confuse_recovery() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..2);
    let path = scene.path(chain.id(), SEGMENT);
    let mut old = Vec::new();
    scene.disk.tamper(&path, |bytes| old = bytes[HEAD..].to_vec());
    let nested = crate::scene::payload(
        sitelog_model::Signal::Logs,
        sitelog_model::Payload::Lines([2u64.to_be_bytes().to_vec(), old].concat().into()),
    );
    chain.append(&nested).unwrap();
    append(&chain, 3..5);
    let id = chain.id().clone();
    drop(chain);
    scene.disk.tamper(&path, |bytes| bytes[HEAD + 2 * FRAME + 20] ^= 1);
    assert_eq!(numbers(&scene.ledger, &id), (vec![0, 1, 3, 4], 1));
}
