//! The organizations' audit logs: what is new in them, in each cycle.

use super::job::{Hear, Job, Pages};
use super::{Cycle, Memory};
use crate::api::ApiError;
use crate::beyond::log_cursor::LogCursor;
use crate::config::Backfill;
use crate::state::StateError;
use std::sync::Arc;

/// What the names of the cursors begin with that say how far audit logs are read.
pub(super) const CURSOR: &str = "audit/";

/// An organization's audit log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// How far it is read; `None` before the first time.
    pub(crate) cursor: Option<LogCursor>,
    /// The cycle in which it was refused.
    refused: Option<u32>,
}

/// What was read of one.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(super) organization: Arc<str>,
    pub(super) cursor: LogCursor,
    /// What is to be recorded.
    pub(super) rows: Vec<(String, Vec<u8>)>,
}

impl Noted {
    /// The cursor as it is kept.
    pub(super) fn kept(&self) -> (String, String) {
        let name = format!("{CURSOR}{}", self.organization);
        (name, serde_json::to_string(&self.cursor).unwrap_or_default())
    }
}

impl Memory {
    /// Takes up how far the audit logs are read.
    pub(crate) fn restore_logs(&mut self) -> Result<(), StateError> {
        for organization in &mut self.organizations {
            let kept = super::lock(&self.state).cursor(&format!("{CURSOR}{}", organization.name))?;
            organization.log.cursor = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        }
        Ok(())
    }

    /// From when on an audit log is recorded that was never read.
    fn first(&self, now: u64) -> i64 {
        let now = i64::try_from(now / 1_000_000_000).unwrap_or(i64::MAX);
        match self.config.backfill {
            Backfill::All if !self.has_gap => 0,
            Backfill::Window(time) if !self.has_gap => {
                now.saturating_sub(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
            }
            _ => now,
        }
    }
}

impl Cycle<'_> {
    /// Asks for what is new in each log.
    pub(super) fn hear(&mut self, now: u64) {
        if !self.memory.config.audit.as_ref().is_some_and(|audit| audit.log) {
            return;
        }
        let (first, number) = (self.memory.first(now), self.memory.number);
        // One that is refused is asked for again once a sweep: a plan or a token's rights may change.
        let seldom = self.memory.config.sweep;
        for organization in &mut self.memory.organizations {
            let log = &mut organization.log;
            if log.refused.is_some_and(|refused| number.wrapping_sub(refused) < seldom) {
                continue;
            }
            let cursor = log.cursor.get_or_insert_with(|| {
                // Kept at once: what happens from now on is recorded, whenever it can be read for the first time.
                let cursor = LogCursor::new(first);
                self.batch.noted.push(Noted {
                    organization: Arc::clone(&organization.name),
                    cursor: cursor.clone(),
                    rows: Vec::new(),
                });
                cursor
            });
            self.memory.queue.add(Job::Hear(Hear {
                organization: Arc::clone(&organization.name),
                from: cursor.from,
                pages: Pages::default(),
                entries: Vec::new(),
            }));
        }
    }

    /// A log was read to its end.
    pub(super) fn heard(&mut self, hear: Hear) {
        let Some(audit) = self.memory.config.audit.clone() else {
            return;
        };
        let name = Arc::clone(&hear.organization);
        self.memory.counters.change(|counts| {
            counts.audit_log_refused.insert(Arc::clone(&name), false);
        });
        let Some(known) = self.memory.organization(&name) else {
            return;
        };
        let was_refused = known.log.refused.take().is_some();
        let Some(cursor) = &known.log.cursor else { return };
        let (after, rows) = cursor.after(&name, hear.entries, &audit.sanitizer);
        if after != *cursor || !rows.is_empty() {
            self.batch.noted.push(Noted {
                organization: Arc::clone(&name),
                cursor: after,
                rows,
            });
        }
        if was_refused {
            self.report
                .remarks
                .push(format!("{name}: the audit log can be read again"));
        }
    }

    /// Whether an error says that there is no audit log for this token; that is said once and fails nothing.
    pub(super) fn refused_log(&mut self, organization: &Arc<str>, error: &ApiError) -> bool {
        let is_refusal = matches!(error, ApiError::Refused { .. } | ApiError::Gone(_)) && !error.is_unauthorized();
        if !is_refusal {
            return false;
        }
        self.memory.counters.change(|counts| {
            counts.audit_log_refused.insert(Arc::clone(organization), true);
        });
        let number = self.memory.number;
        if let Some(known) = self.memory.organization(organization)
            && known.log.refused.replace(number).is_none()
        {
            let remark = format!("{organization}: its audit log is not recorded: {error}");
            self.report.remarks.push(remark);
        }
        true
    }
}
