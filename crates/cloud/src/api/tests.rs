//! Single calls: what is asked, what the answers are taken for, and what failures become.

use super::*;
use crate::config::Secret;
use std::sync::Mutex;
use std::time::UNIX_EPOCH;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that gives these answers, one for each connection, and keeps the heads of the requests.
async fn server(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/base/", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let size = stream.read(&mut head).await.unwrap();
            let text = String::from_utf8_lossy(&head[..size]).into_owned();
            kept.lock().unwrap().push(text);
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heads)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn ok(body: &str) -> String {
    answer("200 OK", "content-type: application/json\r\n", body)
}

fn api(address: &str) -> Api {
    let mut config = Config::new(Secret::new(" pul-123\n"), vec!["o".to_owned()], "unused".into());
    config.api_url = address.to_owned();
    config.body_limit = 1_000_000;
    Api::new(&config, Arc::default()).unwrap()
}

async fn one(text: String) -> Result<Vec<crate::counting::Update>, ApiError> {
    let (address, _) = server(vec![text]).await;
    Ok(api(&address).updates(["o", "p", "s"], 1, 100).await?.updates)
}

#[tokio::test]
async fn names_are_encoded_and_the_headers_are_what_the_service_asks_for() {
    let (address, heads) = server(vec![ok("{\"updates\":[]}")]).await;
    let updates = api(&address).updates(["ö/o", "p q", "s?x"], 3, 100).await.unwrap();
    assert!(updates.updates.is_empty());
    let head = heads.lock().unwrap()[0].to_lowercase();
    let path = "get /base/api/stacks/%c3%b6%2fo/p%20q/s%3fx/updates?output-type=service&page=3&pagesize=100 http/1.1";
    for want in [
        path,
        "authorization: token pul-123\r\n",
        "accept: application/vnd.pulumi+8\r\n",
        "accept-encoding: gzip\r\n",
        "user-agent: sitelog/",
    ] {
        assert!(head.contains(want), "{want} in {head}");
    }
}

#[tokio::test]
async fn an_update_is_read_and_what_is_large_is_skipped() {
    let environment = format!("{{\"log\":\"{}\"}}", "x".repeat(300_000));
    let body = format!(
        "{{\"updates\":[{{\"updateID\":\"u\",\"new\":[1,{{}}],\"version\":7,\"info\":{{\"kind\":\"update\",\"environment\":{environment},\
         \"startTime\":5,\"endTime\":9,\"result\":\"succeeded\",\"version\":7,\"resourceChanges\":{{\"same\":3}}}}}},\
         {{\"info\":{{\"kind\":\"refresh\",\"result\":\"not-started\",\"version\":6,\"resourceChanges\":null}}}}]}}"
    );
    let updates = one(ok(&body)).await.unwrap();
    assert_eq!((updates[0].version, updates[0].seconds()), (7, 4.0));
    assert_eq!(
        (updates[0].id.as_deref(), &updates[0].changes[..]),
        (Some("u"), &[("same".to_owned(), 3)][..])
    );
    assert!(updates[0].is_final() && !updates[1].is_final());
}

#[tokio::test]
async fn what_is_no_history_is_none() {
    let whole = "{\"updates\":[{\"info\":{\"kind\":\"u\",\"result\":\"failed\",\"version\":1}}]}";
    assert!(one(ok(whole)).await.is_ok());
    let broken = [
        "{}",
        "null",
        "[]",
        "{\"updates\":null}",
        "{\"updates\":{}}",
        &whole[..40],
        "",
        "{\"updates\":[{}]}",
        "{\"updates\":[{\"info\":{\"kind\":\"u\",\"version\":1}}]}",
        "{\"updates\":[{\"info\":{\"kind\":\"u\",\"result\":\"failed\",\"version\":-1}}]}",
        "{\"updates\":[{\"info\":{\"kind\":\"u\",\"result\":null,\"version\":1}}]}",
    ];
    for body in broken {
        let error = one(ok(body)).await.unwrap_err();
        assert!(matches!(error, ApiError::Malformed(_)), "{body}: {error}");
    }
    let page = answer("200 OK", "content-type: text/html\r\n", "<html>");
    let error = one(page).await.unwrap_err().to_string();
    assert!(error.contains("is the API address right?"), "{error}");
}

#[tokio::test]
async fn a_body_has_a_limit_and_an_end() {
    let long = format!("{{\"updates\":[{}", " ".repeat(1_200_000));
    assert_eq!(one(ok(&long)).await.unwrap_err(), ApiError::TooLarge(1_000_000));
    let cut = ok("{\"updates\":[]}").replace("length: 14", "length: 20");
    let cut: Vec<String> = std::iter::repeat_n(cut, 3).collect();
    let (address, _) = server(cut).await;
    let error = api(&address).updates(["o", "p", "s"], 1, 100).await.unwrap_err();
    assert!(matches!(error, ApiError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn refusals_say_why() {
    let body = "{\"code\":401,\"message\":\"Unauthorized:\\nno such token\"}";
    let error = one(answer("401 Unauthorized", "", body)).await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(error.to_string(), "refused with status 401: Unauthorized:no such token");
    let error = one(answer("404 Not Found", "", "<html>")).await.unwrap_err();
    assert_eq!(error, ApiError::Gone("no reason given".to_owned()));
    // The token is for this host, not for where it may send us.
    let error = one(answer("302 Found", "location: http://other.example/\r\n", ""))
        .await
        .unwrap_err();
    assert!(matches!(error, ApiError::Refused { status: 302, .. }), "{error:?}");
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let failed = || answer("503 Service Unavailable", "", "");
    let (address, heads) = server(vec![failed(), failed(), ok("{\"teams\":[{},{}]}")]).await;
    let api = api(&address);
    assert_eq!(api.teams("o").await.unwrap(), 2);
    assert_eq!(heads.lock().unwrap().len(), 3);
    let counts = api.0.counters.counts();
    assert_eq!(counts.retries, 2);
    assert_eq!(counts.calls[&(Operation::Teams, "503".to_owned())], 2);
    assert_eq!(counts.calls[&(Operation::Teams, "200".to_owned())], 1);
    let nobody = api_of_nobody().await;
    let error = nobody.teams("o").await.unwrap_err();
    assert!(matches!(error, ApiError::Connect(_)), "{error:?}");
}

/// Scenario: the service asks for a minute of rest, and the rest of its answer does not come. Guarantee: everybody waits
/// from then on, not only when that call is given up.
#[tokio::test]
async fn a_wait_begins_with_the_head_of_the_answer() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = api(&format!("http://{}", listener.local_addr().unwrap()));
        let asking = tokio::spawn({
            let api = api.clone();
            async move { api.teams("o").await }
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = format!("HTTP/1.1 {status}\r\nretry-after: 60\r\ncontent-length: 9\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let told = async {
            while api.limiter().throttled() == 0.0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
        assert_eq!(api.limiter().throttled().round(), 60.0, "{status}");
        assert!(!asking.is_finished());
        asking.abort();
    }
}

async fn api_of_nobody() -> Api {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    api(&address)
}

#[test]
fn a_wait_is_told_in_seconds_or_as_a_date() {
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let cases = [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 09 Sep 2001 01:46:50 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("-1", None),
        ("soon", None),
    ];
    for (value, seconds) in cases {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
        assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value}");
    }
}

#[test]
fn an_address_that_is_none_is_told_at_once() {
    for (address, want) in [
        ("api.pulumi.com", "relative URL"),
        ("ftp://x", "https://"),
        ("mailto:x", "https://"),
    ] {
        let mut config = Config::new(Secret::new("t"), vec![], "unused".into());
        config.api_url = address.to_owned();
        let error = Api::new(&config, Arc::default()).unwrap_err().to_string();
        assert!(error.contains(want) && error.contains(address), "{error}");
    }
    let config = Config::new(Secret::new("a\nb"), vec![], "unused".into());
    assert!(matches!(Api::new(&config, Arc::default()), Err(SetupError::Token)));
}
