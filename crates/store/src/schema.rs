//! The tables. Another version of them means: build anew.

/// Bumped with every change of [`TABLES`] or of what is put into them.
pub(crate) const VERSION: i64 = 2;

/// Rows of `records` are in the order of the trail, so that reading an operation is reading one range.
pub(crate) const TABLES: &str = "
CREATE TABLE chains (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    chain TEXT NOT NULL,
    next_frame INTEGER NOT NULL DEFAULT 0,
    sealed INTEGER NOT NULL DEFAULT 0,
    damaged INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, chain)
);
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    chain INTEGER NOT NULL REFERENCES chains (id),
    operation TEXT NOT NULL,
    run TEXT,
    tool TEXT,
    name TEXT,
    organization TEXT,
    project TEXT,
    stack TEXT,
    actor TEXT,
    actor_source TEXT,
    started INTEGER NOT NULL,
    ended INTEGER,
    result TEXT,
    error_type TEXT,
    exit_code INTEGER,
    changes TEXT,
    records INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (chain, operation)
);
CREATE INDEX operations_started ON operations (started);
CREATE INDEX operations_project ON operations (project, started);
CREATE INDEX operations_stack ON operations (stack, started);
CREATE INDEX operations_actor ON operations (actor, started);
CREATE INDEX operations_result ON operations (result, started);
CREATE TABLE resources (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    name TEXT
);
CREATE INDEX resources_name ON resources (name);
CREATE TABLE touched (
    resource INTEGER NOT NULL REFERENCES resources (id),
    operation INTEGER NOT NULL REFERENCES operations (id),
    PRIMARY KEY (resource, operation)
) WITHOUT ROWID;
CREATE TABLE records (
    operation INTEGER NOT NULL REFERENCES operations (id),
    seq INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    item INTEGER NOT NULL,
    PRIMARY KEY (operation, seq, frame, item)
) WITHOUT ROWID;
";
