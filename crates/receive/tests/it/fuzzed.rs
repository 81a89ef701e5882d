//! The bodies of the fuzz targets over their corpora and over mutations of them, the same ones every time: what runs where
//! the fuzzer cannot. `cargo xtask fuzz` runs the same bodies for longer, guided by coverage.

mod grpc;
mod http;
mod stand;

use std::fs;
use std::path::Path;

/// Mutations of each input of a corpus.
const MUTATIONS: usize = 50;

/// A small generator of numbers: the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn mutate(&mut self, corpus: &[Vec<u8>], input: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(24)).min(bytes.len());
            match self.below(6) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte ^= 1 << self.below(8)),
                2 => bytes.extend_from_within(at..end),
                3 => bytes.truncate(at),
                4 => bytes.extend_from_slice(&corpus[self.below(corpus.len())]),
                _ => bytes.insert(at, u8::try_from(self.below(256)).unwrap()),
            }
        }
        bytes
    }
}

fn replay(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut files: Vec<_> = fs::read_dir(folder.join(target))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort_unstable();
    let corpus: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!corpus.is_empty(), "{target}: no corpus");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for input in &corpus {
        body(input);
        for _ in 0..MUTATIONS {
            body(&random.mutate(&corpus, input));
        }
    }
}

#[test]
fn connections_and_bodies_over_http() {
    replay("http", http::check);
}

#[test]
fn frames_and_calls_over_grpc() {
    replay("grpc", grpc::check);
}
