use super::*;
use proptest::prelude::*;

type Record = (Vec<u8>, Eol, Option<Part>);

fn split(chunks: &[&[u8]], idle: bool) -> Vec<Record> {
    let mut records = Vec::new();
    let mut sink = |line: &Clean<Line<'_>>| records.push((line.bytes.to_vec(), line.eol, line.part));
    let mut splitter = Splitter::new(Stream::Stdout);
    for chunk in chunks {
        splitter.push(Clean::made(chunk), Arrival { first: 1, now: 2 }, &mut sink);
        if idle {
            splitter.idle(3, &mut sink);
        }
    }
    splitter.finish(4, &mut sink);
    records
}

fn joined(records: &[Record]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|(bytes, eol, _)| [bytes.as_slice(), eol.bytes()].concat())
        .collect()
}

#[test]
fn only_a_line_feed_ends_a_line() {
    let records = split(&[b"a\rb\nc\r", b"\n\r\n", b"last\r"], false);
    let want: Vec<Record> = vec![
        (b"a\rb".to_vec(), Eol::Lf, None),
        (b"c".to_vec(), Eol::CrLf, None),
        (b"".to_vec(), Eol::CrLf, None),
        (b"last\r".to_vec(), Eol::None, None),
    ];
    assert_eq!(records, want);
}

#[test]
fn a_line_of_exactly_the_limit_is_one_record() {
    for end in ["", "\n", "\r\n"] {
        let text = "z".repeat(MAX_BODY) + end;
        let records = split(&[text.as_bytes()], false);
        assert_eq!((records.len(), records[0].2), (1, None), "{end:?}");
        let bytewise: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(split(&bytewise, false), records);
    }
}

#[test]
fn a_longer_line_goes_out_in_parts() {
    let text = "z".repeat(16 * MAX_BODY) + "\nshort\n";
    let records = split(&[text.as_bytes()], false);
    assert_eq!(records.len(), 17);
    assert_eq!(records[15].2, Some(Part { index: 15, last: true }));
    assert_eq!(records[16], (b"short".to_vec(), Eol::Lf, None));
}

#[test]
fn a_character_is_never_cut() {
    for (character, width) in [("é", 2), ("€", 3), ("🦀", 4)] {
        for before in 0..width {
            let text = "x".repeat(before) + &character.repeat(MAX_BODY);
            for (bytes, _, _) in split(&[text.as_bytes()], false) {
                assert!(std::str::from_utf8(&bytes).is_ok() && bytes.len() <= MAX_BODY);
            }
        }
    }
}

#[test]
fn an_idle_prompt_goes_out_and_its_line_still_ends() {
    let records = split(&[b"Password: ", b"\n"], true);
    let want: Vec<Record> = vec![
        (b"Password: ".to_vec(), Eol::None, Some(Part { index: 0, last: false })),
        (b"".to_vec(), Eol::Lf, Some(Part { index: 1, last: true })),
    ];
    assert_eq!(records, want);
}

#[test]
fn times_are_those_of_the_first_and_last_byte() {
    let mut times = Vec::new();
    let mut splitter = Splitter::new(Stream::Stderr);
    let mut sink = |line: &Clean<Line<'_>>| times.push((line.time, line.observed));
    splitter.push(Clean::made(b"be"), Arrival { first: 10, now: 10 }, &mut sink);
    splitter.push(Clean::made(b"gun\nnext\n"), Arrival { first: 20, now: 20 }, &mut sink);
    splitter.push(
        Clean::made(b"clock set back\n"),
        Arrival { first: 30, now: 7 },
        &mut sink,
    );
    assert_eq!(times, [(10, 20), (20, 20), (30, 30)]);
}

proptest! {
    #[test]
    fn records_give_the_stream_back(text in "[a\r\n€]{0,40}", repeat in 1..4000usize, cuts in proptest::collection::vec(1..9000usize, 1..20), idle: bool) {
        let bytes = text.repeat(repeat).into_bytes();
        let mut chunks = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        let records = split(&chunks, idle);
        prop_assert_eq!(joined(&records), bytes.clone());
        prop_assert!(records.iter().all(|(bytes, _, _)| bytes.len() <= MAX_BODY));
        if !idle {
            prop_assert_eq!(records, split(&[&bytes], false));
        }
    }
}
