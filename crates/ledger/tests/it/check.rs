//! What recovery and retention did is no tampering, and what is checked is what was asked for.

use crate::image::{Image, chain_id, folder};
use crate::scene::{SEGMENT, Scene, append, options};
use sitelog_ledger::{Budget, Check, Clock, Options, Position, Progress, Remarkable, Report, Scope, SigningKey, Wrong};
use sitelog_model::TenantId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const HOUR: u64 = 3_600_000_000_000;

fn aging() -> (Scene, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1000 * HOUR));
    let budget = Budget {
        bytes: None,
        age: Some(Duration::from_nanos(HOUR)),
    };
    let clock = now.clone();
    let scene = Scene::with(Options {
        budget,
        clock: Clock::new(move || clock.load(Ordering::Relaxed)),
        ..options()
    });
    (scene, now)
}

fn remarks(report: &Report) -> Vec<Remarkable> {
    report.remarks.iter().map(|remark| remark.what.clone()).collect()
}

/// Scenario: retention erases one run wholly and the beginning of another; somebody else erases a bit more.
/// Guarantees: what retention did is a remark, and heads stay; what it did not do is a finding.
#[test]
fn what_retention_erased_is_told_apart() {
    let (scene, now) = aging();
    let (old, long) = (scene.chain(1), scene.chain(2));
    append(&old, 0..9);
    let ended = old.seal().unwrap().unwrap();
    let mut cursor = long.cursor("otlp", None).unwrap();
    append(&long, 0..20);
    for _ in 0..20 {
        let upto = Position::start(cursor.next().unwrap().unwrap().position.frame + 1);
        cursor.commit(Progress { upto, ahead: vec![] }).unwrap();
    }
    now.fetch_add(2 * HOUR, Ordering::Relaxed);
    append(&long, 20..40);
    long.seal().unwrap();
    scene.ledger.reclaim(&TenantId::default()).unwrap();
    let image = Image::of(&scene);
    assert!(image.segments(&chain_id(1)).is_empty());
    let report = image.check(&[], false);
    assert_eq!(report.findings, []);
    let first = report.chains[1].first;
    assert!(first > 0);
    let frames = ended.size + 1;
    assert_eq!(
        remarks(&report),
        [Remarkable::ErasedWhole { frames }, Remarkable::Erased { first }]
    );
    let path = image.segments(&chain_id(2))[0].clone();
    let findings = image.without(|other| other == path).findings();
    assert!(
        matches!(findings[..], [ref one] if one.wrong == Wrong::BeginningMissing { first: image.frames(&path).last().unwrap().1 + 1, erased: first }),
        "{findings:?}"
    );
    let findings = image
        .without(|other| other.starts_with(folder(&chain_id(2))))
        .findings();
    assert!(matches!(findings[0].wrong, Wrong::ChainMissing { .. }));
}

/// Scenario: a disk damages a frame; its writer dies, and recovery goes on behind it; later the same happens after the end.
/// Guarantees: damage from before the signature is told apart from damage after it.
#[test]
fn what_recovery_found_is_told_apart() {
    for at in [68 + 192 + 20, 68 + 192 + 100] {
        let scene = Scene::new();
        let chain = scene.chain(1);
        append(&chain, 0..5);
        let id = chain.id().clone();
        drop(chain);
        scene.disk.tamper(&scene.path(&id, SEGMENT), |bytes| bytes[at] ^= 1);
        let (chain, recovery) = scene.ledger.reopen(&id).unwrap();
        assert_eq!(recovery.damage.len(), 1);
        append(&chain, 5..20);
        chain.seal().unwrap();
        let image = Image::of(&scene);
        let report = image.check(&[], false);
        assert!(
            matches!(&report.findings[..], [one] if one.wrong == Wrong::LostBeforeSigning { frames: 1..2 }),
            "{:?}",
            report.findings
        );
        assert_eq!(remarks(&report), [Remarkable::Quarantined { files: 1 }]);
        let later = image.tamper(&scene.path(&id, SEGMENT), |bytes| bytes[at + 2 * 192] ^= 1);
        let findings = later.findings();
        assert!(
            findings.len() >= 2 && findings[1].place.frame == Some(3),
            "{findings:?}"
        );
        assert!(matches!(findings[1].wrong, Wrong::FrameDamaged { .. }), "{findings:?}");
    }
}

/// Scenario: a run goes on while it is checked; its writer dies with half a frame at the end.
/// Guarantees: neither is a finding; after recovery nothing is left of it but the quarantine.
#[test]
fn a_run_that_has_not_ended_is_no_finding() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..10);
    let id = chain.id().clone();
    let now = Image::of(&scene).check(&[], false);
    assert!(
        now.is_sound() && matches!(remarks(&now)[..], [Remarkable::Unfinished { unsigned: 3 }]),
        "{now:?}"
    );
    drop(chain);
    let path = Image::of(&scene).segments(&id).pop().unwrap();
    scene.disk.tamper(&path, |bytes| bytes.truncate(bytes.len() - 9));
    let torn = Image::of(&scene).check(&[], false);
    assert!(torn.is_sound(), "{:?}", torn.findings);
    assert_eq!(
        remarks(&torn),
        [
            Remarkable::Unfinished { unsigned: 2 },
            Remarkable::TornTail { bytes: 183 }
        ]
    );
    scene.ledger.reopen(&id).unwrap().0.seal().unwrap();
    let sealed = Image::of(&scene).check(&[], false);
    assert!(sealed.is_sound());
    assert_eq!(remarks(&sealed), [Remarkable::Quarantined { files: 1 }]);
}

#[test]
fn the_scope_the_key_and_the_progress_are_as_asked() {
    let scene = Scene::new();
    for run in 1..4 {
        let chain = scene.chain(run);
        append(&chain, 0..20);
        chain.seal().unwrap();
    }
    let checked = |scope: Scope| {
        let check = Check {
            scope: Some(&scope),
            ..Check::default()
        };
        scene.ledger.check(&check).unwrap().chains.len()
    };
    assert_eq!(checked(Scope::All), 3);
    assert_eq!(checked(Scope::Chain(chain_id(2))), 1);
    assert_eq!(checked(Scope::Tenant(TenantId::default())), 3);
    assert_eq!(checked(Scope::Tenant(TenantId::new("nobody").unwrap())), 0);
    let (done, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = |now: u64, of: u64| {
        done.fetch_max(now, Ordering::Relaxed);
        total.store(of, Ordering::Relaxed);
    };
    let check = Check {
        progress: Some(&progress),
        ..Check::default()
    };
    let report = scene.ledger.check(&check).unwrap();
    assert_eq!((report.bytes, report.bytes), (done.into_inner(), total.into_inner()));
    assert_eq!(report.trail.map(|head| head.size), Some(report.chains.len() as u64 * 2));
    let other = SigningKey::generate().unwrap();
    let check = Check {
        key: Some(other.public()),
        first_only: true,
        ..Check::default()
    };
    assert_eq!(scene.ledger.check(&check).unwrap().findings.len(), 1);
}
