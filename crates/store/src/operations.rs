//! The operations that a filter finds.

use crate::{Error, Filter, Store};
use rusqlite::Row;
use serde::Serialize;
use std::collections::BTreeMap;

/// One operation, as its records tell it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    /// Its ULID.
    pub operation: String,
    /// The run it belongs to.
    pub run: Option<String>,
    /// Whose it is.
    pub tenant: String,
    /// The chain that holds its records.
    pub chain: String,
    /// `pulumi`, `terraform`, `tofu`.
    pub tool: Option<String>,
    /// `up`, `apply` …
    pub name: Option<String>,
    /// Pulumi's organization.
    pub organization: Option<String>,
    /// Pulumi's project, Terraform's root.
    pub project: Option<String>,
    /// Pulumi's stack, Terraform's workspace.
    pub stack: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// How that is known.
    pub actor_source: Option<String>,
    /// Start, Unix nanoseconds.
    pub started: u64,
    /// End, Unix nanoseconds; none while it goes on.
    pub ended: Option<u64>,
    /// How it ended.
    pub result: Option<String>,
    /// Why it failed.
    pub error_type: Option<String>,
    /// The tool's exit status.
    pub exit_code: Option<i64>,
    /// Resources by action, as the engine counts them.
    pub changes: BTreeMap<String, u64>,
    /// Records of it.
    pub records: u64,
    /// Resources that failed.
    pub failed: u64,
    #[serde(skip)]
    pub(crate) row: i64,
}

/// What a search for one operation found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Just this one.
    One(Box<Operation>),
    /// No operation.
    None,
    /// So many.
    Many(usize),
}

/// Records are counted when an operation has completed; before, they are counted here.
const SELECT: &str = "SELECT o.operation, o.run, c.tenant, c.chain, o.tool, o.name, o.organization, o.project, o.stack, \
    o.actor, o.actor_source, o.started, o.ended, o.result, o.error_type, o.exit_code, o.changes, \
    CASE WHEN o.ended IS NULL THEN (SELECT count(*) FROM records r WHERE r.operation = o.id) ELSE o.records END, \
    o.failed, o.id FROM operations o JOIN chains c ON c.id = o.chain";

impl Store {
    /// The operations that a filter finds, newest first.
    ///
    /// # Errors
    /// The index's.
    pub fn operations(&self, filter: &Filter) -> Result<Vec<Operation>, Error> {
        let condition = filter.condition();
        let limit = filter
            .limit
            .map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "{SELECT} WHERE {} ORDER BY o.started DESC, o.operation DESC LIMIT {limit}",
            condition.sql
        );
        let mut query = self.index.prepare_cached(&sql)?;
        let rows = query.query_map(rusqlite::params_from_iter(condition.values), operation)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The operation of an id, of the beginning of one, or the `last`.
    ///
    /// # Errors
    /// The index's.
    pub fn find(&self, wanted: &str, tenant: Option<&str>) -> Result<Found, Error> {
        let mut filter = Filter {
            tenant: tenant.map(str::to_owned),
            ..Filter::default()
        };
        if wanted == "last" {
            filter.limit = Some(1);
        } else {
            filter.operation = Some(wanted.to_owned());
        }
        let mut found = self.operations(&filter)?;
        Ok(match (found.len(), found.pop()) {
            (1, Some(one)) => Found::One(Box::new(one)),
            (0, _) => Found::None,
            (many, _) => Found::Many(many),
        })
    }
}

fn operation(row: &Row<'_>) -> rusqlite::Result<Operation> {
    let nanos = |column: usize| -> rusqlite::Result<Option<u64>> {
        let number: Option<i64> = row.get(column)?;
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    };
    let changes: Option<String> = row.get(16)?;
    Ok(Operation {
        operation: row.get(0)?,
        run: row.get(1)?,
        tenant: row.get(2)?,
        chain: row.get(3)?,
        tool: row.get(4)?,
        name: row.get(5)?,
        organization: row.get(6)?,
        project: row.get(7)?,
        stack: row.get(8)?,
        actor: row.get(9)?,
        actor_source: row.get(10)?,
        started: nanos(11)?.unwrap_or(0),
        ended: nanos(12)?,
        result: row.get(13)?,
        error_type: row.get(14)?,
        exit_code: row.get(15)?,
        changes: changes
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        records: nanos(17)?.unwrap_or(0),
        failed: nanos(18)?.unwrap_or(0),
        row: row.get(19)?,
    })
}
