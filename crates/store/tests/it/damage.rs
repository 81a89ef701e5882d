//! The index is never the record: whatever becomes of it, the answers stay.

use crate::trail::{Told, Trail};
use sitelog_store::{Filter, Health, Operation, Store};

fn trail() -> Trail {
    let trail = Trail::new();
    for number in 0..40u64 {
        let chain = trail.chain();
        let address = format!("urn:pulumi:prod::payments::a:b:C::r{number}");
        let result = ["succeeded", "failed", "canceled"][(number % 3) as usize];
        let told = Told {
            start: number * 10_000,
            resources: &[&address],
            result: Some(result),
            ..Told::default()
        };
        trail.tell(&chain, &told);
        chain.seal().unwrap();
    }
    trail
}

fn answers(store: &Store) -> Vec<Vec<Operation>> {
    let some = |text: &str| Some(text.to_owned());
    let filters = [
        Filter::default(),
        Filter {
            result: some("failed"),
            ..Filter::default()
        },
        Filter {
            resource: some("*r1?"),
            since: Some(100_000),
            ..Filter::default()
        },
    ];
    filters
        .iter()
        .map(|filter| without_rows(store.operations(filter).unwrap()))
        .collect()
}

/// Through JSON: the answers as users see them.
fn without_rows(operations: Vec<Operation>) -> Vec<Operation> {
    let mut operations = operations;
    operations.sort_by(|a, b| a.operation.cmp(&b.operation));
    operations
}

fn text(answers: &[Vec<Operation>]) -> String {
    serde_json::to_string(answers).unwrap()
}

#[test]
fn a_deleted_index_gives_the_same_answers() {
    let trail = trail();
    let mut store = Store::open(trail.folder.path()).unwrap();
    assert!(matches!(store.health(), Health::New));
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    let before = text(&answers(&store));
    assert!(before.len() > 10_000, "there is something to lose");
    drop(store);
    let mut store = Store::rebuild(trail.folder.path()).unwrap();
    assert_eq!(answers(&store).concat(), []);
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    assert_eq!(text(&answers(&store)), before);
}

#[test]
fn a_damaged_index_is_built_anew() {
    let trail = trail();
    let path = trail.folder.path().join("index.sqlite");
    let mut store = Store::open(trail.folder.path()).unwrap();
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    let before = text(&answers(&store));
    drop(store);
    for garbage in [vec![0x5a; 40_000], b"no database".to_vec(), Vec::new()] {
        std::fs::write(&path, garbage).unwrap();
        let mut store = Store::open(trail.folder.path()).unwrap();
        store.catch_up(&trail.ledger, |_| ()).unwrap();
        assert_eq!(text(&answers(&store)), before);
    }
}

#[test]
fn an_index_of_another_version_is_built_anew() {
    let trail = trail();
    let mut store = Store::open(trail.folder.path()).unwrap();
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    let before = text(&answers(&store));
    drop(store);
    let index = rusqlite::Connection::open(trail.folder.path().join("index.sqlite")).unwrap();
    index.pragma_update(None, "user_version", 999).unwrap();
    drop(index);
    let mut store = Store::open(trail.folder.path()).unwrap();
    assert!(matches!(store.health(), Health::Damaged(why) if why.contains("another version")));
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    assert_eq!(text(&answers(&store)), before);
}

#[test]
fn a_folder_that_cannot_be_written_is_answered_from_memory() {
    let trail = trail();
    let nowhere = trail.folder.path().join("no").join("such").join("folder");
    let mut store = Store::open(&nowhere).unwrap();
    assert!(matches!(store.health(), Health::InMemory(_)));
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    assert_eq!(store.operations(&Filter::default()).unwrap().len(), 40);
}

#[test]
fn a_chain_that_is_gone_is_forgotten() {
    let trail = trail();
    let mut store = Store::open(trail.folder.path()).unwrap();
    store.catch_up(&trail.ledger, |_| ()).unwrap();
    let gone = trail.ledger.chains().unwrap().swap_remove(7);
    let folder = trail.folder.path().join("tenants/default").join(gone.id.to_string());
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(store.catch_up(&trail.ledger, |_| ()).unwrap().gone, 1);
    assert_eq!(store.operations(&Filter::default()).unwrap().len(), 39);
}
