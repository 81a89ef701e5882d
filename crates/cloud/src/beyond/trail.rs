//! The exporter's chain in the ledger: one, from a start to an end in order; a crash goes on with it.

mod request;
mod tail;

use super::rendered::Rendered;
use super::rendered::{record_key, span_key};
use crate::config::Audit;
use crate::state::{Change, State, StateError};
use prost::Message;
use request::{log_request, parts, span_request};
use sitelog_ledger::{Chain, ChainId, Error, Ledger, Receipt, Refused};
use sitelog_model::{Batch, Origin, Payload, Signal, Source, TenantId, Ulid};
use sitelog_sanitize::Sanitizer;
use std::collections::HashSet;
use std::time::Duration;
use tail::tail;

/// The cursor that names the chain, and the frame before which nothing of it waits any more; before it chains that a crash
/// has left, and of which something may wait.
const CURSOR: &str = "trail";
/// Somebody who seals the chain that a crash has left is waited for.
const BUSY: Duration = Duration::from_millis(20);
const BUSY_TRIES: u32 = 500;

/// Why there is no chain to write to.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The ledger's.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// The state's.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What was written, and what not: records and spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) records: u64,
    /// Found in the ledger already.
    pub(super) repeats: u64,
    /// Refused for good, by the sanitizer or for their size.
    pub(super) refused: u64,
}

/// The chain, and what is known of its end.
pub(super) struct Trail {
    chain: Chain,
    tenant: TenantId,
    origin: Origin,
    sanitizer: Sanitizer,
    /// Ids of records and spans that are in the ledger while what they are of may still wait.
    known: HashSet<String>,
}

/// Why a batch is not in the ledger.
enum Why {
    /// It never can be.
    Unfit,
    /// It may be later.
    Refused(String),
}

impl Trail {
    pub(super) fn open(ledger: &Ledger, audit: &Audit, state: &mut State) -> Result<Self, TrailError> {
        let mut places = state
            .cursor(CURSOR)?
            .map(|cursor| read_cursor(&cursor))
            .unwrap_or_default();
        let id = |id: Ulid| ChainId {
            tenant: audit.tenant.clone(),
            id,
        };
        let found = match places.last() {
            Some((last, _)) => reopen(ledger, &id(*last))?,
            None => None,
        };
        let mut known = HashSet::new();
        // Where nothing waits nothing can be doubled.
        if state.outbox_size()? == 0 {
            places.clear();
        }
        for (chain, frame) in &places {
            known.extend(tail(ledger, &id(*chain), *frame)?);
        }
        let chain = match found {
            Some(chain) => chain,
            None => {
                let chain = ledger.create(&audit.tenant, Ulid::generate())?;
                places.push((chain.id().id, 0));
                // Whoever comes after a crash looks there, and where this one has looked.
                state.commit(&Change {
                    cursors: vec![(CURSOR.to_owned(), cursor(&places))],
                    ..Change::default()
                })?;
                chain
            }
        };
        Ok(Self {
            tenant: audit.tenant.clone(),
            origin: Origin {
                source: Source::Cloud,
                id: chain.id().id,
            },
            chain,
            sanitizer: audit.sanitizer.clone(),
            known,
        })
    }

    pub(super) fn chain(&self) -> Chain {
        self.chain.clone()
    }

    /// Writes records, spans first: whoever finds an end finds its span too. All of it is durable then.
    ///
    /// # Errors
    /// What the ledger says; what of it is there already is left out the next time.
    pub(super) fn write(&mut self, all: &[Rendered]) -> Result<Written, String> {
        let mut written = Written::default();
        let (mut spans, mut logs) = (Vec::new(), Vec::new());
        for of in all {
            let new = of.spans.iter().filter(|span| !self.known.contains(&span_key(span)));
            spans.extend(new.map(|span| (of, span)));
            let new = of
                .logs
                .iter()
                .filter(|record| !self.known.contains(&record_key(record)));
            logs.extend(new.map(|record| (of, record)));
            written.repeats += (of.spans.len() + of.logs.len()) as u64;
        }
        written.repeats -= (spans.len() + logs.len()) as u64;
        let mut last = None;
        for part in parts(&spans, |span| span.encoded_len()) {
            let form = Form {
                signal: Signal::Traces,
                request: span_request,
                key: span_key,
            };
            self.write_part(part, &mut written, &mut last, &form)?;
        }
        for part in parts(&logs, |record| record.encoded_len()) {
            let form = Form {
                signal: Signal::Logs,
                request: log_request,
                key: record_key,
            };
            self.write_part(part, &mut written, &mut last, &form)?;
        }
        if let Some(receipt) = last {
            self.chain.wait_durable(&receipt).map_err(|error| error.to_string())?;
        }
        Ok(written)
    }

    fn write_part<T>(
        &mut self,
        part: &[(&Rendered, &T)],
        written: &mut Written,
        last: &mut Option<Receipt>,
        form: &Form<T>,
    ) -> Result<(), String> {
        match self.append(form.signal, (form.request)(part)) {
            Ok(receipt) => {
                *last = Some(receipt);
                written.records += part.len() as u64;
                self.known.extend(part.iter().map(|(_, item)| (form.key)(item)));
                Ok(())
            }
            Err(Why::Refused(why)) => Err(why),
            // One that does not fit costs itself, not those beside it.
            Err(Why::Unfit) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                self.write_part(first, written, last, form)?;
                self.write_part(second, written, last, form)
            }
            Err(Why::Unfit) => {
                written.refused += 1;
                Ok(())
            }
        }
    }

    fn append(&self, signal: Signal, request: Vec<u8>) -> Result<Receipt, Why> {
        let batch = Batch {
            tenant: self.tenant.clone(),
            signal,
            origin: self.origin,
            payload: Payload::Otlp(request.into()),
        };
        let clean = self.sanitizer.batch(batch).map_err(|_| Why::Unfit)?;
        self.chain.write(&clean).map_err(|refused| match refused {
            Refused::TooLarge { .. } => Why::Unfit,
            other => Why::Refused(other.to_string()),
        })
    }

    /// The cursor after these, to be committed with that they wait no more. It stands still while something else is written
    /// in part.
    pub(super) fn cursor_after(&self, all: &[Rendered]) -> Option<(String, String)> {
        let these: HashSet<String> = all.iter().flat_map(Rendered::keys).collect();
        let is_all = self.known.iter().all(|key| these.contains(key));
        let here = || [(self.chain.id().id, self.chain.written())];
        is_all.then(|| (CURSOR.to_owned(), cursor(&here())))
    }

    /// These wait no more.
    pub(super) fn settled(&mut self, all: &[Rendered]) {
        for key in all.iter().flat_map(Rendered::keys) {
            self.known.remove(&key);
        }
    }

    /// Nothing waits.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    pub(super) fn seal(&self) -> Result<(), Error> {
        self.chain.seal().map(|_| ())
    }
}

/// How items become a request.
struct Form<T> {
    signal: Signal,
    request: fn(&[(&Rendered, &T)]) -> Vec<u8>,
    key: fn(&T) -> String,
}

/// Chains and frames, the last of them the chain that is written.
fn cursor(places: &[(Ulid, u64)]) -> String {
    let places = places.iter().map(|(chain, frame)| format!("{chain} {frame}"));
    places.collect::<Vec<_>>().join(",")
}

fn read_cursor(text: &str) -> Vec<(Ulid, u64)> {
    let place = |text: &str| {
        let (chain, frame) = text.split_once(' ')?;
        Some((Ulid::from_string(chain).ok()?, frame.parse().ok()?))
    };
    text.split(',').filter_map(place).collect()
}

/// The chain that a crash has left; `None` when it was sealed or is gone.
fn reopen(ledger: &Ledger, id: &ChainId) -> Result<Option<Chain>, Error> {
    for _ in 0..BUSY_TRIES {
        match ledger.reopen(id) {
            Ok((chain, _)) => return Ok(Some(chain)),
            Err(Error::Sealed(_) | Error::NoChain(_)) => return Ok(None),
            Err(Error::Locked { .. }) => std::thread::sleep(BUSY),
            Err(error) => return Err(error),
        }
    }
    ledger.reopen(id).map(|(chain, _)| Some(chain))
}
