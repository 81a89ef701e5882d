//! What the worst inputs cost, beside clean text in the same run, and whether four times as much of one takes four
//! times as long: `cargo bench -p sitelog-sanitize --bench adversarial`. Near-misses come from the rule tables.

#![allow(clippy::print_stdout)]

use nix::time::{ClockId, clock_gettime};
use sitelog_sanitize::rules::{Find, Part, all};
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::hint::black_box;
use std::time::Duration;

const PIECE: usize = 64 << 10;
const SMALL: usize = 256 << 10;
const LARGE: usize = 4 * SMALL;

fn sanitizer(declared: u64) -> Sanitizer {
    let value = |seed: u64| {
        let word = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed << 7;
        Declared {
            name: format!("S{seed}"),
            value: format!("v{word:016x}Zq{seed}").into_bytes(),
        }
    };
    Sanitizer::new(Settings {
        declared: (1..=declared).map(value).collect(),
        ..Settings::default()
    })
}

fn clean() -> Vec<u8> {
    let text = "2026-11-21T10:06:01.123Z INFO  worker-3 compiled module core/render/pipeline.rs in 184 ms\n\
        test net::client::retries_after_a_reset ... ok\n\
        [12/94] Linking CXX executable bin/unit_tests\n\
        10.0.3.17 - - \"GET /api/v1/orders?page=3 HTTP/1.1\" 200 5123 \"-\" \"agent/8.5.0\"\n";
    repeat(text, LARGE)
}

fn repeat(text: &str, len: usize) -> Vec<u8> {
    text.bytes().cycle().take(len).collect()
}

/// CPU time of this process: the machine may be shared.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Nanoseconds a byte, the best of many: the machine may be shared.
fn cost(sanitizer: &Sanitizer, text: &[u8]) -> f64 {
    let once = || {
        let mut stream = sanitizer.stream();
        let start = cpu();
        for piece in text.chunks(PIECE) {
            black_box(stream.push(piece).get().len());
        }
        black_box(stream.finish().get().len());
        (cpu() - start).as_nanos() as f64 / text.len() as f64
    };
    (0..if text.len() > SMALL { 6 } else { 16 })
        .map(|_| once())
        .fold(f64::MAX, f64::min)
}

/// What each rule looks for, without what makes it a hit.
fn near_misses() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rule in all() {
        let misses: String = rule.misses.iter().map(|miss| format!("{miss}\n")).collect();
        let anchors: Vec<&str> = match &rule.find {
            Find::Near(words, _) => words.to_vec(),
            Find::Token(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Lit(literal) => Some(*literal),
                    Part::Run(..) => None,
                })
                .take(1)
                .collect(),
            _ => Vec::new(),
        };
        if !misses.is_empty() {
            found.push((format!("misses of {}", rule.id), misses));
        }
        if !anchors.is_empty() {
            found.push((format!("anchors of {}, touching", rule.id), anchors.concat()));
            found.push((format!("anchors of {}, in words", rule.id), anchors.join(" ") + " "));
            found.push((format!("anchors of {}, dashed", rule.id), anchors.join("-") + "-"));
        }
    }
    found
}

fn shapes() -> Vec<(String, String)> {
    let coloured: String = "plain words in colour"
        .chars()
        .map(|c| format!("{c}\u{1b}[1m"))
        .collect();
    let deep = "{\"a\":".repeat(20_000) + &"}".repeat(20_000);
    [
        ("long keys", "password_token_key_".repeat(200)),
        ("one endless key", "token_".repeat(LARGE / 6)),
        ("nested quotes", "\"password\\\": \\\"".into()),
        ("quotes in quotes", "token=\"token='token=`".into()),
        ("quotes, each deeper", "token=\"x token=\\\"y token=\\\\\\\"z ".into()),
        ("backslashes", "\\".into()),
        ("a key, then backslashes", format!("password=\"{}", "\\".repeat(PIECE))),
        ("escapes", "\\u0070\\u0061\\n%41".into()),
        ("a sequence behind every character", coloured),
        ("titles", "\u{1b}]0;t\u{7}".into()),
        ("colours", "\u{1b}[31mred\u{1b}[0m text ".into()),
        ("open brackets", "{\"secrets\":[".into()),
        ("open braces", "{\"secret\":{".into()),
        ("unterminated password", "{\"password\":".into()),
        ("brackets only", "[".into()),
        ("braces only", "{".into()),
        ("JSON nested deep", deep),
        ("JSON marked at each level", "{\"sensitive\":true,\"value\":".into()),
        ("values before their mark", "{\"value\":[{\"value\":\"x\",".into()),
        ("keys without values", "token: password: secret: ".into()),
        ("keys without values, on lines", "token:\npassword:\nsecret:\n".into()),
        ("chained assignments", "a=b=c=d=password=".into()),
        ("chained secrets", "password=token=secret=".into()),
        ("a line without white space", "abcdefghij0123456789/+klmnopqrst".into()),
        ("PEM without end", format!("-----BEGIN {}-----\nMIIB\n", "PRIVATE KEY")),
        ("PEM starts only", format!("-----BEGIN {}-----", "PRIVATE KEY")),
        ("percent signs", "%".into()),
        ("percent escapes", "%70%61%73%73".into()),
        ("eyJ", "eyJ".into()),
        ("eyJ, dashed", "-eyJ-eyJabcdefg.eyJ".into()),
        ("placeholders", "token=${token=${".into()),
        ("open tags", "<password><token>".into()),
        ("curl", "curl -u a -u b -u c -u ".into()),
        ("URL starts", "https://a:b".into()),
        (
            "indented keys",
            format!("{}\n", " ".repeat(200) + &"token a ".repeat(20)),
        ),
        (
            "headers",
            "OTEL_EXPORTER_OTLP_HEADERS=a,OTEL_EXPORTER_OTLP_HEADERS=b,".into(),
        ),
        ("flags", "--password --token --secret ".into()),
        ("YAML names", "- name: DB_PASSWORD\n- name: X_TOKEN\n".into()),
        ("SQL quotes", "PASSWORD ''''''''''''''''".into()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

fn main() {
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let (few, many) = (sanitizer(50), sanitizer(1000));
    let clean_cost = cost(&few, &clean());
    println!(
        "clean text {clean_cost:6.2} ns/B, 1,000 declared {:6.2} ns/B",
        cost(&many, &clean())
    );
    let (mut worst, mut bent) = (0.0f64, 0.0f64);
    let mut over = 0;
    let mut report = |name: &str, sanitizer: &Sanitizer, text: &str, clean_cost: f64| {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let small = cost(sanitizer, &repeat(text, SMALL));
        let large = cost(sanitizer, &repeat(text, LARGE));
        let (ratio, bend) = (large / clean_cost, 4.0 * large / small);
        println!("{name:<46} {large:7.2} ns/B {ratio:6.2} x clean   4n/n {bend:5.2}");
        (worst, bent) = (worst.max(ratio), bent.max(bend));
        over += u32::from(ratio > 4.0);
    };
    for (name, text) in shapes().iter().chain(&near_misses()) {
        report(name, &few, text, clean_cost);
    }
    // Base64 looks like the encoded forms of declared values.
    let noise: String = (0..LARGE as u64 / 10)
        .map(|at| format!("{:010}", at.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 9_999_999_999))
        .map(|digits| {
            digits
                .bytes()
                .map(|digit| char::from(digit + (digit % 3) * 20))
                .collect::<String>()
        })
        .collect();
    report("base64, 1,000 declared", &many, &noise, clean_cost);
    println!("worst {worst:.2} x clean, {over} over 4; worst growth {bent:.2}");
}
