//! Records a second from a chain of the ledger into a null gRPC server in this process, beside a client that decodes and
//! encodes each request with prost, and CPU seconds of the exporter's thread per million records: read from the ledger and
//! sent. A line for frames of 1,000 records and one for frames of 100; `cargo bench -p sitelog-export` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for developers, whose output is its purpose"
)]

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use sitelog_export::config::{Given, Key, Layers};
use sitelog_export::{Exporter, OtlpConfig, Patience};
use sitelog_ledger::{Chain, Ledger, Options};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ALL: usize = 500_000;

fn main() {
    let address = serve();
    [1000, 100].into_iter().for_each(|records| compare(address, records));
}

fn compare(address: SocketAddr, records: usize) {
    let frames = ALL / records;
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), Options::default()).unwrap();
    let chain = ledger.create(&TenantId::default(), Ulid::generate()).unwrap();
    let request = request(records);
    (0..frames).for_each(|_| write(&chain, &request));
    chain.seal().unwrap();
    let (ours, cpu) = delivered(&ledger, &chain, address);
    let theirs = re_encoded(&request, frames, address);
    let rate = |time: Duration| ALL as f64 / time.as_secs_f64() / 1e6;
    println!(
        "{ALL} records of {} bytes, {records} a frame: delivery {:.2} M/s, {:.3} CPU-s per million; tonic with prost both ways \
         {:.2} M/s, ratio {:.1}",
        request.len() / records,
        rate(ours),
        cpu / (ALL as f64 / 1e6),
        rate(theirs),
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
}

fn request(records: usize) -> Bytes {
    let text = |text: String| {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        })
    };
    let attribute = |n: usize| KeyValue {
        key: format!("attribute.{n}"),
        value: text("value".repeat(4)),
        ..Default::default()
    };
    let record = |n: usize| LogRecord {
        time_unix_nano: n as u64,
        body: text(format!("{n:0100}")),
        attributes: (0..5).map(attribute).collect(),
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..Default::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: (0..records).map(record).collect(),
        ..Default::default()
    }];
    let resource_logs = vec![ResourceLogs {
        scope_logs,
        ..Default::default()
    }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec().into()
}

fn write(chain: &Chain, request: &Bytes) {
    let origin = Origin {
        source: Source::Run,
        id: chain.id().id,
    };
    let payload = Payload::Otlp(request.clone());
    let batch = Batch {
        tenant: TenantId::default(),
        signal: Signal::Logs,
        origin,
        payload,
    };
    chain.write(&Clean::stored(batch)).unwrap();
}

fn delivered(ledger: &Ledger, chain: &Chain, address: SocketAddr) -> (Duration, f64) {
    let value = format!("grpc://{address}");
    let endpoint = Given {
        key: Key::Endpoint,
        signal: None,
        value,
        from: "bench".to_owned(),
    };
    let config = OtlpConfig::resolve(&Layers {
        flags: &[endpoint],
        env: &|_| None,
        file: &[],
    })
    .unwrap();
    let begun = Instant::now();
    let exporter = Exporter::start(config);
    exporter.deliver(ledger, chain.id());
    while exporter.counters().of(Signal::Logs).delivered_records.get() < ALL as u64 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (time, cpu) = (begun.elapsed(), cpu_of_exporter());
    let report = exporter.finish(Patience {
        total: Duration::from_secs(60),
        idle: Duration::from_secs(10),
    });
    assert_eq!(report.of_signal(Signal::Logs).delivered, ALL as u64, "{report:?}");
    (time, cpu)
}

/// User and system time of the exporter's thread, in seconds.
fn cpu_of_exporter() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let of_exporter = stats.filter(|stat| stat.contains("(exporter)"));
    let ticks = of_exporter.map(|stat| -> f64 {
        // The fields behind the name: state is the first, user and system time the 12th and 13th.
        let fields = stat.rsplit(") ").next().unwrap().split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum()
    });
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// The same number of requests in flight, and the same bytes, decoded and encoded on the way.
fn re_encoded(request: &Bytes, frames: usize, address: SocketAddr) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .connect_lazy();
        let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(4));
        for _ in 0..frames {
            let slot = slots.clone().acquire_owned().await.unwrap();
            let mut client = LogsServiceClient::new(channel.clone());
            let message = ExportLogsServiceRequest::decode(request.clone()).unwrap();
            tokio::spawn(async move {
                client.export(message).await.unwrap();
                drop(slot);
            });
        }
        drop(slots.acquire_many(4).await.unwrap());
    });
    begun.elapsed()
}

/// Takes requests without looking into them, so that what is measured is the client.
async fn take(
    request: Request<Incoming>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, hyper::Error> {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let trailers = async {
        Some(Ok([("grpc-status".parse().unwrap(), "0".parse().unwrap())]
            .into_iter()
            .collect()))
    };
    let answer = Full::new(Bytes::from_static(&[0; 5])).with_trailers(trailers);
    Ok(Response::builder()
        .header("content-type", "application/grpc")
        .body(answer)
        .unwrap())
}

fn serve() -> SocketAddr {
    let (sender, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
                tokio::spawn(builder.serve_connection(hyper_util::rt::TokioIo::new(socket), service_fn(take)));
            }
        });
    });
    address.recv().unwrap()
}
