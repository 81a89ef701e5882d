//! Event streams of an engine, as they come and as they should not.

use crate::stage::{Stage, attribute, block_on, connect, events, request, spans, stream};
use sitelog_run::Outcome;
use std::time::{Duration, Instant};
use tokio_stream::{StreamExt, iter, pending};

fn results(stage: &Stage) -> Vec<String> {
    let logs = stage.logs().into_iter();
    let completed = logs.filter(|record| record.event_name == "sitelog.operation.completed");
    completed
        .map(|record| attribute(&record.attributes, "sitelog.operation.result").unwrap())
        .collect()
}

/// Guarantee: when a stream is answered, all that it said is in the ledger; each stream is one operation, also when several
/// come at a time, and the last takes its process' exit status.
#[test]
fn what_is_answered_is_in_the_ledger() {
    let stage = Stage::new();
    block_on(async {
        let mut client = connect(&stage.address).await;
        let mut other = client.clone();
        let (one, two) = tokio::join!(
            stream(&mut client, iter(events(3, true))),
            stream(&mut other, iter(events(40, true)))
        );
        one.unwrap();
        two.unwrap();
        assert_eq!(
            stage
                .logs()
                .iter()
                .filter(|record| record.event_name == "sitelog.resource.completed")
                .count(),
            43
        );
        stream(&mut client, iter(events(2, true))).await.unwrap();
    });
    assert_eq!(
        results(&stage),
        ["succeeded", "succeeded"],
        "the last waits for its process"
    );
    let Stage {
        tools,
        recording,
        ledger,
        chain,
        folder,
        ..
    } = stage;
    let told = tools.end(&Outcome::Exited(1));
    assert_eq!(
        (told.operations, told.records.dropped, told.broken, told.unread),
        (3, 0, 0, 0)
    );
    recording.end(&Outcome::Exited(1), &told);
    let logs = crate::stage::logs(&ledger, &chain);
    let last = logs.last().unwrap();
    assert_eq!(attribute(&last.attributes, "process.exit.code").as_deref(), Some("1"));
    assert_eq!(
        attribute(&last.attributes, "sitelog.operation.result").as_deref(),
        Some("failed")
    );
    let run = spans(&ledger, &chain).pop().unwrap();
    assert_eq!(attribute(&run.attributes, "sitelog.operations").as_deref(), Some("3"));
    assert_eq!(attribute(&run.attributes, "sitelog.streams.broken"), None);
    drop(folder);
}

/// Scenario: bytes that are no event, a 6 MB event among others, and a client that goes away in the middle. Guarantee: each
/// costs itself only, and is counted on the run.
#[test]
fn what_is_broken_costs_itself_only() {
    let stage = Stage::new();
    block_on(async {
        let mut client = connect(&stage.address).await;
        let mut sent = events(2, true);
        sent.insert(1, request(b"{\"sequence\":".as_slice()));
        sent.insert(3, request(b"\xff\xfe".as_slice()));
        let large = format!(
            r#"{{"sequence":99,"timestamp":1,"hugeEvent":{{"x":"{}"}}}}"#,
            "x".repeat(6 << 20)
        );
        sent.insert(sent.len() - 1, request(large));
        stream(&mut client, iter(sent)).await.unwrap();
        let endless = iter(events(2, false)).chain(pending());
        let cut = tokio::time::timeout(Duration::from_millis(300), stream(&mut client, endless)).await;
        assert!(cut.is_err());
    });
    let Stage {
        tools,
        recording,
        ledger,
        chain,
        folder,
        ..
    } = stage;
    let told = tools.end(&Outcome::Killed(9));
    assert_eq!((told.operations, told.malformed, told.unread), (2, 2, 0));
    assert_eq!(told.broken, 1);
    recording.end(&Outcome::Killed(9), &told);
    let run = spans(&ledger, &chain).pop().unwrap();
    assert_eq!(
        attribute(&run.attributes, "sitelog.events.malformed").as_deref(),
        Some("2")
    );
    assert_eq!(
        attribute(&run.attributes, "sitelog.streams.broken").as_deref(),
        Some("1")
    );
    let logs = crate::stage::logs(&ledger, &chain);
    let completed: Vec<_> = logs
        .iter()
        .filter(|record| record.event_name == "sitelog.operation.completed")
        .collect();
    let result = |at: usize| attribute(&completed[at].attributes, "sitelog.operation.result").unwrap();
    assert_eq!(
        (completed.len(), result(0), result(1)),
        (2, "succeeded".into(), "interrupted".into())
    );
    drop(folder);
}

/// Scenario: the process has ended, its stream has not, and the run's folder was taken away. Guarantee: the end waits a
/// bounded time, the operation ends, and both are said.
#[test]
fn a_stream_that_never_ends_is_not_waited_for() {
    let stage = Stage::new();
    let (address, private) = (stage.address.clone(), stage.private.clone());
    let (sent, all_sent) = std::sync::mpsc::channel();
    let client = std::thread::spawn(move || {
        block_on(async {
            let mut client = connect(&address).await;
            std::fs::remove_dir_all(private).unwrap();
            let tell = iter(events(2, false)).chain(pending());
            let tell = tell.map(move |event| {
                sent.send(()).unwrap();
                event
            });
            let _ = tokio::time::timeout(Duration::from_secs(10), stream(&mut client, tell)).await;
        });
    });
    (0..4).for_each(|_| all_sent.recv().unwrap());
    while stage
        .logs()
        .iter()
        .filter(|record| record.event_name.starts_with("sitelog.resource"))
        .count()
        < 3
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    let Stage { tools, folder, .. } = stage;
    let began = Instant::now();
    let told = tools.end(&Outcome::Exited(0));
    assert!(began.elapsed() < Duration::from_secs(9), "it was waited for the client");
    assert_eq!((told.operations, told.unread, told.intercept_lost), (1, 1, true));
    drop(folder);
    drop(client);
}
