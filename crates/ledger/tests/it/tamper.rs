//! Somebody changes a ledger behind its back: a check finds it and says where.

use crate::image::{Image, chain_id, folder, place};
use crate::scene::{Scene, append, of};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};
use sitelog_ledger::{ChainId, Remarkable, Report, Wrong};
use sitelog_model::Signal;
use std::path::{Path, PathBuf};

const CHANGES: usize = 1000;

/// Random numbers, each run others; the seed is printed when a test fails, and can be given as `TAMPER_SEED`.
#[allow(clippy::print_stdout, reason = "a test's output is shown when it fails")]
fn random(name: &str) -> TestRng {
    let given = std::env::var("TAMPER_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| {
        sitelog_model::Ulid::generate().to_bytes()[9..]
            .iter()
            .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
    });
    println!("{name}: TAMPER_SEED={seed}");
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Five runs that have ended, of one to some segments, with payloads of many sizes.
fn image() -> Image {
    let scene = Scene::new();
    for run in 0..5 {
        let chain = scene.chain(run);
        for number in 0..3 + run as u64 * 5 {
            chain
                .append(&of(Signal::Logs, number, 10 + (number as usize * 97) % 300))
                .unwrap();
        }
        chain.seal().unwrap();
    }
    let image = Image::of(&scene);
    assert_eq!(image.findings(), []);
    assert!(image.check(&[], false).remarks.is_empty());
    image
}

fn all_segments(image: &Image) -> Vec<PathBuf> {
    let is_segment = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "seg");
    image.files.keys().filter(is_segment).cloned().collect()
}

/// The frame in which a byte is; the first one for a byte of the segment's header.
fn frame_at(image: &Image, path: &Path, at: usize) -> u64 {
    let frames = image.frames(path);
    let found = frames.iter().find(|(bytes, ..)| at < bytes.end);
    found.map_or_else(|| frames.last().unwrap().1 + 1, |(_, index, _)| *index)
}

/// The first finding must be about this frame of this run, or about the run as a whole.
fn names(report: &Report, path: &Path, frame: u64, case: &str) {
    let first = report
        .findings
        .first()
        .unwrap_or_else(|| panic!("{case}: nothing found, {:?}", report.remarks));
    let (run, segment) = place(path);
    assert_eq!(
        first.place.chain.as_ref().map(|chain| chain.id.to_string()),
        Some(run),
        "{case}: {first}"
    );
    if !matches!(first.wrong, Wrong::ChainMissing { .. }) {
        assert_eq!(first.place.frame, Some(frame), "{case}: {first}");
        let is_whole = matches!(first.wrong, Wrong::BeginningMissing { .. });
        let near = first.place.segment.is_some_and(|named| named.abs_diff(segment) <= 1);
        assert!(is_whole || near, "{case}: {first}");
    }
}

/// Scenario: one byte anywhere in the runs' files becomes another one.
/// Guarantees: it is found, and the first finding names the run, the segment and the frame.
#[test]
fn a_thousand_changed_bytes_are_named() {
    let (image, mut random) = (image(), random("bytes"));
    let segments = all_segments(&image);
    for _ in 0..CHANGES {
        let path = &segments[random.random_range(0..segments.len())];
        let at = random.random_range(0..image.files[path].len());
        let flip = random.random_range(1..=255u8);
        let changed = image.tamper(path, |bytes| bytes[at] ^= flip);
        let case = format!("{} byte {at} ^ {flip}", path.display());
        let frame = frame_at(&image, path, at);
        names(&changed.check(&[], false), path, frame, &case);
        names(&changed.check(&[], true), path, frame, &case);
    }
}

/// Scenario: a range of bytes, some frames, or all from some byte on is cut out of a run's file.
/// Guarantees: as above.
#[test]
fn a_thousand_removals_and_truncations_are_named() {
    let (image, mut random) = (image(), random("removals"));
    let segments = all_segments(&image);
    for nth in 0..CHANGES {
        let path = &segments[random.random_range(0..segments.len())];
        let len = image.files[path].len();
        let frames = image.frames(path);
        let range = match nth % 3 {
            0 => {
                let from = random.random_range(0..len);
                from..random.random_range(from + 1..=len)
            }
            1 => random.random_range(0..len)..len,
            _ => {
                let from = random.random_range(0..frames.len());
                let to = random.random_range(from..frames.len());
                frames[from].0.start..frames[to].0.end
            }
        };
        let changed = image.tamper(path, |bytes| drop(bytes.drain(range.clone())));
        let case = format!("{} without {range:?}", path.display());
        // Where what is cut out is like what follows it, the file differs later than where it was cut.
        let (was, is) = (&image.files[path], &changed.files[path]);
        let differs = was.iter().zip(is).position(|(was, is)| was != is);
        let frame = frame_at(&image, path, differs.unwrap_or(was.len().min(is.len())));
        names(&changed.check(&[], false), path, frame, &case);
    }
}

#[test]
fn swapped_frames_are_named() {
    let image = image();
    for path in all_segments(&image) {
        let frames = image.frames(&path);
        for from in 0..frames.len() {
            for to in from + 1..frames.len() {
                let (a, b) = (frames[from].0.clone(), frames[to].0.clone());
                let changed = image.tamper(&path, |bytes| {
                    let parts = [
                        &bytes[..a.start],
                        &bytes[b.clone()],
                        &bytes[a.end..b.start],
                        &bytes[a],
                        &bytes[b.end..],
                    ];
                    *bytes = parts.concat();
                });
                let case = format!("{}: {from} and {to} swapped", path.display());
                names(&changed.check(&[], false), &path, frames[from].1, &case);
            }
        }
    }
}

#[test]
fn removed_doubled_and_moved_segments_are_named() {
    let image = image();
    for path in all_segments(&image) {
        let first = image.frames(&path)[0].1;
        let removed = image.without(|other| other == path);
        names(
            &removed.check(&[], false),
            &path,
            first,
            &format!("{} removed", path.display()),
        );
        for other in all_segments(&image).iter().filter(|other| **other != path) {
            let copy = image.files[other].clone();
            let replaced = image.tamper(&path, |bytes| *bytes = copy);
            let case = format!("{} is a copy of {}", path.display(), other.display());
            names(&replaced.check(&[], false), &path, first, &case);
        }
        let chain = chain_of(&path);
        let last = image.segments(&chain).last().unwrap().clone();
        let behind = last.with_file_name(format!("{:08}.seg", place(&last).1 + 1));
        let mut doubled = image.clone();
        doubled.files.insert(behind.clone(), image.files[&path].clone());
        let total = image.frames(&last).last().unwrap().1 + 1;
        names(
            &doubled.check(&[], false),
            &behind,
            total,
            &format!("{} again at the end", path.display()),
        );
    }
}

fn chain_of(segment: &Path) -> ChainId {
    (0..5)
        .map(chain_id)
        .find(|chain| segment.starts_with(folder(chain)))
        .unwrap()
}

/// Scenario: a whole run's folder is removed.
/// Guarantees: the trail misses it, whatever is left of the other runs.
#[test]
fn a_removed_run_is_missed() {
    let image = image();
    for run in 0..5 {
        let gone = image.without(|path| path.starts_with(folder(&chain_id(run))));
        let findings = gone.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].place.chain, Some(chain_id(run)));
        assert!(matches!(findings[0].wrong, Wrong::ChainMissing { .. }));
    }
}

/// Scenario: a run that has not ended is removed, or put back to an older copy after it has ended.
/// Guarantees: both are found.
#[test]
fn an_unfinished_run_is_missed_and_an_older_copy_is_found() {
    let scene = Scene::new();
    let chain = scene.chain(1);
    append(&chain, 0..12);
    wait_for_entry(&scene);
    let older = Image::of(&scene);
    let gone = older.without(|path| path.starts_with(folder(chain.id())));
    assert!(matches!(gone.findings()[0].wrong, Wrong::ChainMissing { known: 1, .. }));
    append(&chain, 12..14);
    chain.seal().unwrap();
    let mut rolled_back = Image::of(&scene);
    let now = rolled_back.clone();
    rolled_back
        .files
        .retain(|path, _| !path.starts_with(folder(chain.id())));
    let old = older
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(folder(chain.id())));
    rolled_back
        .files
        .extend(old.map(|(path, bytes)| (path.clone(), bytes.clone())));
    let findings = rolled_back.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        matches!(findings[0].wrong, Wrong::CutOff { known: 16, .. }),
        "{findings:?}"
    );
    assert_eq!(now.findings(), []);
}

/// The chain's beginning is entered off the writer's path.
fn wait_for_entry(scene: &Scene) {
    while !scene.disk.files().contains(&"/data/trail/entries".into()) || trail_len(scene) == 0 {
        std::thread::yield_now();
    }
}

fn trail_len(scene: &Scene) -> usize {
    let mut len = 0;
    scene
        .disk
        .tamper(Path::new("/data/trail/entries"), |bytes| len = bytes.len());
    len
}

/// Scenario: somebody writes a run anew with the program, but with another key, and puts it in the place of the old one;
/// or replaces the whole installation.
/// Guarantees: the key that was kept elsewhere gives it away.
#[test]
fn another_key_is_found() {
    let (scene, forger) = (Scene::new(), Scene::new());
    for scene in [&scene, &forger] {
        let chain = scene.chain(1);
        append(&chain, 0..10);
        chain.seal().unwrap();
    }
    let (image, forged) = (Image::of(&scene), Image::of(&forger));
    let mut one = image.clone();
    one.files.extend(
        forged
            .files
            .iter()
            .filter(|(path, _)| path.starts_with(folder(&chain_id(1))))
            .map(|(path, bytes)| (path.clone(), bytes.clone())),
    );
    let findings = one.findings();
    assert!(
        findings
            .iter()
            .any(|finding| finding.wrong == Wrong::CheckpointSignature),
        "{findings:?}"
    );
    assert_eq!(findings[0].place.chain, Some(chain_id(1)));
    let all = Image {
        key: image.key,
        ..forged
    };
    let findings = all.findings();
    assert_eq!(findings[0].wrong, Wrong::KeySwapped);
    assert!(
        findings.iter().any(|finding| finding.wrong == Wrong::TrailSignature),
        "{findings:?}"
    );
}

/// Scenario: one byte anywhere in the trail becomes another one.
/// Guarantees: it is found, and it is said that it is the trail.
#[test]
fn a_changed_byte_of_the_trail_is_found() {
    let (image, mut random) = (image(), random("trail"));
    let path = Path::new("/data/trail/entries");
    let len = image.files[path].len();
    for at in (0..len).filter(|at| at % 5 == len % 5 || len - at < 100) {
        let flip = random.random_range(1..=255u8);
        let report = image.tamper(path, |bytes| bytes[at] ^= flip).check(&[], false);
        let is_named = |wrong: &Wrong| {
            matches!(
                wrong,
                Wrong::TrailDamaged { .. } | Wrong::TrailDiffers { .. } | Wrong::TrailSignature
            )
        };
        assert!(
            report.findings.iter().any(|finding| is_named(&finding.wrong)),
            "byte {at} ^ {flip}: {report:?}"
        );
    }
    let gone = image.without(|other| other == path);
    assert_eq!(gone.findings().last().unwrap().wrong, Wrong::TrailMissing);
    let torn = image
        .tamper(path, |bytes| bytes.truncate(bytes.len() - 20))
        .check(&[], false);
    assert!(torn.is_sound(), "{:?}", torn.findings);
    assert!(
        matches!(torn.remarks[..], [_, _]) && torn.remarks.iter().any(|remark| remark.what == Remarkable::NotEntered)
    );
}
