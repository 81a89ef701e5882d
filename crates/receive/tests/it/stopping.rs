//! The end of a server: what is under way is answered, nothing acknowledged is lost.

use crate::raw::post;
use crate::stage::{Plan, Stage, logs};
use prost::Message;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn what_is_under_way_is_answered_and_all_that_was_acknowledged_is_there() {
    let stage = Stage::start(Plan::default()).await;
    let body = logs(&["before"]).encode_to_vec();
    assert_eq!(
        post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body)
            .await
            .status,
        200
    );
    let late = logs(&["while stopping"]).encode_to_vec();
    let mut stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        late.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&late[..3]).await.unwrap();
    while stage.gateway.tenants()[0].bytes_in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    stage.stop.send(true).unwrap();
    stream.write_all(&late[3..]).await.unwrap();
    // The server closes the connection itself after the answer.
    assert_eq!(crate::raw::read(&mut stream).await.status, 200);
    let Stage {
        serving,
        gateway,
        ledger,
        ..
    } = &stage;
    let _ = (serving, ledger);
    for chain in gateway.close().await {
        chain.seal().unwrap();
    }
    assert_eq!(stage.bodies("default"), ["before", "while stopping"]);
    stage.serving.await.unwrap();
}

#[tokio::test]
async fn after_the_end_a_sender_is_told_to_come_again() {
    let stage = Stage::start(Plan::default()).await;
    assert!(stage.gateway.close().await.is_empty());
    let body = logs(&["x"]).encode_to_vec();
    // A tenant that comes now for the first time is let in: its chain is nobody's to close.
    assert_eq!(
        post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body)
            .await
            .status,
        200
    );
    for chain in stage.gateway.close().await {
        chain.seal().unwrap();
    }
    let answer = post(stage.address, "/v1/logs", "application/x-protobuf", &[], &body).await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
}
