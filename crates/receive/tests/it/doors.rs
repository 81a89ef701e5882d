//! Who may send: tokens, their roles and ends, and what nobody's requests get.

use crate::raw::post;
use crate::stage::{Plan, Stage, TOKEN, guarded, logs};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use prost::Message;
use tonic::Code;

fn guarded_plan() -> Plan {
    Plan {
        doors: guarded(Vec::new()),
        ..Plan::default()
    }
}

#[tokio::test]
async fn a_token_says_whose_records_they_are() {
    let stage = Stage::start(guarded_plan()).await;
    for (token, body) in [
        (TOKEN, "one"),
        ("slg_second", "two"),
        ("slg_b", "other"),
        ("slg_admin", "admin"),
    ] {
        let credential = format!("Bearer {token}");
        let body = logs(&[body]).encode_to_vec();
        let answer = post(
            stage.address,
            "/v1/logs",
            "application/x-protobuf",
            &[("authorization", &credential)],
            &body,
        )
        .await;
        assert_eq!(answer.status, 200, "{token}");
    }
    assert_eq!(stage.bodies("a"), ["one", "two"]);
    assert_eq!(stage.bodies("b"), ["other"]);
    assert_eq!(stage.bodies("default"), ["admin"]);
}

#[tokio::test]
async fn what_opens_nothing_is_refused_before_the_body_is_read() {
    let stage = Stage::start(guarded_plan()).await;
    for (credential, status, reason, tenant) in [
        (None, 401, "no_credential", ""),
        (Some("Bearer slg_unknown"), 401, "bad_credential", ""),
        (Some("Basic dXNlcjpwYXNz"), 401, "bad_credential", ""),
        (Some("Bearer slg_old"), 401, "bad_credential", ""),
        (Some("Bearer slg_auditor"), 403, "role", "a"),
    ] {
        let headers: Vec<_> = credential.iter().map(|value| ("authorization", *value)).collect();
        let before = stage.refused(tenant, reason);
        // The body says that it is longer than it is: whoever waits for it, waits for ever.
        let answer = tokio::time::timeout(std::time::Duration::from_secs(60), async {
            let mut stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
            let lines: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let head = format!(
                "POST /v1/logs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000\r\n{lines}\r\n"
            );
            tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes())
                .await
                .unwrap();
            crate::raw::read(&mut stream).await
        });
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status, status, "{credential:?}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        assert_eq!(stage.refused(tenant, reason), before + 1, "{credential:?}");
    }
    assert!(stage.ledger.chains().unwrap().is_empty());
}

#[tokio::test]
async fn grpc_says_the_same_in_its_own_words() {
    let stage = Stage::start(guarded_plan()).await;
    let mut client = LogsServiceClient::connect(format!("http://{}", stage.address))
        .await
        .unwrap();
    assert_eq!(
        client.export(logs(&["x"])).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    for (token, code) in [
        ("slg_unknown", Code::Unauthenticated),
        ("slg_auditor", Code::PermissionDenied),
    ] {
        let mut request = tonic::Request::new(logs(&["x"]));
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        let status = client.export(request).await.unwrap_err();
        assert_eq!(status.code(), code);
        assert!(!status.message().contains(token), "{status}");
    }
    let mut request = tonic::Request::new(logs(&["x"]));
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    client.export(request).await.unwrap();
    assert_eq!(stage.bodies("a"), ["x"]);
}
