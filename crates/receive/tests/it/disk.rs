//! The ledger's disk fails under the receiver, or the machine loses power.

use crate::raw::post;
use crate::stage::{Plan, Stage, logs};
use prost::Message;
use sitelog_ledger::disk::fault::{Crash, FaultDisk, Op};
use std::io::ErrorKind;

async fn stage(disk: &FaultDisk) -> Stage {
    Stage::start(Plan {
        disk: Some(disk.clone()),
        ..Plan::default()
    })
    .await
}

async fn status(stage: &Stage, body: &str) -> u16 {
    let body = logs(&[body]).encode_to_vec();
    let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body).await;
    assert_eq!(answer.header("retry-after").is_some(), answer.status != 200);
    answer.status
}

/// Scenario: the machine loses power right after an answer, in each way in which a disk can forget.
/// Guarantee: what was acknowledged is there.
#[tokio::test]
async fn what_was_acknowledged_survives_a_power_loss() {
    for crash in Crash::ALL {
        let disk = FaultDisk::new();
        let stage = stage(&disk).await;
        for body in ["one", "two", "three"] {
            assert_eq!(status(&stage, body).await, 200);
        }
        disk.crash(crash);
        disk.restart();
        assert_eq!(stage.bodies("default"), ["one", "two", "three"], "{crash:?}");
    }
}

/// Scenario: a sync fails once. Guarantee: its request is not acknowledged, the next one is, in a new chain.
#[tokio::test]
async fn what_is_not_durable_is_not_acknowledged() {
    let disk = FaultDisk::new();
    let stage = stage(&disk).await;
    assert_eq!(status(&stage, "before").await, 200);
    disk.fail(Op::Sync, ".seg", ErrorKind::Other, 1);
    assert_eq!(status(&stage, "in doubt").await, 503);
    assert_eq!(status(&stage, "after").await, 200);
    assert_eq!(stage.refused("default", "unavailable"), 1);
    disk.crash(Crash::Lost);
    disk.restart();
    let bodies = stage.bodies("default");
    assert!(
        ["before", "after"]
            .iter()
            .all(|body| bodies.iter().any(|known| known == body)),
        "{bodies:?}"
    );
}

/// Scenario: the disk is full, then there is room. Guarantee: refused meanwhile, taken afterwards, nothing half there.
#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let disk = FaultDisk::new();
    let stage = stage(&disk).await;
    assert_eq!(status(&stage, "before").await, 200);
    disk.set_room(Some(0));
    assert_eq!(status(&stage, "no room").await, 503);
    disk.set_room(None);
    assert_eq!(status(&stage, "after").await, 200);
    assert_eq!(stage.bodies("default"), ["before", "after"]);
}
