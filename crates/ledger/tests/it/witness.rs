//! Somebody else remembers the trail: what was taken back afterwards is found.

use crate::image::{Image, chain_id, folder};
use crate::scene::{Scene, append};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sitelog_ledger::{
    Check, Consistency, CosignerKey, Error, Head, Outside, PublicKey, SigningKey, WitnessAnswer, WitnessRequest, Wrong,
};
use std::path::Path;

/// A witness as the specification describes it, without its HTTP.
struct Witness {
    pair: Ed25519KeyPair,
    log: PublicKey,
    latest: Head,
}

const TIME: u64 = 1_795_000_000;

impl Witness {
    fn new(log: PublicKey) -> Self {
        let latest = Head {
            origin: String::new(),
            size: 0,
            root: [0; 32],
        };
        let pair = Ed25519KeyPair::generate().unwrap();
        Self { pair, log, latest }
    }

    fn id(&self) -> Vec<u8> {
        let key = [b"witness.example/w1\n\x04", self.pair.public_key().as_ref()].concat();
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key).as_ref()[..4].to_vec()
    }

    fn key(&self) -> CosignerKey {
        let id: String = self.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let encoded = BASE64.encode([b"\x04", self.pair.public_key().as_ref()].concat());
        let text = format!("witness.example/w1+{id}+{encoded}");
        let key = CosignerKey::parse(&text).unwrap();
        assert_eq!(key.to_string(), text);
        key
    }

    /// Answers `add-checkpoint` with status and body.
    fn answer(&mut self, body: &str) -> (u16, String) {
        let (proof, note) = body.split_once("\n\n").unwrap();
        let mut lines = proof.lines();
        let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let path = lines
            .map(|line| BASE64.decode(line).unwrap().try_into().unwrap())
            .collect();
        let Some(head) = Head::open(note, &self.log) else {
            return (403, String::new());
        };
        if old != self.latest.size {
            return (409, format!("{}\n", self.latest.size));
        }
        if !(Consistency { path }).verifies(old, &self.latest.root, head.size, &head.root) {
            return (422, String::new());
        }
        let text = &note[..note.rfind("\n\n").unwrap() + 1];
        let signature = self
            .pair
            .sign(format!("cosignature/v1\ntime {TIME}\n{text}").as_bytes());
        let signed = [&self.id()[..], &TIME.to_be_bytes(), signature.as_ref()].concat();
        self.latest = head;
        (
            200,
            format!(
                "\u{2014} stranger.example AAAA\n\u{2014} witness.example/w1 {}\n",
                BASE64.encode(signed)
            ),
        )
    }
}

fn show(scene: &Scene, witness: &mut Witness, known: Option<u64>) -> Option<(WitnessRequest, WitnessAnswer)> {
    let key = witness.key();
    let request = scene.ledger.witness_request(&key, known).unwrap()?;
    let (status, body) = witness.answer(&request.body);
    let answer = scene.ledger.witness_answer(&key, &request, status, &body).unwrap();
    Some((request, answer))
}

fn run(scene: &Scene, number: u128) {
    let chain = scene.chain(number);
    append(&chain, 0..4);
    chain.seal().unwrap();
}

/// Scenario: runs end one after the other, and each time the trail is shown to a witness that follows the specification.
/// Guarantees: it cosigns; its cosignature is kept and counts as a checkpoint kept elsewhere.
#[test]
fn a_witness_cosigns_a_trail_that_grows() {
    let scene = Scene::new();
    run(&scene, 0);
    let mut witness = Witness::new(scene.ledger.public_key().unwrap());
    for number in 1..12 {
        let (request, answer) = show(&scene, &mut witness, None).unwrap();
        assert_eq!(answer, WitnessAnswer::Cosigned { time: TIME }, "{request:?}");
        assert_eq!(show(&scene, &mut witness, None), None, "there is nothing new");
        run(&scene, number);
    }
    let kept = scene
        .disk
        .files()
        .into_iter()
        .find(|path| path.starts_with("/data/trail/witnesses"))
        .unwrap();
    let mut note = String::new();
    scene
        .disk
        .tamper(&kept, |bytes| note = String::from_utf8(bytes.clone()).unwrap());
    assert_eq!(witness.key().time(&note), Some(TIME));
    let outside = Outside::read(&note).unwrap();
    assert_eq!(outside[0].head(), &witness.latest);
    assert!(Image::of(&scene).check(&outside, false).is_sound());
    // The note that was kept is lost: the witness says where it stands.
    sitelog_ledger::Disk::remove(&scene.disk, &kept).unwrap();
    let Some((_, WitnessAnswer::Knows { size })) = show(&scene, &mut witness, None) else {
        panic!("it knows more")
    };
    assert_eq!(size, witness.latest.size);
    assert!(matches!(
        show(&scene, &mut witness, Some(size)),
        Some((_, WitnessAnswer::Cosigned { .. }))
    ));
    let other = Witness::new(scene.ledger.public_key().unwrap());
    assert_eq!(other.key().time(&note), None);
}

/// Scenario: somebody removes the last runs and puts the trail back to what it was before them; or makes the installation anew.
/// Guarantees: without anything kept elsewhere that looks sound; with one note kept elsewhere it is found, and by the witness too.
#[test]
fn a_trail_put_back_is_found_with_what_was_kept_elsewhere() {
    let scene = Scene::new();
    let file = Path::new("/data/kept-elsewhere");
    assert!(matches!(scene.ledger.trail_note(), Err(Error::NoTrail)));
    run(&scene, 1);
    scene.ledger.append_trail_note(file).unwrap();
    let before = Image::of(&scene);
    run(&scene, 2);
    scene.ledger.append_trail_note(file).unwrap();
    let notes = String::from_utf8(Image::of(&scene).files[file].clone()).unwrap();
    let outside = Outside::read(&notes).unwrap();
    assert_eq!(outside.len(), 2);
    assert!(Image::of(&scene).check(&outside, false).is_sound());
    assert!(before.check(&[], false).is_sound());
    let report = before.check(&outside, false);
    let known = outside[1].head().size;
    assert!(
        matches!(report.findings[..], [ref one] if one.wrong == Wrong::TrailCutOff { found: outside[0].head().size, known })
    );
    let other = Scene::new();
    run(&other, 1);
    let anew = Image {
        key: before.key.clone(),
        ..Image::of(&other)
    };
    assert!(
        anew.check(&outside, false)
            .findings
            .iter()
            .any(|finding| matches!(finding.wrong, Wrong::TrailCutOff { .. }))
    );
    // A witness that has seen more does not cosign less.
    let mut witness = Witness::new(scene.ledger.public_key().unwrap());
    show(&scene, &mut witness, None).unwrap();
    let request = before.ledger().witness_request(&witness.key(), None);
    assert!(request.is_err() || witness.answer(&request.unwrap().unwrap().body).0 == 409);
    let foreign = Outside::read(&other.ledger.trail_note().unwrap()).unwrap();
    assert!(matches!(
        Image::of(&scene).check(&foreign, false).findings[0].wrong,
        Wrong::OutsideSignature { .. }
    ));
}

/// Scenario: a run that has not ended loses its last frames, and was exported or looked at before.
/// Guarantees: its own checkpoint, kept elsewhere, says that there were more.
#[test]
fn a_chain_cut_at_its_end_is_found_with_its_own_checkpoint() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..20);
    let older = Image::of(&scene);
    append(&chain, 20..40);
    let key = older.key.clone();
    let signed = scene.ledger.verify(chain.id(), &key).unwrap().checkpoint.unwrap();
    let segments = Image::of(&scene).segments(chain.id());
    // The last whole segment ends with its note.
    let image = Image::of(&scene);
    let path = &segments[segments.len() - 2];
    let last = image.frames(path).pop().unwrap();
    let note =
        String::from_utf8(image.files[path][last.0.start + sitelog_ledger::HEADER..last.0.end].to_vec()).unwrap();
    let outside = Outside::read(&note).unwrap();
    assert_eq!(outside[0].head().size, signed.size);
    assert!(image.check(&outside, false).is_sound());
    let findings = older.check(&outside, false).findings;
    assert!(
        matches!(findings[..], [ref one] if matches!(one.wrong, Wrong::CutOff { known, .. } if known == signed.size)),
        "{findings:?}"
    );
    let gone = image.without(|path| path.starts_with(folder(&chain_id(1))));
    assert!(matches!(
        gone.check(&outside, false).findings[0].wrong,
        Wrong::ChainMissing { .. }
    ));
}

#[test]
fn text_that_is_no_note_is_refused_with_its_line() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(Outside::read(""), Ok(vec![]));
    assert_eq!(Outside::read("hello\n"), Err(1));
    assert_eq!(
        CosignerKey::parse(&key.public().to_string()),
        None,
        "it is no cosigner's key"
    );
    let scene = Scene::new();
    run(&scene, 1);
    let note = scene.ledger.trail_note().unwrap();
    assert_eq!(Outside::read(&format!("{note}x\n")), Err(6));
    let check = Check::default();
    assert!(scene.ledger.check(&check).unwrap().is_sound());
}
