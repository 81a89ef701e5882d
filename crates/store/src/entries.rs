//! An operation's records, read back from the ledger.

use crate::entry::{audit_records, entry};
use crate::{Entry, Error, Operation, Store};
use prost::Message;
use sitelog_ledger::{ChainId, Frame, Ledger};
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::{Payload, TenantId, Ulid};
use std::collections::{BTreeSet, HashMap};

/// The audit records of one frame; none where it holds something else.
pub fn entries_of(frame: &Frame) -> Vec<Entry> {
    let Payload::Otlp(bytes) = &frame.batch.get().payload else {
        return Vec::new();
    };
    let Ok(request) = ExportLogsServiceRequest::decode(bytes.clone()) else {
        return Vec::new();
    };
    let records = audit_records(&request);
    records
        .map(|(item, record, resource)| entry(frame.position.frame, item, record, resource))
        .collect()
}

/// A record's place: frame and item.
type Place = (u64, u32);

impl Store {
    /// The records of an operation in their order, from number `from` on (0: all).
    ///
    /// # Errors
    /// [`Error::Gone`] when the ledger no longer holds them, and the index's and the ledger's.
    pub fn entries(&self, ledger: &Ledger, operation: &Operation, from: usize) -> Result<Vec<Entry>, Error> {
        let places = self.places(operation, from)?;
        let gone = || Error::Gone(operation.operation.clone());
        let chain = ChainId {
            tenant: TenantId::new(&operation.tenant).map_err(|_| gone())?,
            id: Ulid::from_string(&operation.chain).map_err(|_| gone())?,
        };
        let (Some(first), Some(last)) = (
            places.iter().map(|place| place.0).min(),
            places.iter().map(|place| place.0).max(),
        ) else {
            return Ok(Vec::new());
        };
        let wanted: HashMap<Place, usize> = places
            .iter()
            .enumerate()
            .map(|(order, place)| (*place, order))
            .collect();
        let mut entries: Vec<(usize, Entry)> = Vec::with_capacity(places.len());
        for frame in ledger.records(&chain, first)? {
            // A damaged frame costs its own records; they are missed below.
            let Ok(frame) = frame else { continue };
            let number = frame.position.frame;
            if number > last {
                break;
            }
            let Payload::Otlp(bytes) = &frame.batch.get().payload else {
                continue;
            };
            let Ok(request) = ExportLogsServiceRequest::decode(bytes.clone()) else {
                continue;
            };
            for (item, record, resource) in audit_records(&request) {
                if let Some(order) = wanted.get(&(number, item)) {
                    entries.push((*order, entry(number, item, record, resource)));
                }
            }
        }
        if entries.is_empty() {
            return Err(gone());
        }
        entries.sort_by_key(|(order, _)| *order);
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The frames of its chain that hold an operation's records.
    ///
    /// # Errors
    /// The index's.
    pub fn frames(&self, operation: &Operation) -> Result<BTreeSet<u64>, Error> {
        Ok(self.places(operation, 0)?.into_iter().map(|(frame, _)| frame).collect())
    }

    fn places(&self, operation: &Operation, from: usize) -> Result<Vec<Place>, Error> {
        let sql = "SELECT frame, item FROM records WHERE operation = ?1 ORDER BY seq, frame, item LIMIT -1 OFFSET ?2";
        let mut query = self.index.prepare_cached(sql)?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let rows = query.query_map([operation.row, from], |row| {
            let frame: i64 = row.get(0)?;
            Ok((u64::try_from(frame).unwrap_or(0), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
