//! Verification names the first frame that is not what was written.

use crate::scene::{SEGMENT, Scene, append, batch};
use sitelog_ledger::{ChainId, PublicKey, SigningKey, Verified};

fn sealed(scene: &Scene, count: u64) -> ChainId {
    let chain = scene.chain(1);
    append(&chain, 0..count);
    chain.seal().unwrap();
    chain.id().clone()
}

fn verify(scene: &Scene, id: &ChainId) -> Verified {
    scene.ledger.verify(id, &scene.ledger.public_key().unwrap()).unwrap()
}

/// Scenario: somebody changes one bit of any byte of a sealed segment.
/// Guarantees: verification fails, and names the frame in which that byte is.
#[test]
fn a_tampered_byte_anywhere_is_named() {
    let scene = Scene::new();
    let id = sealed(&scene, 3);
    let path = scene.path(&id, SEGMENT);
    assert!(verify(&scene, &id).is_sealed());
    let mut len = 0;
    scene.disk.tamper(&path, |bytes| len = bytes.len());
    for at in 0..len {
        scene.disk.tamper(&path, |bytes| bytes[at] ^= 32);
        let verified = verify(&scene, &id);
        let frame = at.saturating_sub(68) / 192;
        assert_eq!(
            verified.bad.map(|bad| bad.frame),
            Some(frame.min(3) as u64),
            "byte {at}: {verified:?}"
        );
        scene.disk.tamper(&path, |bytes| bytes[at] ^= 32);
    }
    assert!(verify(&scene, &id).is_sealed());
}

/// Scenario: somebody with the program, but without the key, writes the chain anew with other content.
/// Guarantees: the checkpoint gives it away.
#[test]
fn a_chain_written_anew_does_not_verify() {
    let (scene, forger) = (Scene::new(), Scene::new());
    let id = sealed(&scene, 3);
    let chain = forger.chain(1);
    chain.append(&batch(77)).unwrap();
    chain.seal().unwrap();
    let mut forged = Vec::new();
    forger
        .disk
        .tamper(&forger.path(&id, SEGMENT), |bytes| forged = bytes.clone());
    scene.disk.tamper(&scene.path(&id, SEGMENT), |bytes| *bytes = forged);
    let bad = verify(&scene, &id).bad.unwrap();
    assert_eq!((bad.frame, bad.why), (1, "checkpoint signature"));
}

#[test]
fn frames_taken_from_the_end_leave_the_chain_unsealed() {
    let scene = Scene::new();
    let id = sealed(&scene, 3);
    scene
        .disk
        .tamper(&scene.path(&id, SEGMENT), |bytes| bytes.truncate(68 + 2 * 192));
    let verified = verify(&scene, &id);
    assert!(!verified.is_sealed() && verified.frames == 2, "{verified:?}");
}

#[test]
fn many_segments_verify_and_say_what_is_signed() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..30);
    let open = verify(&scene, chain.id());
    assert!(open.bad.is_none() && !open.is_sealed());
    let signed = open.checkpoint.unwrap();
    assert!(!signed.end && signed.size > 0 && signed.size < open.frames);
    let sealed = chain.seal().unwrap();
    let verified = verify(&scene, chain.id());
    assert_eq!((verified.first, verified.checkpoint), (0, sealed));
    let other = SigningKey::generate().unwrap();
    let bad = scene.ledger.verify(chain.id(), other.public()).unwrap().bad.unwrap();
    assert_eq!(bad.why, "checkpoint signature");
}

#[test]
fn a_public_key_comes_back_from_its_text() {
    for _ in 0..50 {
        let key = SigningKey::generate().unwrap();
        assert_eq!(PublicKey::parse(&key.public().to_string()).as_ref(), Some(key.public()));
    }
    assert_eq!(PublicKey::parse("sitelog+00000000+AAAA"), None);
}
