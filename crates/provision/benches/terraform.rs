//! Facts from the messages of 2,000 resources, and from the text of as many. Prints lines a second; no test depends on it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and ends when its input is missing"
)]

use sitelog_provision::{Fact, Reader, terraform};
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;

fn main() {
    for name in ["t12-bulk-apply-json", "t13-bulk-destroy-json"] {
        let path = format!(
            "{}/testdata/terraform/{name}/stdout.txt.zst",
            env!("CARGO_MANIFEST_DIR")
        );
        let packed = std::fs::read(path).expect("a capture");
        let stream = zstd::decode_all(&packed[..]).expect("a whole capture");
        measure(name, &stream, terraform::Messages::new);
    }
    let mut text = String::from("Terraform will perform the following actions:\n\n");
    for n in 0..2000 {
        let address = format!("module.left.terraform_data.item[\"n {n}\"]");
        text += &format!(
            "\x1b[1m  # {address}\x1b[0m will be updated in-place\n  ~ resource \"terraform_data\" \"item\" {{\n"
        );
        text += &format!("      \x1b[33m~\x1b[0m input  = \"{n}\" -> \"{address}\"\n    }}\n\n");
    }
    for n in 0..2000 {
        let address = format!("module.left.terraform_data.item[\"n {n}\"]");
        text += &format!(
            "\x1b[0m\x1b[1m{address}: Modifying... [id={n}]\x1b[0m\n\x1b[1m{address}: Modifications complete after 0s [id={n}]\x1b[0m\n"
        );
        text += &format!("{address} (local-exec): line {n}\n");
    }
    measure("text of an update", text.as_bytes(), terraform::Text::new);
}

/// The best of some rounds.
fn measure<R: Reader>(name: &str, stream: &[u8], reader: impl Fn() -> R) {
    let lines: Vec<_> = stream.split(|byte| *byte == b'\n').collect();
    let mut facts: Vec<Fact> = Vec::new();
    let mut best = Duration::MAX;
    let mut made = 0;
    for _ in 0..ROUNDS {
        let mut reader = reader();
        let start = Instant::now();
        made = 0;
        for line in &lines {
            reader.read(line, &mut facts).expect("a well-formed line");
            made += facts.len();
            facts.clear();
        }
        reader.finish(&mut facts);
        best = best.min(start.elapsed());
    }
    let rate = lines.len() as f64 / best.as_secs_f64();
    let bytes = stream.len() as f64 / best.as_secs_f64() / 1e6;
    println!(
        "{name}: {} lines, {made} facts, {rate:.0} lines/s, {bytes:.0} MB/s",
        lines.len()
    );
}
