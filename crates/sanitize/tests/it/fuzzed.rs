//! The bodies of the fuzz targets over their corpora and over mutations of them, the same ones every time: what runs where
//! the fuzzer cannot. `cargo xtask fuzz` runs the same bodies for longer, guided by coverage.

pub(crate) mod json;
pub(crate) mod otlp;
pub(crate) mod stream;

use std::fs;
use std::path::Path;

/// Mutations of each input of a corpus.
const MUTATIONS: usize = 400;

/// Words that rules react to, and what stands around them.
const WORDS: &[&[u8]] = &[
    b"password",
    b"token",
    b"\"secret\"",
    b"=",
    b": ",
    b":=",
    b"=>",
    b"\"",
    b"\\\"",
    b"\\",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\n",
    b"\r\n",
    b" ",
    b"\x1b[31m",
    b"\x1b]0;",
    b"\x07",
    b"\x1b",
    b"\xff",
    b"\0",
    b"://u:p@h",
    b"@",
    b"eyJ",
    b"hf_",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----END",
    b"s3cr3t-Value/1",
    b"czNjcjN0LVZhbHVlLzE=",
    b"Authorization: Bearer ",
    b"Cookie: a=b; ",
    b"--password ",
    b"<pwd>",
    b"</pwd>",
    b"[REDACTED]",
    b"${X}",
    b"\"sensitive\":true,",
    b"\"value\":",
    b"PASSWORD '",
    b"curl -u a:",
    b"%20",
    b"&",
    b"null",
    b"1e400",
    b"\\u0070",
];

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
                _ => bytes
                    .splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())
                    .for_each(drop),
            }
        }
        bytes
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn replay(target: &str, body: impl Fn(&[u8])) {
    let corpus = corpus(target);
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
fn streams() {
    replay("stream", stream::check);
}

#[test]
fn values() {
    replay("json", |input| json::check(&String::from_utf8_lossy(input)));
}

#[test]
fn requests() {
    replay("otlp", otlp::check);
}
