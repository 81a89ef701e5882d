//! The state folder: full, read-only, damaged. Nothing counts twice, what can be had is not lost, and all goes on by itself.

use super::running::{Running, sim, update, values};
use super::shown::{assert_true, differences, samples, wanted};
use crate::scene::{Scene, ended, wait_until};
use crate::sink::{Answer, Sink};
use nix::sys::signal::Signal;
use sitelog_cloud_sim::{Backfill, Kind, Observer, Outcome, Sim};
use std::io::Write;
use std::path::{Path, PathBuf};

const OFTEN: &str = "--pulumi.collect-interval=100ms";

/// What starts the words after it with a tmpfs of its own as `small`, in a mount namespace, which needs no root where users
/// may have one.
fn on_a_disk(scene: &Scene, options: &str) -> Vec<String> {
    std::fs::create_dir_all(scene.path("small")).unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    let namespace: &[&str] = if is_root { &["-m"] } else { &["-r", "-m"] };
    let script = format!("mount -t tmpfs -o {options} tmpfs small && exec \"$@\"");
    let words = [&["unshare"], namespace, &["--", "sh", "-c", &script, "small"]].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Its small disk, seen from here.
fn small(scene: &Scene, running: &Running) -> PathBuf {
    let inside = scene.path("small");
    Path::new("/proc")
        .join(running.child.id().to_string())
        .join("root")
        .join(inside.strip_prefix("/").unwrap())
}

/// Takes all room that is left.
fn fill(file: &Path) {
    let mut filler = std::fs::File::create(file).unwrap();
    for size in [1 << 20, 4_096, 1] {
        while filler.write_all(&vec![0x5A; size]).is_ok() {}
    }
}

/// Each stack has one more update.
fn all_update(sim: &Sim) {
    let mut world = sim.world();
    world.advance(60);
    let stacks: Vec<_> = world.stacks().keys().cloned().collect();
    for stack in stacks {
        world
            .run(&stack, Kind::Update, Outcome::Failed, 5, &[("delete", 1), ("same", 9)])
            .unwrap();
    }
}

fn shows(running: &Running, sim: &Sim, observer: &mut Observer) {
    let wanted = wanted(&observer.poll(&sim.world()));
    wait_until("the truth", || differences(&samples(running), &wanted).is_empty());
}

/// Scenario: the disk of the state folder becomes full while updates end, and has room again later; then `kill -9`.
/// Guarantees: what cannot be kept is not shown, `/readyz` says why, failed commits and pushes left out are counted; with
/// room all is counted once and reaches the destination, by itself; a restart changes nothing.
#[test]
fn a_full_disk_delays_what_is_counted_and_loses_nothing() {
    let (scene, sim, sink) = (Scene::new(), sim(), Sink::start(Answer::Take));
    let outer = on_a_disk(&scene, "size=48m");
    let outer: Vec<&str> = outer.iter().map(String::as_str).collect();
    let flags = [OFTEN, "--state-dir=small/state", "--otlp.endpoint", &sink.endpoint()];
    let running = Running::start_in(&outer, &scene, &sim, &flags);
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    running.wait_ready();
    shows(&running, &sim, &mut observer);
    let filler = small(&scene, &running).join("filler");
    fill(&filler);
    all_update(&sim);
    let failed = || running.own("sitelog_cloud_commit_failures_total", "");
    let left_out = || running.own("sitelog_cloud_pushes_left_out_total", "");
    wait_until("failed commits and pushes", || failed() > 0.0 && left_out() > 0.0);
    let (status, why) = running.get("/readyz");
    assert!(
        status == 503 && why.contains("cannot be kept") && why.contains("full"),
        "{why}"
    );
    assert_eq!(values(&running.get("/metrics").1, "pulumi_update_total", "").len(), 0);
    std::fs::remove_file(filler).unwrap();
    shows(&running, &sim, &mut observer);
    running.wait_ready();
    let (before, pushed) = (left_out(), sink.taken().len());
    wait_until("pushes that are taken whole", || sink.taken().len() > pushed + 3);
    assert!(left_out() <= before + 1.0);
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}

/// Scenario: a disk on which nothing can be written. Guarantees: status 69 and one line that names the folder.
#[test]
fn a_read_only_disk_is_told() {
    let scene = Scene::new();
    let outer = on_a_disk(&scene, "ro");
    let words = ["cloud", "--web.listen-address=127.0.0.1:0", "--state-dir=small/state"];
    let sitelog = env!("CARGO_BIN_EXE_sitelog");
    let args = outer[1..].iter().map(String::as_str).chain([sitelog]).chain(words);
    let mut command = scene.command(&outer[0], args);
    command
        .env("PULUMI_ACCESS_TOKEN", "pul-x")
        .env("PULUMI_ORGANIZATIONS", "acme");
    let ran = ended(command);
    assert_eq!(ran.code, 69, "{ran:?}");
    let last = ran.err().lines().last().unwrap();
    assert!(
        last.contains("small/state") && last.to_lowercase().contains("read-only"),
        "{ran:?}"
    );
}

/// Scenario: the state is overwritten here and there while nobody uses it. Guarantees: the exporter starts, says that it set
/// the state aside and keeps it; what was counted before does not count again, what ends from then on does.
#[test]
fn a_damaged_state_is_set_aside_and_nothing_counts_twice() {
    for (begin, length) in [(0, 2_000), (4_096, 4_096)] {
        let (scene, sim) = (Scene::new(), sim());
        let flags = [OFTEN, "--otlp.endpoint=none", "--state-dir=state"];
        let running = Running::start(&scene, &sim, &flags);
        running.wait_ready();
        all_update(&sim);
        let counted = |running: &Running| {
            values(&running.get("/metrics").1, "pulumi_update_total", "")
                .iter()
                .sum::<f64>()
        };
        wait_until("the updates", || counted(&running) == 12.0);
        assert_eq!(running.end(Signal::SIGTERM).0, 0);
        let file = scene.path("state/cloud.sqlite");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[begin..begin + length].fill(0x5A);
        std::fs::write(&file, &bytes).unwrap();

        let running = Running::start(&scene, &sim, &flags);
        running.wait_ready();
        running.whole_cycle();
        assert_eq!(running.own("sitelog_cloud_states_set_aside_total", ""), 1.0);
        assert_eq!(counted(&running), 0.0);
        update(&sim, Outcome::Succeeded);
        wait_until("the next update", || counted(&running) == 1.0);
        let (code, said) = running.end(Signal::SIGTERM);
        assert!(code == 0 && said.contains("was damaged"), "{said}");
        let folder = std::fs::read_dir(scene.path("state")).unwrap();
        let aside = folder.map(|file| file.unwrap()).find(|file| {
            let name = file.file_name().into_string().unwrap();
            name.starts_with("cloud.sqlite.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        });
        assert_eq!(std::fs::read(aside.unwrap().path()).unwrap(), bytes);
    }
}

/// Scenario: `kill -9`, and what SQLite had not yet moved from its journal is damaged. Guarantees: the state is as it was at
/// a commit before; it goes on from there and ends at the truth: sums and how far they are counted are one transaction.
#[test]
fn a_damaged_journal_is_a_step_back_and_no_count_too_many() {
    let (scene, sim) = (Scene::new(), sim());
    let flags = [OFTEN, "--otlp.endpoint=none", "--state-dir=state"];
    let mut observer = Observer::new(Backfill::None, &["acme"]);
    let running = Running::start(&scene, &sim, &flags);
    running.wait_ready();
    observer.poll(&sim.world());
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
    let running = Running::start(&scene, &sim, &flags);
    all_update(&sim);
    shows(&running, &sim, &mut observer);
    assert_eq!(running.end(Signal::SIGKILL).0, 137);
    let file = scene.path("state/cloud.sqlite-wal");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100].fill(0x5A);
    std::fs::write(&file, bytes).unwrap();
    let running = Running::start(&scene, &sim, &flags);
    running.whole_cycle();
    assert_true(&running, &observer.poll(&sim.world()));
    assert_eq!(running.end(Signal::SIGTERM).0, 0);
}
