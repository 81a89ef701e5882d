//! What the tests share: batches with numbers in them, and a ledger on a faulty disk.

use sitelog_ledger::disk::fault::FaultDisk;
use sitelog_ledger::{Chain, ChainId, Error, Ledger, Options};
use sitelog_model::{Batch, Bytes, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Clean;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SEGMENT: &str = "00000001.seg";

/// Small segments, and no commit that nobody asked for: the same operations in the same order each time.
pub(crate) fn options() -> Options {
    Options {
        segment_bytes: 1500,
        linger: Duration::from_secs(3600),
        ..Options::default()
    }
}

pub(crate) fn id(number: u128) -> Ulid {
    Ulid::from_bytes((number + (1 << 80)).to_be_bytes())
}

/// A logs batch that carries a number, in 100 bytes.
pub(crate) fn batch(number: u64) -> Clean<Batch> {
    of(Signal::Logs, number, 100)
}

pub(crate) fn of(signal: Signal, number: u64, size: usize) -> Clean<Batch> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.resize(size, number as u8);
    payload(signal, Payload::Otlp(bytes.into()))
}

pub(crate) fn payload(signal: Signal, payload: Payload) -> Clean<Batch> {
    let origin = Origin {
        source: Source::Run,
        id: id(1),
    };
    Clean::stored(Batch {
        tenant: TenantId::default(),
        signal,
        origin,
        payload,
    })
}

pub(crate) fn number(bytes: &Bytes) -> u64 {
    u64::from_be_bytes(*bytes.first_chunk().unwrap())
}

/// The numbers of all readable frames, and whether damage was reported on the way.
pub(crate) fn numbers(ledger: &Ledger, chain: &ChainId) -> (Vec<u64>, usize) {
    let (mut numbers, mut damage) = (Vec::new(), 0);
    for frame in ledger.frames(chain).unwrap() {
        match frame {
            Ok(frame) => numbers.push(number(frame.batch.get().payload.bytes())),
            Err(Error::Damage(_)) => damage += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (numbers, damage)
}

pub(crate) struct Scene {
    pub(crate) disk: FaultDisk,
    pub(crate) ledger: Ledger,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: Options) -> Self {
        let disk = FaultDisk::new();
        let ledger = Ledger::with_disk(Arc::new(disk.clone()), "/data", options).unwrap();
        Self { disk, ledger }
    }

    pub(crate) fn chain(&self, number: u128) -> Chain {
        self.ledger.create(&TenantId::default(), id(number)).unwrap()
    }

    pub(crate) fn path(&self, chain: &ChainId, file: &str) -> std::path::PathBuf {
        format!("/data/tenants/{}/{}/{file}", chain.tenant, chain.id).into()
    }
}

/// Appends the numbers, each durable.
pub(crate) fn append(chain: &Chain, numbers: std::ops::Range<u64>) {
    for number in numbers {
        chain.append(&batch(number)).unwrap();
    }
}

/// Has a cursor keep a record as refused.
pub(crate) fn refuse(
    cursor: &mut sitelog_ledger::Cursor,
    at: sitelog_ledger::Position,
    why: &str,
) -> Result<(), Error> {
    cursor.refuse(&[sitelog_ledger::Refusal::one(at, why)])
}
