//! Rows of the state's tables, to and from SQLite.

use super::StateError;
use crate::counting::Cursor;
use crate::metrics::{ALL, Kind, Metric};
use crate::series::{Histogram, Labels, Value};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An organization that is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRow {
    /// Its login.
    pub name: Arc<str>,
    /// Since when, Unix nanoseconds.
    pub since: u64,
}

/// What the list said of a stack when it was counted last: while it says the same, nothing has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// When its last update began, Unix seconds; 0 if there was none.
    pub last_update: i64,
    /// Its resources.
    pub resources: i64,
}

/// A stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackRow {
    /// The service's id, or its three names where there is none.
    pub id: Arc<str>,
    /// Organization, project and stack.
    pub labels: [Arc<str>; 3],
    /// What the list said.
    pub mark: Mark,
    /// How far it is counted.
    pub cursor: Cursor,
    /// When its updates were read last, Unix nanoseconds; 0 while they never were.
    pub checked: u64,
    /// Since when it is in its organization's list no more, Unix nanoseconds; 0 while it is.
    pub gone: u64,
}

/// A sum or a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct SumRow {
    /// Of which metric.
    pub metric: &'static Metric,
    /// Of which series.
    pub labels: Labels,
    /// Since when it is counted, Unix nanoseconds.
    pub start: u64,
    /// What it is at.
    pub value: Value,
}

/// An id for this installation of the exporter.
pub(super) fn instance(now: u64) -> String {
    let made = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(now);
    ulid::Ulid::from_datetime(made).to_string()
}

pub(super) fn organizations(database: &Connection) -> Result<Vec<OrganizationRow>, StateError> {
    let mut ask = database.prepare("SELECT name, since FROM organizations")?;
    let rows = ask.query_map((), |row| {
        let name: String = row.get(0)?;
        let since: i64 = row.get(1)?;
        Ok(OrganizationRow {
            name: name.into(),
            since: since.cast_unsigned(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn write_organizations(database: &Connection, rows: &[OrganizationRow]) -> Result<(), StateError> {
    let mut write = database.prepare_cached("INSERT OR REPLACE INTO organizations (name, since) VALUES (?1, ?2)")?;
    for row in rows {
        write.execute((&*row.name, row.since.cast_signed()))?;
    }
    Ok(())
}

pub(super) fn stacks(database: &Connection) -> Result<Vec<StackRow>, StateError> {
    let mut ask = database.prepare(
        "SELECT id, org, project, name, last_update, resources, upto, open, ended, checked, gone FROM stacks",
    )?;
    let mut rows = ask.query(())?;
    let mut stacks = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at).map(Arc::<str>::from);
        let open: BTreeSet<u64> = parse(&row.get::<_, String>(7)?)?;
        stacks.push(StackRow {
            id: text(0)?,
            labels: [text(1)?, text(2)?, text(3)?],
            mark: Mark {
                last_update: row.get(4)?,
                resources: row.get(5)?,
            },
            cursor: Cursor {
                upto: row.get::<_, i64>(6)?.cast_unsigned(),
                open,
                ended: row.get(8)?,
            },
            checked: row.get::<_, i64>(9)?.cast_unsigned(),
            gone: row.get::<_, i64>(10)?.cast_unsigned(),
        });
    }
    Ok(stacks)
}

pub(super) fn write_stacks(database: &Connection, rows: &[StackRow]) -> Result<(), StateError> {
    let mut write = database.prepare_cached(
        "INSERT OR REPLACE INTO stacks (id, org, project, name, last_update, resources, upto, open, ended, checked, gone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for row in rows {
        let [org, project, name] = &row.labels;
        write.execute((
            &*row.id,
            &**org,
            &**project,
            &**name,
            row.mark.last_update,
            row.mark.resources,
            row.cursor.upto.cast_signed(),
            json(&row.cursor.open)?,
            row.cursor.ended,
            row.checked.cast_signed(),
            row.gone.cast_signed(),
        ))?;
    }
    Ok(())
}

pub(super) fn sums(database: &Connection) -> Result<Vec<SumRow>, StateError> {
    let mut ask = database.prepare("SELECT metric, labels, start, value FROM sums")?;
    read_sums(ask.query(())?)
}

/// Labels are kept as a JSON list, which begins as the list of the first of them does.
pub(super) fn sums_below(database: &Connection, prefix: &[Arc<str>]) -> Result<Vec<SumRow>, StateError> {
    let mut ask = database.prepare_cached(
        "SELECT metric, labels, start, value FROM sums WHERE metric = ?1 AND labels > ?2 AND labels < ?3",
    )?;
    let mut from = json(&prefix.iter().map(|label| &**label).collect::<Vec<_>>())?;
    from.pop();
    let (from, upto) = (format!("{from},"), format!("{from}-"));
    let mut found = Vec::new();
    for metric in ALL {
        if matches!(metric.kind, Kind::Counter | Kind::Histogram(_)) {
            found.extend(read_sums(ask.query((metric.name, &from, &upto))?)?);
        }
    }
    Ok(found)
}

/// Sums of metrics that are no more are left where they are.
fn read_sums(mut rows: rusqlite::Rows<'_>) -> Result<Vec<SumRow>, StateError> {
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Some(metric) = ALL.into_iter().find(|metric| metric.name == name) else {
            continue;
        };
        let labels: Vec<String> = parse(&row.get::<_, String>(1)?)?;
        sums.push(SumRow {
            metric,
            labels: labels.into_iter().map(Arc::from).collect(),
            start: row.get::<_, i64>(2)?.cast_unsigned(),
            value: value(&row.get::<_, String>(3)?)?,
        });
    }
    Ok(sums)
}

pub(super) fn write_sums(database: &Connection, rows: &[SumRow]) -> Result<(), StateError> {
    let mut write = database
        .prepare_cached("INSERT OR REPLACE INTO sums (metric, labels, start, value) VALUES (?1, ?2, ?3, ?4)")?;
    for row in rows {
        let labels: Vec<&str> = row.labels.iter().map(|label| &**label).collect();
        let value = match &row.value {
            Value::Int(value) => json(value)?,
            Value::Histogram(histogram) => json(&(&histogram.buckets, histogram.sum, histogram.min, histogram.max))?,
        };
        write.execute((row.metric.name, json(&labels)?, row.start.cast_signed(), value))?;
    }
    Ok(())
}

fn value(text: &str) -> Result<Value, StateError> {
    if let Ok(value) = text.parse::<i64>() {
        return Ok(Value::Int(value));
    }
    let (buckets, sum, min, max) = parse(text)?;
    Ok(Value::Histogram(Box::new(Histogram { buckets, sum, min, max })))
}

fn json(value: &impl serde::Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| StateError::Malformed(error.to_string()))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StateError> {
    serde_json::from_str(text).map_err(|error| StateError::Malformed(error.to_string()))
}
