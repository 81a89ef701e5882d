//! The first byte says where the rest is cut; the cut must not show.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sitelog_sanitize::{Declared, Sanitizer, Settings};

fn redact(sanitizer: &Sanitizer, text: &[u8], step: usize) -> Vec<u8> {
    let mut stream = sanitizer.stream();
    let mut out = Vec::new();
    for piece in text.chunks(step) {
        out.extend_from_slice(stream.push(piece).get());
    }
    out.extend_from_slice(stream.finish().get());
    out
}

fuzz_target!(|input: &[u8]| {
    let Some((step, text)) = input.split_first() else { return };
    let declared = vec![Declared { name: "X".into(), value: b"s3cr3t-Value/1".to_vec() }];
    let sanitizer = Sanitizer::new(Settings { declared, pii: true, ..Settings::default() });
    assert_eq!(redact(&sanitizer, text, usize::from(*step) + 1), redact(&sanitizer, text, usize::MAX));
});
