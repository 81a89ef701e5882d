use super::*;
use sitelog_export::config::{Destination as To, Protocol};
use sitelog_ledger::disk::fault::{FaultDisk, Op};
use sitelog_ledger::{Options, State as ChainState};
use sitelog_model::{Batch, Origin, Payload, Signal, Source, Ulid};
use sitelog_sanitize::Clean;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

/// Takes every request there is, on a port of its own, as long as the test runs.
fn sink() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || take_all(stream));
        }
    });
    address
}

fn take_all(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn config(name: &str, address: SocketAddr) -> OtlpConfig {
    let url = format!("http://{address}/v1/logs").parse().unwrap();
    let mut config = OtlpConfig::default();
    config.name = sitelog_export::DestinationName::new(name, "test").unwrap();
    config.set_destination(Signal::Logs, Some(To::new(url, Protocol::HttpProtobuf)));
    config
}

/// A request with one empty record.
fn batch() -> Clean<Batch> {
    Clean::stored(Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin: Origin {
            source: Source::Receive,
            id: Ulid::nil(),
        },
        payload: Payload::Otlp(b"\x0a\x04\x12\x02\x12\x00"[..].into()),
    })
}

fn delivered(delivery: &Delivery) -> Vec<(String, u64)> {
    let count = |fares: &Fares| fares.counters.of(Signal::Logs).delivered_records.get();
    let fares = delivery.fares().into_iter();
    fares.map(|fares| (fares.destination.clone(), count(&fares))).collect()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Scenario: a sync fails, so nothing more can be written to a chain, and another one begins. Guarantees: the chain is let go of, and
/// what is in it is delivered, what no sync made durable too.
#[test]
fn a_chain_that_failed_is_let_go_of_and_delivered() {
    let disk = FaultDisk::new();
    let ledger = Ledger::with_disk(Arc::new(disk.clone()), "/data", Options::default()).unwrap();
    let chain = ledger.create(&TenantId::default(), Ulid::generate()).unwrap();
    let delivery = Delivery::default();
    delivery.deliver_to(BTreeMap::new(), vec![config("main", sink())]);
    delivery.follow(&ledger, &chain);
    chain.append(&batch()).unwrap();
    disk.fail(Op::Sync, ".seg", ErrorKind::Other, 1);
    chain.append(&batch()).unwrap_err();
    let id = chain.id().clone();
    drop(chain);
    delivery.let_go();
    assert_eq!(
        ledger.status(&id).unwrap().state,
        ChainState::Orphaned,
        "nobody holds it"
    );
    until("all of it arrives", || delivered(&delivery) == [("main".to_owned(), 2)]);
    // Nothing is left to wait for.
    let patience = Patience::default();
    let reports = delivery.finish(patience);
    assert!(reports.iter().all(|(_, _, report)| report.is_clean()), "{reports:?}");
}

/// Guarantees: what stays as it is goes on untouched; what changes goes on counting; what comes gets what was handed over before.
#[test]
fn only_what_changes_is_changed() {
    let ledger = Ledger::with_disk(Arc::new(FaultDisk::new()), "/data", Options::default()).unwrap();
    let [chain, left] = [(); 2].map(|()| ledger.create(&TenantId::default(), Ulid::generate()).unwrap());
    left.append(&batch()).unwrap();
    left.seal().unwrap();
    let (delivery, first, others) = (Delivery::default(), config("first", sink()), Vec::new());
    let plan = |configs: &[&OtlpConfig]| {
        let configs = configs.iter().map(|config| (*config).clone()).collect();
        delivery.deliver_to(BTreeMap::from([(TenantId::default(), configs)]), others.clone());
    };
    plan(&[&first]);
    delivery.deliver(&ledger, left.id());
    delivery.follow(&ledger, &chain);
    chain.append(&batch()).unwrap();
    let is = |expected: &[(&str, u64)]| {
        let known = delivered(&delivery);
        known
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .eq(expected.iter().copied())
    };
    until("the first gets it", || is(&[("first", 2)]));
    let same = Arc::clone(&delivery.fares()[0].counters);
    plan(&[&config("second", sink()), &first]);
    assert!(Arc::ptr_eq(&same, &delivery.fares()[1].counters));
    until("the second gets it", || is(&[("second", 2), ("first", 2)]));
    plan(&[&config("second", sink())]);
    chain.append(&batch()).unwrap();
    until("only what is new is counted on", || is(&[("second", 3)]));
    plan(&[]);
    assert!(delivery.fares().is_empty());
}
