//! A bundle verifies elsewhere with the public key alone, and no byte of it can change.

use crate::scene::{Scene, append, number, of, options};
use proptest::prelude::*;
use sitelog_ledger::{
    BundleError, BundleReport, Chain, ChainId, Error, Options, Outside, PublicKey, Selection, SigningKey, Wrong,
    read_bundle,
};
use sitelog_model::Signal;
use std::collections::BTreeMap;

type Numbers = BTreeMap<ChainId, Vec<u64>>;

fn read(bundle: &[u8], key: &PublicKey) -> Result<(BundleReport, Numbers), BundleError> {
    let mut numbers = Numbers::new();
    let report = read_bundle(&mut &bundle[..], key, &mut |chain, frame| {
        let read = number(frame.batch.get().payload.bytes());
        numbers.entry(chain.clone()).or_default().push(read);
    })?;
    Ok((report, numbers))
}

fn all(chain: &Chain) -> Selection {
    Selection {
        chain: chain.id().clone(),
        frames: None,
    }
}

fn bundle(scene: &Scene, chosen: &[Selection]) -> Vec<u8> {
    let mut out = Vec::new();
    let exported = scene.ledger.export(chosen, &mut out, None).unwrap();
    assert_eq!(
        (exported.bytes, exported.chains),
        (out.len() as u64, chosen.len() as u64)
    );
    out
}

/// One run that has ended, one that has not, and one of which some frames are wanted.
fn three() -> (Scene, Vec<Selection>) {
    let scene = Scene::with(Options {
        compress: true,
        ..options()
    });
    let chains = [1, 2, 3].map(|run| scene.chain(run));
    for (chain, count) in chains.iter().zip([12, 9, 30]) {
        append(chain, 0..count);
        chain.append(&of(Signal::Traces, count, 900)).unwrap();
    }
    chains[0].seal().unwrap();
    chains[2].seal().unwrap();
    let some = Selection {
        chain: chains[2].id().clone(),
        frames: Some([0, 3, 17, 33].into()),
    };
    let chosen = vec![all(&chains[0]), all(&chains[1]), some];
    (scene, chosen)
}

#[test]
fn a_bundle_verifies_with_the_key_alone() {
    let (scene, chosen) = three();
    let bundle = bundle(&scene, &chosen);
    let key = PublicKey::parse(&scene.ledger.public_key().unwrap().to_string()).unwrap();
    let (report, numbers) = read(&bundle, &key).unwrap();
    let ids: Vec<&ChainId> = report.chains.iter().map(|chain| &chain.chain).collect();
    assert_eq!(ids, chosen.iter().map(|chosen| &chosen.chain).collect::<Vec<_>>());
    assert_eq!(numbers[ids[0]], (0..13).collect::<Vec<_>>());
    assert_eq!(numbers[ids[1]], (0..10).collect::<Vec<_>>());
    assert_eq!(numbers[ids[2]].len(), 4);
    let ends: Vec<(bool, bool)> = report.chains.iter().map(|c| (c.is_whole, c.checkpoint.end)).collect();
    assert_eq!(ends, [(true, true), (true, false), (false, true)]);
    let trail = report.chains[0].trail.clone().unwrap();
    assert_eq!(Outside::read(&scene.ledger.trail_note().unwrap()).unwrap(), [trail]);
    let other = SigningKey::generate().unwrap();
    assert!(matches!(read(&bundle, other.public()), Err(BundleError::Signature { hint }) if hint == key.to_string()));
}

/// Scenario: any byte of a bundle changes, any part is cut off, any line goes, comes twice or moves.
/// Guarantees: it is refused; there is no byte that can change without effect.
#[test]
fn no_byte_of_a_bundle_can_change() {
    let (scene, chosen) = three();
    let (bundle, key) = (bundle(&scene, &chosen), scene.ledger.public_key().unwrap());
    let len = bundle.len();
    // Each seventh, and each of the lines that close it: all of them would take half a minute.
    for at in (0..len).filter(|at| at % 7 == len % 7 || len - at < 500) {
        let mut changed = bundle.clone();
        changed[at] ^= [1, 2, 4, 8, 16, 32, 64, 128][at % 8];
        assert!(read(&changed, &key).is_err(), "byte {at}");
        if at % 3 == 0 {
            assert!(read(&bundle[..at], &key).is_err(), "{at} bytes");
        }
    }
    assert!(read(&[&bundle[..], b"\n"].concat(), &key).is_err());
    let lines: Vec<&[u8]> = bundle.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        let line = without.remove(at);
        assert!(read(&without.concat(), &key).is_err(), "without line {at}");
        without.insert((at + 3) % lines.len(), line);
        assert!(read(&without.concat(), &key).is_err(), "line {at} moved");
        let mut twice = lines.clone();
        twice.insert(at, line);
        assert!(read(&twice.concat(), &key).is_err(), "line {at} twice");
    }
}

/// Scenario: retention has erased a run's beginning, and somebody has changed another run.
/// Guarantees: what is left of the first one verifies; the second one is not exported, and it is said why.
#[test]
fn what_is_left_is_exported_and_what_is_unsound_is_not() {
    let scene = Scene::with(Options {
        budget: sitelog_ledger::Budget {
            bytes: Some(12_000),
            age: None,
        },
        ..options()
    });
    let chain = scene.chain(1);
    let mut cursor = chain.cursor("otlp", None).unwrap();
    for number in 0..90 {
        append(&chain, number..number + 1);
        let mut progress = cursor.progress().clone();
        progress.upto = cursor.next().unwrap().unwrap().position;
        cursor.commit(progress).unwrap();
    }
    chain.seal().unwrap();
    let (report, numbers) = read(&bundle(&scene, &[all(&chain)]), &scene.ledger.public_key().unwrap()).unwrap();
    let left = &numbers[chain.id()];
    assert!(
        report.chains[0].is_whole && left[0] > 0 && left.last() == Some(&89),
        "{left:?}"
    );
    let some = Selection {
        chain: chain.id().clone(),
        frames: Some((0..200).collect()),
    };
    assert_eq!(
        read(&bundle(&scene, &[some]), &scene.ledger.public_key().unwrap())
            .unwrap()
            .1,
        numbers
    );
    let path = scene
        .disk
        .files()
        .into_iter()
        .rfind(|path| path.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    scene.disk.tamper(&path, |bytes| bytes[300] ^= 1);
    let refused = scene.ledger.export(&[all(&chain)], &mut Vec::new(), None).unwrap_err();
    assert!(
        matches!(&refused, Error::Unsound(finding) if matches!(finding.wrong, Wrong::FrameDamaged { .. })),
        "{refused}"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes: Vec<u8>, lines in "(\\{\"(bundle|chain|frame|end)\":\\{\"(version|note|bytes|chain)\":(1|\"[a-z]\")\\}\\}\n){0,4}") {
        let key = SigningKey::generate().unwrap();
        prop_assert!(read(&bytes, key.public()).is_err());
        prop_assert!(read(lines.as_bytes(), key.public()).is_err());
    }
}
