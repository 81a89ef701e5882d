//! What the index answers.

use crate::trail::{Told, Trail};
use sitelog_ledger::Ledger;
use sitelog_model::Ulid;
use sitelog_store::{Filter, Found, Operation, Store};

const NETWORK: &str = "urn:pulumi:prod::payments::acme:net:Network::core";
const BUCKET: &str = "module.store.terraform_data.bucket[\"a\"]";

/// Three operations of two people on two stacks; the last one goes on.
fn three() -> Trail {
    let trail = Trail::new();
    let chain = trail.chain();
    trail.tell(
        &chain,
        &Told {
            start: 1_000,
            resources: &[NETWORK],
            ..Told::default()
        },
    );
    let failed = Told {
        start: 5_000,
        verb: "destroy",
        actor: "bob",
        result: Some("failed"),
        ..Told::default()
    };
    trail.tell(&chain, &failed);
    let chain = trail.chain();
    let running = Told {
        start: 9_000,
        stack: "test",
        resources: &[NETWORK, BUCKET],
        result: None,
        ..Told::default()
    };
    trail.tell(&chain, &running);
    trail
}

fn caught_up(ledger: &Ledger, folder: &std::path::Path) -> Store {
    let mut store = Store::open(folder).unwrap();
    store.catch_up(ledger, |_| ()).unwrap();
    store
}

fn starts(store: &Store, filter: &Filter) -> Vec<u64> {
    let found = store.operations(filter).unwrap();
    found.iter().map(|operation: &Operation| operation.started).collect()
}

#[test]
fn each_filter_finds_its_own() {
    let trail = three();
    let store = caught_up(&trail.ledger, trail.folder.path());
    let some = |text: &str| Some(text.to_owned());
    let cases: Vec<(&str, Filter, &[u64])> = vec![
        ("all", Filter::default(), &[9_000, 5_000, 1_000]),
        (
            "newest",
            Filter {
                limit: Some(1),
                ..Filter::default()
            },
            &[9_000],
        ),
        (
            "since",
            Filter {
                since: Some(5_000),
                ..Filter::default()
            },
            &[9_000, 5_000],
        ),
        (
            "until",
            Filter {
                until: Some(5_000),
                ..Filter::default()
            },
            &[1_000],
        ),
        (
            "actor",
            Filter {
                actor: some("bob"),
                ..Filter::default()
            },
            &[5_000],
        ),
        (
            "actor pattern",
            Filter {
                actor: some("a*"),
                ..Filter::default()
            },
            &[9_000, 1_000],
        ),
        (
            "project",
            Filter {
                project: some("payments"),
                ..Filter::default()
            },
            &[9_000, 5_000, 1_000],
        ),
        (
            "no project",
            Filter {
                project: some("pay"),
                ..Filter::default()
            },
            &[],
        ),
        (
            "stack",
            Filter {
                stack: some("te?t"),
                ..Filter::default()
            },
            &[9_000],
        ),
        (
            "verb",
            Filter {
                operation: some("destroy"),
                ..Filter::default()
            },
            &[5_000],
        ),
        (
            "resource",
            Filter {
                resource: some(NETWORK),
                ..Filter::default()
            },
            &[9_000, 1_000],
        ),
        (
            "resource's name",
            Filter {
                resource: some("core"),
                ..Filter::default()
            },
            &[9_000, 1_000],
        ),
        (
            "resource pattern",
            Filter {
                resource: some("*bucket[\"a\"]"),
                ..Filter::default()
            },
            &[9_000],
        ),
        (
            "result",
            Filter {
                result: some("failed"),
                ..Filter::default()
            },
            &[5_000],
        ),
        (
            "running",
            Filter {
                result: some("running"),
                ..Filter::default()
            },
            &[9_000],
        ),
        (
            "tenant",
            Filter {
                tenant: some("default"),
                ..Filter::default()
            },
            &[9_000, 5_000, 1_000],
        ),
        (
            "other tenant",
            Filter {
                tenant: some("other"),
                ..Filter::default()
            },
            &[],
        ),
        (
            "two",
            Filter {
                actor: some("ada"),
                resource: some(BUCKET),
                ..Filter::default()
            },
            &[9_000],
        ),
        (
            "no injection",
            Filter {
                actor: some("' OR 1 --"),
                ..Filter::default()
            },
            &[],
        ),
    ];
    for (what, filter, expected) in cases {
        assert_eq!(starts(&store, &filter), expected, "{what}");
    }
}

#[test]
fn an_operation_is_what_its_records_say() {
    let trail = three();
    let store = caught_up(&trail.ledger, trail.folder.path());
    let filter = Filter {
        result: Some("failed".into()),
        ..Filter::default()
    };
    let [operation] = store.operations(&filter).unwrap().try_into().unwrap();
    assert_eq!(
        (operation.name.as_deref(), operation.actor.as_deref()),
        (Some("destroy"), Some("bob"))
    );
    assert_eq!(
        (operation.ended, operation.exit_code, operation.records),
        (Some(6_000), Some(1), 3)
    );
    assert_eq!(operation.changes.get("create"), Some(&1));
    let entries = store.entries(&trail.ledger, &operation, 0).unwrap();
    let events: Vec<&str> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(
        events,
        [
            "sitelog.operation.started",
            "sitelog.resource.completed",
            "sitelog.operation.completed"
        ]
    );
    assert_eq!(entries[1].text("sitelog.resource.action"), Some("create"));
    assert_eq!(entries[1].text("pulumi.stack"), Some("prod"));
    assert_eq!(store.entries(&trail.ledger, &operation, 2).unwrap(), entries[2..]);
}

#[test]
fn what_is_written_later_is_found_later() {
    let trail = Trail::new();
    let (chain, id) = (trail.chain(), Ulid::generate());
    let mut store = caught_up(&trail.ledger, trail.folder.path());
    assert_eq!(starts(&store, &Filter::default()), [0; 0]);
    trail.tell(&chain, &Told { id, ..Told::default() });
    assert_eq!(store.catch_up(&trail.ledger, |_| ()).unwrap().records, 3);
    trail.tell(
        &chain,
        &Told {
            start: 2_000,
            ..Told::default()
        },
    );
    chain.seal().unwrap();
    assert_eq!(store.catch_up(&trail.ledger, |_| ()).unwrap().records, 3);
    assert_eq!(store.catch_up(&trail.ledger, |_| ()).unwrap().records, 0);
    assert_eq!(starts(&store, &Filter::default()), [2_000, 1_000]);
    let text = id.to_string();
    assert!(matches!(store.find(&text[..20], None).unwrap(), Found::One(one) if one.operation == text));
    assert_eq!(store.find("0ZZZZ", None).unwrap(), Found::None);
    assert_eq!(store.find("0", None).unwrap(), Found::Many(2));
}
