//! What holds for any bytes on a stream. Called with random bytes by the fuzzer and by the test beside.

use sitelog_sanitize::{Declared, Sanitizer, Settings};
use std::sync::LazyLock;

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(|| {
    let values: [&[u8]; 3] = [
        b"s3cr3t-Value/1",
        b"first line of this\nsecond line of it",
        b"a\"b\\c<d>&e",
    ];
    let declared = values.map(|value| Declared {
        name: "X".to_owned(),
        value: value.to_vec(),
    });
    Sanitizer::new(Settings {
        declared: declared.to_vec(),
        pii: true,
        ..Settings::default()
    })
});

fn redact(text: &[u8], step: usize) -> Vec<u8> {
    let mut stream = SANITIZER.stream();
    let mut out: Vec<u8> = Vec::new();
    for piece in text.chunks(step) {
        out.extend_from_slice(stream.push(piece).get());
    }
    out.extend_from_slice(stream.finish().get());
    assert_eq!(stream.held(), 0, "held after the end");
    out
}

/// The first byte says where the rest is cut. The cut does not show (R4), a second pass changes nothing (R15), what is
/// changed has the marker, and no declared value is left (R1).
pub(crate) fn check(input: &[u8]) {
    let Some((step, text)) = input.split_first() else {
        return;
    };
    let once = redact(text, usize::MAX);
    assert_eq!(
        shown(&redact(text, usize::from(*step) + 1)),
        shown(&once),
        "cut of {:?}",
        shown(text)
    );
    assert_eq!(
        shown(&redact(&once, usize::MAX)),
        shown(&once),
        "second pass of {:?}",
        shown(text)
    );
    assert!(once == text || holds(&once, b"[REDACTED]"), "altered {:?}", shown(text));
    assert!(!leaks(&once, b"s3cr3t-Value/1"), "leak of {:?}", shown(text));
}

/// Whether a value stands in a text. Where its first letter ends a terminal sequence, it is none: a terminal shows the rest.
fn leaks(text: &[u8], value: &[u8]) -> bool {
    let places = text.windows(value.len()).enumerate().filter(|(_, part)| *part == value);
    places.map(|(at, _)| &text[..at]).any(|before| {
        let end = before.iter().rposition(|byte| !(0x20..=0x3f).contains(byte));
        !end.is_some_and(|end| before[..=end].ends_with(b"\x1b["))
    })
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}
