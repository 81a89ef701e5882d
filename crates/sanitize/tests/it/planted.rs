//! Secrets of every family at known places in random text: they alone are replaced, at any cut.

use proptest::prelude::*;
use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::sync::LazyLock;

const DECLARED: &str = "k.7*x[q]+(z)?^$|Wq4";

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(|| {
    let declared = Declared {
        name: "X".to_owned(),
        value: DECLARED.into(),
    };
    Sanitizer::new(Settings {
        declared: vec![declared],
        ..Settings::default()
    })
});

/// What stands before a secret, the secret as a pattern, what stands behind it.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("login PASSWORD=", "[A-Za-z0-9]{1,30}", " MODE=x"),
    ("api_key = \"", "[A-Za-z0-9 ,;]{1,30}[0-9]", "\" # set"),
    (
        "{\"a\": 1.50, \"clientSecret\": \"",
        "[A-Za-z0-9 {}:,]{1,30}[0-9]",
        "\", \"n\":1e3}",
    ),
    ("app --auth-token ", "[A-Za-z0-9]{2,30}[0-9]", " --port 1"),
    ("dial mysql://root:", "[A-Za-z0-9!]{1,20}", "@db:3306/x failed"),
    (
        "GET https://h.example.test/x?page=2&sig=",
        "[A-Za-z0-9]{4,40}",
        "&z=1 200",
    ),
    ("> Authorization: Bearer ", "[A-Za-z0-9]{20,60}", ""),
    ("sent bearer ", "[A-Za-z0-9]{20,60}", " on"),
    ("cookie: ", "sid=[a-z0-9]{8,20}; b=[0-9]{2}", ""),
    ("got <", "glpat-[A-Za-z0-9]{20}", ">"),
    ("got (", "AK[I]A[A-Z2-7]{16}", ")"),
    ("got '", "gh[ps]_[A-Za-z0-9]{36}", "'"),
    (
        "jwt ",
        "eyJhbGciOiJub25lIn0[.]eyJ[A-Za-z0-9]{12,40}[.][A-Za-z0-9_-]{20,43}",
        " end",
    ),
    ("value ", "k[.]7[*]x\\[q\\]\\+\\(z\\)\\?\\^\\$\\|Wq4", " end"),
    ("hex ", "6b2e372a785b715d2b287a293f5e247c577134", " end"),
];

/// A line: as it is, and as it has to come out.
fn line() -> impl Strategy<Value = (String, String)> {
    let planted = prop::sample::select(FAMILIES).prop_flat_map(|(before, secret, after)| {
        secret.prop_map(move |secret| {
            (
                format!("{before}{secret}{after}\n"),
                format!("{before}[REDACTED]{after}\n"),
            )
        })
    });
    let clean = prop_oneof![
        prop::sample::select(vec![
            "   Compiling tokio v1.40.0",
            "password must contain a digit; token expired",
            "\u{1b}[32mok\u{1b}[0m 12 passed in 0.3s",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "{\"usage\":{\"prompt_tokens\":12},\"token_type\":\"x\"}",
            "-----BEGIN CERTIFICATE-----\nMIIBfake\n-----END CERTIFICATE-----",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9 .,;\u{e9}\u{5bc6}]{0,40}",
    ];
    prop_oneof![
        planted,
        clean.prop_map(|text| (format!("{text}\n"), format!("{text}\n")))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Guarantees: each secret is hidden, every byte around it is as it was, whatever the writes; in one value as well.
    #[test]
    fn planted_secrets_alone_are_replaced(lines in prop::collection::vec(line(), 1..8), step in 1usize..40) {
        let text: String = lines.iter().map(|line| line.0.as_str()).collect();
        let want: String = lines.iter().map(|line| line.1.as_str()).collect();
        for step in [step, usize::MAX] {
            let mut stream = SANITIZER.stream();
            let mut out: Vec<u8> = Vec::new();
            for piece in text.as_bytes().chunks(step) {
                out.extend_from_slice(stream.push(piece).get());
            }
            out.extend_from_slice(stream.finish().get());
            prop_assert_eq!(String::from_utf8(out).unwrap(), &*want);
        }
        prop_assert_eq!(SANITIZER.text(&text), &*want);
    }
}
