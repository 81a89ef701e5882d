//! Fills the index with what the ledger has gained, and takes out what it has lost.

use crate::entry::{audit_records, find, int, text, time};
use crate::{Error, Store};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sitelog_ledger::{ChainId, Ledger, State};
use sitelog_model::attributes as name;
use sitelog_model::otlp::collector::logs::v1::ExportLogsServiceRequest;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::otlp::logs::v1::LogRecord;
use sitelog_model::{Payload, Signal, TenantId};
use std::collections::{HashMap, HashSet};

/// What a catch-up found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Records put into the index.
    pub records: u64,
    /// Places in the ledger that cannot be read.
    pub damaged: u64,
    /// Chains that are no longer in the ledger, and so no longer in the index.
    pub gone: u64,
}

/// A chain of the ledger in the index.
struct Known {
    row: i64,
    next_frame: u64,
    sealed: bool,
}

impl Store {
    /// The chains that may still gain something: being written, or left unfinished by who wrote them.
    ///
    /// # Errors
    /// The index's.
    pub fn unsealed(&self) -> Result<Vec<ChainId>, Error> {
        let mut query = self
            .index
            .prepare("SELECT tenant, chain FROM chains WHERE NOT sealed")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        let id = |(tenant, chain): (String, String)| {
            let tenant = TenantId::new(&tenant).ok()?;
            Some(ChainId {
                tenant,
                id: chain.parse().ok()?,
            })
        };
        Ok(rows.into_iter().filter_map(id).collect())
    }

    /// Reads what the ledger has gained since the last time. `progress` hears of the records as they are read.
    ///
    /// # Errors
    /// The index's and the ledger's; the index then stays as it was.
    pub fn catch_up(&mut self, ledger: &Ledger, mut progress: impl FnMut(u64)) -> Result<CaughtUp, Error> {
        let mut found = CaughtUp::default();
        let transaction = self.index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let chains = ledger.chains()?;
        let mut known = known(&transaction)?;
        let mut resources = Resources::default();
        for chain in chains {
            let key = (chain.tenant.to_string(), chain.id.to_string());
            let known = match known.remove(&key) {
                Some(known) if known.sealed => continue,
                Some(known) => known,
                None => add_chain(&transaction, &key)?,
            };
            let mut filling = Filling {
                index: &transaction,
                chain: known.row,
                open: HashMap::new(),
                resources: &mut resources,
            };
            let (before, damaged) = (found.records, found.damaged);
            let next = filling.read(ledger, &chain, known.next_frame, &mut found)?;
            // Asked after reading: a chain that was sealed meanwhile is looked at once more, not missed.
            let sealed = next == known.next_frame && matches!(ledger.status(&chain)?.state, State::Sealed);
            transaction
                .prepare_cached("UPDATE chains SET next_frame = ?2, sealed = ?3, damaged = damaged + ?4 WHERE id = ?1")?
                .execute(params![
                    known.row,
                    next as i64,
                    sealed,
                    (found.damaged - damaged) as i64
                ])?;
            if found.records > before {
                progress(found.records);
            }
        }
        for (_, known) in known {
            forget(&transaction, known.row)?;
            found.gone += 1;
        }
        transaction.commit()?;
        Ok(found)
    }
}

fn known(index: &Connection) -> Result<HashMap<(String, String), Known>, Error> {
    let mut query = index.prepare("SELECT tenant, chain, id, next_frame, sealed FROM chains")?;
    let rows = query.query_map([], |row| {
        let next: i64 = row.get(3)?;
        let known = Known {
            row: row.get(2)?,
            next_frame: u64::try_from(next).unwrap_or(0),
            sealed: row.get(4)?,
        };
        Ok(((row.get(0)?, row.get(1)?), known))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn add_chain(index: &Connection, (tenant, chain): &(String, String)) -> Result<Known, Error> {
    index.execute("INSERT INTO chains (tenant, chain) VALUES (?1, ?2)", [tenant, chain])?;
    Ok(Known {
        row: index.last_insert_rowid(),
        next_frame: 0,
        sealed: false,
    })
}

/// Takes out a chain that is no longer there. Its resources stay known: others may have touched them.
fn forget(index: &Transaction<'_>, chain: i64) -> Result<(), Error> {
    const OF_CHAIN: &str = "(SELECT id FROM operations WHERE chain = ?1)";
    for table in ["records", "touched"] {
        index.execute(&format!("DELETE FROM {table} WHERE operation IN {OF_CHAIN}"), [chain])?;
    }
    index.execute("DELETE FROM operations WHERE chain = ?1", [chain])?;
    index.execute("DELETE FROM chains WHERE id = ?1", [chain])?;
    Ok(())
}

/// Rows of resources by address, for the length of one catch-up.
#[derive(Default)]
struct Resources(HashMap<String, i64>);

/// An operation being filled.
#[derive(Default)]
struct Open {
    row: i64,
    has_stack: bool,
    touched: HashSet<i64>,
}

/// Puts one chain's records into the index.
struct Filling<'a> {
    index: &'a Connection,
    chain: i64,
    open: HashMap<String, Open>,
    resources: &'a mut Resources,
}

impl Filling<'_> {
    /// Gives the frame to go on from the next time.
    fn read(&mut self, ledger: &Ledger, chain: &ChainId, from: u64, found: &mut CaughtUp) -> Result<u64, Error> {
        let mut next = from;
        for frame in ledger.records(chain, from)? {
            let frame = match frame {
                Ok(frame) => frame,
                Err(sitelog_ledger::Error::Damage(_)) => {
                    found.damaged += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            next = frame.position.frame + 1;
            let batch = frame.batch.get();
            let (Signal::Logs, Payload::Otlp(bytes)) = (batch.signal, &batch.payload) else {
                continue;
            };
            let Ok(request) = ExportLogsServiceRequest::decode(bytes.clone()) else {
                found.damaged += 1;
                continue;
            };
            for (item, record, resource) in audit_records(&request) {
                self.add(frame.position.frame, item, record, resource)?;
                found.records += 1;
            }
        }
        Ok(next)
    }

    fn add(&mut self, frame: u64, item: u32, record: &LogRecord, resource: &[KeyValue]) -> Result<(), Error> {
        let Some(id) = find(record, resource, name::SITELOG_OPERATION_ID).and_then(text) else {
            return Ok(());
        };
        let has_stack = stack(record, resource).is_some();
        let operation = match self.open.get(id) {
            // Pulumi's stack is known only with the first resource.
            Some(open) if !open.has_stack => {
                let row = open.row;
                self.describe(row, record, resource)?;
                row
            }
            Some(open) => open.row,
            None => self.begin(id, record, resource)?,
        };
        if let Some(open) = self.open.get_mut(id) {
            open.has_stack |= has_stack;
        }
        let seq = find(record, resource, name::SITELOG_SEQ)
            .and_then(int)
            .unwrap_or(i64::MAX);
        self.index
            .prepare_cached("INSERT OR IGNORE INTO records (operation, seq, frame, item) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![operation, seq, frame as i64, item])?;
        if let Some(address) = find(record, &[], name::SITELOG_RESOURCE_URN).and_then(text) {
            let row = self.resource(address, find(record, &[], name::SITELOG_RESOURCE_NAME).and_then(text))?;
            if self.open.get_mut(id).is_some_and(|open| open.touched.insert(row)) {
                self.index
                    .prepare_cached("INSERT OR IGNORE INTO touched (resource, operation) VALUES (?1, ?2)")?
                    .execute([row, operation])?;
            }
        }
        match record.event_name.as_str() {
            "sitelog.resource.failed" => self.failed(operation),
            "sitelog.operation.completed" | "sitelog.audit_log.entry" => self.complete(operation, record, resource),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, id: &str, record: &LogRecord, resource: &[KeyValue]) -> Result<i64, Error> {
        self.index
            .prepare_cached("INSERT OR IGNORE INTO operations (chain, operation, started) VALUES (?1, ?2, ?3)")?
            .execute(params![self.chain, id, time(record) as i64])?;
        let row = self
            .index
            .prepare_cached("SELECT id FROM operations WHERE chain = ?1 AND operation = ?2")?
            .query_row(params![self.chain, id], |row| row.get(0))?;
        self.open.insert(id.to_owned(), Open { row, ..Open::default() });
        self.describe(row, record, resource)?;
        Ok(row)
    }

    /// Takes over what a record says of its operation; the last word counts.
    fn describe(&self, row: i64, record: &LogRecord, resource: &[KeyValue]) -> Result<(), Error> {
        let of = |key: &str| find(record, resource, key).and_then(text);
        let project = of(name::PULUMI_PROJECT)
            .or_else(|| of(name::TERRAFORM_ROOT))
            .or_else(|| of(name::SITELOG_PROJECT));
        self.index
            .prepare_cached(
                "UPDATE operations SET run = coalesce(?2, run), tool = coalesce(?3, tool), name = coalesce(?4, name), \
                 organization = coalesce(?5, organization), project = coalesce(?6, project), stack = coalesce(?7, stack), \
                 actor = coalesce(?8, actor), actor_source = coalesce(?9, actor_source) WHERE id = ?1",
            )?
            .execute(params![
                row,
                of(name::SITELOG_RUN_ID),
                of(name::SITELOG_TOOL),
                of(name::SITELOG_OPERATION_NAME),
                of(name::PULUMI_ORGANIZATION),
                project,
                stack(record, resource),
                of(name::USER_ID),
                of(name::SITELOG_ACTOR_SOURCE),
            ])?;
        Ok(())
    }

    fn failed(&self, row: i64) -> Result<(), Error> {
        self.index
            .prepare_cached("UPDATE operations SET failed = failed + 1 WHERE id = ?1")?
            .execute([row])?;
        Ok(())
    }

    fn complete(&self, row: i64, record: &LogRecord, resource: &[KeyValue]) -> Result<(), Error> {
        self.describe(row, record, resource)?;
        let of = |key: &str| find(record, resource, key).and_then(text);
        let changes: serde_json::Map<String, serde_json::Value> = record
            .attributes
            .iter()
            .filter_map(|pair| {
                let action = pair.key.strip_prefix("sitelog.changes.")?;
                Some((action.to_owned(), int(pair.value.as_ref()?)?.into()))
            })
            .collect();
        self.index
            .prepare_cached(
                "UPDATE operations SET ended = ?2, result = ?3, error_type = ?4, exit_code = ?5, changes = ?6, \
                 records = (SELECT count(*) FROM records WHERE operation = ?1) WHERE id = ?1",
            )?
            .execute(params![
                row,
                time(record) as i64,
                of(name::SITELOG_OPERATION_RESULT),
                of(name::ERROR_TYPE),
                find(record, resource, name::PROCESS_EXIT_CODE).and_then(int),
                serde_json::Value::Object(changes).to_string(),
            ])?;
        Ok(())
    }

    fn resource(&mut self, address: &str, short: Option<&str>) -> Result<i64, Error> {
        if let Some(row) = self.resources.0.get(address) {
            return Ok(*row);
        }
        let known = self
            .index
            .prepare_cached("SELECT id FROM resources WHERE address = ?1")?
            .query_row([address], |row| row.get(0))
            .optional()?;
        let row = match known {
            Some(row) => row,
            None => {
                self.index
                    .prepare_cached("INSERT INTO resources (address, name) VALUES (?1, ?2)")?
                    .execute(params![address, short])?;
                self.index.last_insert_rowid()
            }
        };
        self.resources.0.insert(address.to_owned(), row);
        Ok(row)
    }
}

fn stack<'a>(record: &'a LogRecord, resource: &'a [KeyValue]) -> Option<&'a str> {
    let names = [name::PULUMI_STACK, name::TERRAFORM_WORKSPACE, name::SITELOG_STACK];
    names.iter().find_map(|key| find(record, resource, key).and_then(text))
}
