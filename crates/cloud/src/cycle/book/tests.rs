//! What the lists say, and what follows of it.

use super::*;

fn listed(id: &str, name: &str, last_update: i64) -> Listed {
    Listed {
        id: Some(id.to_owned()),
        organization: "o".to_owned(),
        project: "p".to_owned(),
        name: name.to_owned(),
        last_update: (last_update > 0).then_some(last_update),
        resource_count: None,
    }
}

fn place(name: &str) -> Place {
    ["o", "p", name].map(Arc::from)
}

/// A whole list: the places that were claimed and left, and the ids that are gone.
fn list(book: &mut Book, number: u32, is_first: bool, stacks: &[Listed]) -> (Vec<Place>, Vec<Place>, Vec<Arc<str>>) {
    let organization = Arc::from("o");
    let (mut claimed, mut left) = (Vec::new(), Vec::new());
    for stack in stacks {
        let seen = book.see(stack, &organization, number, is_first, 1_000);
        claimed.extend(seen.claimed);
        left.extend(seen.left);
    }
    let (gone, vacated) = book.gone(&organization, number, 1_000);
    left.extend(vacated);
    left.retain(|place| book.is_free(place));
    (claimed, left, gone)
}

fn due(book: &mut Book, cycle: u32) -> Vec<String> {
    let mut due: Vec<_> = book
        .due(&"o".into(), cycle, true)
        .iter()
        .map(|(_, id)| id.to_string())
        .collect();
    due.sort_unstable();
    due
}

/// All that is due was read.
fn read(book: &mut Book, cycle: u32) {
    for entry in book.stacks.values_mut().filter(|entry| entry.is_queued) {
        (entry.mark, entry.checked, entry.is_first) = (entry.listed, 1, false);
        (entry.is_queued, entry.tried, entry.cursor.upto) = (false, cycle, 7);
    }
}

#[test]
fn only_what_has_changed_is_read_and_what_was_never_updated_is_not() {
    let mut book = Book::default();
    let stacks = [listed("1", "a", 5), listed("2", "b", 6), listed("3", "c", 0)];
    list(&mut book, 1, true, &stacks);
    assert_eq!(due(&mut book, 1), ["1", "2"]);
    // Once queued, a stack is not queued again.
    assert!(due(&mut book, 1).is_empty());
    read(&mut book, 1);
    list(&mut book, 2, false, &stacks);
    assert!(due(&mut book, 2).is_empty());
    list(
        &mut book,
        3,
        false,
        &[listed("1", "a", 9), listed("2", "b", 6), listed("3", "c", 9)],
    );
    assert_eq!(due(&mut book, 3), ["1", "3"]);
}

#[test]
fn what_was_left_unread_is_due_before_the_list_comes() {
    let mut book = Book::default();
    list(&mut book, 1, true, &[listed("1", "a", 5)]);
    assert_eq!(book.due(&"o".into(), 1, false).len(), 1);
    // It failed.
    book.settle();
    book.stacks.values_mut().for_each(|entry| entry.tried = 1);
    assert!(book.due(&"o".into(), 1, false).is_empty());
    assert_eq!(book.due(&"o".into(), 2, false).len(), 1);
}

#[test]
fn stacks_that_change_their_names_with_each_other_leave_no_place() {
    let mut book = Book::default();
    list(&mut book, 1, true, &[listed("1", "a", 5), listed("2", "b", 6)]);
    let (claimed, left, gone) = list(&mut book, 2, false, &[listed("2", "a", 6), listed("1", "b", 5)]);
    assert_eq!(claimed, [place("a"), place("b")]);
    assert!(left.is_empty() && gone.is_empty());
    let (_, left, gone) = list(&mut book, 3, false, &[listed("2", "c", 6), listed("1", "b", 5)]);
    assert_eq!((left, gone.len()), (vec![place("a")], 0));
}

#[test]
fn one_that_was_made_anew_takes_the_place_and_the_old_one_is_gone() {
    let mut book = Book::default();
    list(&mut book, 1, true, &[listed("1", "a", 5)]);
    due(&mut book, 1);
    read(&mut book, 1);
    let (claimed, left, gone) = list(&mut book, 2, false, &[listed("2", "a", 6)]);
    assert_eq!((claimed, left.len(), gone), (vec![place("a")], 0, vec![Arc::from("1")]));
    assert_eq!(due(&mut book, 2), ["2"]);
    assert!(!book.get("2").unwrap().is_first);
    // In one list both may stand, when it was made anew between two pages: the place is the last one's.
    list(&mut book, 3, false, &[listed("2", "a", 6), listed("3", "a", 7)]);
    assert_eq!(due(&mut book, 3), ["3"]);
}

/// Scenario: reading one stack always fails. Guarantee: the others are read in their turn all the same.
#[test]
fn a_sweep_comes_to_all_when_one_always_fails() {
    let mut book = Book::default();
    list(&mut book, 1, true, &["1", "2", "3"].map(|id| listed(id, id, 5)));
    due(&mut book, 1);
    read(&mut book, 1);
    let mut swept = Vec::new();
    for cycle in 2..=4 {
        for (_, id) in book.swept(&["o".into()], 3, cycle) {
            let entry = book.get_mut(&id).unwrap();
            (entry.is_queued, entry.tried) = (false, cycle);
            swept.push(id.to_string());
        }
    }
    swept.sort_unstable();
    assert_eq!(swept, ["1", "2", "3"]);
}

#[test]
fn one_that_is_back_goes_on_where_it_was() {
    let mut book = Book::default();
    list(&mut book, 1, true, &[listed("1", "a", 5)]);
    due(&mut book, 1);
    read(&mut book, 1);
    let (_, left, gone) = list(&mut book, 2, false, &[]);
    assert_eq!((left, gone.len()), (vec![place("a")], 1));
    let (claimed, ..) = list(&mut book, 3, false, &[listed("1", "a", 5)]);
    assert_eq!((claimed, book.get("1").unwrap().cursor.upto), (vec![place("a")], 7));
    assert!(due(&mut book, 3).is_empty());
    list(&mut book, 4, false, &[]);
    assert!(book.forget(1_000).is_empty());
    assert_eq!(book.forget(1_001).len(), 1);
}

#[test]
fn one_that_was_seen_since_an_older_list_was_begun_is_not_gone() {
    let mut book = Book::default();
    list(&mut book, 1, true, &[listed("1", "a", 5)]);
    book.see(&listed("2", "b", 6), &"o".into(), 3, false, 1_000);
    // The second list was begun in an earlier cycle, before there was the new one.
    let (_, _, gone) = list(&mut book, 2, false, &[listed("1", "a", 5)]);
    assert!(gone.is_empty() && book.get("2").is_some_and(|entry| entry.gone == 0));
    let (_, _, gone) = list(&mut book, 4, false, &[listed("1", "a", 5)]);
    assert!(gone.is_empty() && book.get("2").is_none());
}

/// Scenario: a stack that was never read is taken out while its first count is committed. Guarantee: when it is listed
/// again it goes on from there, and its sums are asked for.
#[test]
fn one_that_was_taken_out_while_it_was_counted_is_put_back() {
    let mut book = Book::default();
    list(&mut book, 1, false, &[listed("1", "a", 5)]);
    let mut row = book.get("1").unwrap().row(&"1".into());
    (row.mark, row.cursor.upto, row.checked) = (book.get("1").unwrap().listed, 7, 1);
    list(&mut book, 2, false, &[]);
    assert!(book.get("1").is_none());
    book.put_back(row);
    let (claimed, ..) = list(&mut book, 3, false, &[listed("1", "a", 5)]);
    assert_eq!((claimed, book.get("1").unwrap().cursor.upto), (vec![place("a")], 7));
    assert!(due(&mut book, 3).is_empty());
}

#[test]
fn a_mark_that_may_yet_hide_an_update_is_none() {
    let listed = |last_update| Mark {
        last_update,
        resources: 3,
    };
    let now = 1_000 * 1_000_000_000;
    assert_eq!(settled(listed(990), now), listed(990));
    assert_ne!(settled(listed(998), now), listed(998));
    assert_ne!(settled(listed(2_000), now), listed(2_000));
}
