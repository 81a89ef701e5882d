//! What is asked for.

/// Which operations. What is not given does not matter; what is given must all hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Started at or after, Unix nanoseconds.
    pub since: Option<u64>,
    /// Started before, Unix nanoseconds.
    pub until: Option<u64>,
    /// Who; `*` and `?` stand for any text and any character, as in all texts below.
    pub actor: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Stack or workspace.
    pub stack: Option<String>,
    /// `up`, `destroy`, `apply` …; or an operation's id, or the beginning of one.
    pub operation: Option<String>,
    /// A resource that was touched: its URN or address, or its name.
    pub resource: Option<String>,
    /// `succeeded`, `failed`, `canceled`, `interrupted`; `running` for one that has no end yet.
    pub result: Option<String>,
    /// Whose.
    pub tenant: Option<String>,
    /// The run it belongs to.
    pub run: Option<String>,
    /// At most so many, the newest; all when `None`.
    pub limit: Option<usize>,
}

/// A condition in SQL with the values of its parameters.
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<rusqlite::types::Value>,
}

impl Filter {
    pub(crate) fn condition(&self) -> Condition {
        let mut all = Condition {
            sql: "1".to_owned(),
            values: Vec::new(),
        };
        let nanos = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        if let Some(since) = self.since {
            all.and("o.started >= ?", nanos(since));
        }
        if let Some(until) = self.until {
            all.and("o.started < ?", nanos(until));
        }
        all.text("o.actor", self.actor.as_deref());
        all.text("o.project", self.project.as_deref());
        all.text("o.stack", self.stack.as_deref());
        all.text("c.tenant", self.tenant.as_deref());
        all.text("o.run", self.run.as_deref());
        match self.result.as_deref() {
            Some("running") => all.sql += " AND o.result IS NULL",
            result => all.text("o.result", result),
        }
        if let Some(operation) = &self.operation {
            // No verb looks like the beginning of a ULID of this millennium.
            if operation.starts_with('0') {
                all.and("o.operation GLOB ?", format!("{}*", escaped(&operation.to_uppercase())));
            } else {
                all.text("o.name", Some(operation));
            }
        }
        if let Some(resource) = &self.resource {
            let (is, value) = comparison(resource);
            all.sql += &format!(
                " AND o.id IN (SELECT t.operation FROM resources r CROSS JOIN touched t ON t.resource = r.id \
                 WHERE r.address {is} OR r.name {is})"
            );
            all.values.extend([value.clone().into(), value.into()]);
        }
        all
    }
}

impl Condition {
    fn and(&mut self, sql: &str, value: impl Into<rusqlite::types::Value>) {
        self.sql += " AND ";
        self.sql += sql;
        self.values.push(value.into());
    }

    fn text(&mut self, column: &str, wanted: Option<&str>) {
        let Some(wanted) = wanted else { return };
        let (is, value) = comparison(wanted);
        self.and(&format!("{column} {is}"), value);
    }
}

/// Equality can use an index; a pattern only its beginning. `[` is a letter here, for addresses are full of it.
fn comparison(wanted: &str) -> (&'static str, String) {
    if wanted.contains(['*', '?']) {
        ("GLOB ?", wanted.replace('[', "[[]"))
    } else {
        ("= ?", wanted.to_owned())
    }
}

fn escaped(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}
