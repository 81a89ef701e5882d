//! A tenant's limits, and what its sender is told.

use crate::raw::post;
use crate::stage::{Plan, Stage, logs};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use prost::Message;
use sitelog_ledger::{Budget, Options};
use sitelog_receive::{ServerLimits, TenantLimits};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tonic::Code;

const TYPE: &str = "application/x-protobuf";

#[tokio::test]
async fn beyond_its_rate_a_tenant_is_told_when_to_come_again() {
    let limits = TenantLimits {
        records_per_second: Some(1),
        ..TenantLimits::default()
    };
    let stage = Stage::start(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let body = logs(&["x"; 100]).encode_to_vec();
    assert_eq!(post(stage.address, "/v1/logs", TYPE, &[], &body).await.status, 200);
    let answer = post(stage.address, "/v1/logs", TYPE, &[], &body).await;
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((90..=101).contains(&wait), "{wait}");
    let mut client = LogsServiceClient::connect(format!("http://{}", stage.address))
        .await
        .unwrap();
    let status = client.export(logs(&["x"])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    // google.rpc.Status → Any → RetryInfo → Duration: without it a client must not send again.
    let details = status.details();
    assert!(details.windows(9).any(|part| part == b"RetryInfo"), "{details:?}");
    assert_eq!(stage.bodies("default").len(), 100);
    assert_eq!(stage.refused("default", "records_per_second"), 2);
}

#[tokio::test]
async fn what_is_too_large_is_refused_for_good() {
    let limits = TenantLimits {
        request_bytes: 1000,
        ..TenantLimits::default()
    };
    let stage = Stage::start(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let body = logs(&[&"x".repeat(2000)]).encode_to_vec();
    let answer = post(stage.address, "/v1/logs", TYPE, &[], &body).await;
    assert_eq!((answer.status, answer.header("retry-after")), (413, None));
    let small = zstd::encode_all(&body[..], 1).unwrap();
    assert!(small.len() < 1000);
    let answer = post(stage.address, "/v1/logs", TYPE, &[("content-encoding", "zstd")], &small).await;
    assert_eq!(answer.status, 413);
    let mut client = LogsServiceClient::connect(format!("http://{}", stage.address))
        .await
        .unwrap();
    let status = client.export(logs(&[&"x".repeat(2000)])).await.unwrap_err();
    assert_eq!((status.code(), status.details().len()), (Code::ResourceExhausted, 0));
    assert_eq!(stage.refused("default", "too_large"), 3);
}

#[tokio::test]
async fn bytes_that_stand_still_are_given_back() {
    let server = ServerLimits {
        body_pause: Duration::from_millis(300),
        ..ServerLimits::default()
    };
    let stage = Stage::start(Plan {
        server,
        ..Plan::default()
    })
    .await;
    let mut stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[10; 40]).await.unwrap();
    let answer = crate::raw::read(&mut stream).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(stage.gateway.tenants()[0].bytes_in_flight(), 0);
    assert_eq!(stage.refused("default", "too_slow"), 1);
}

#[tokio::test]
async fn a_full_ledger_is_told_and_takes_again_nothing_that_was_refused() {
    let options = Options {
        budget: Budget {
            bytes: Some(40_000),
            age: None,
        },
        ..Options::default()
    };
    let stage = Stage::start(Plan {
        options,
        ..Plan::default()
    })
    .await;
    let text = "x".repeat(5000);
    let body = logs(&[&text]).encode_to_vec();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20 {
        let answer = post(stage.address, "/v1/logs", TYPE, &[], &body).await;
        match answer.status {
            200 => taken += 1,
            429 => {
                assert!(answer.header("retry-after").is_some());
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} {refused}");
    assert_eq!(stage.bodies("default").len(), taken);
    assert_eq!(stage.refused("default", "ledger_full"), refused);
}

#[tokio::test]
async fn more_connections_than_may_be_close_the_idlest() {
    let server = ServerLimits {
        connections: 4,
        ..ServerLimits::default()
    };
    let stage = Stage::start(Plan {
        server,
        ..Plan::default()
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(tokio::net::TcpStream::connect(stage.address).await.unwrap());
    }
    let body = logs(&["still served"]).encode_to_vec();
    assert_eq!(post(stage.address, "/v1/logs", TYPE, &[], &body).await.status, 200);
    let counters = stage.gateway.counters();
    assert!(counters.closed_idle.load(std::sync::atomic::Ordering::Relaxed) >= 30);
}
