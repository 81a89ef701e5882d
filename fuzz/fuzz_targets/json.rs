//! A text that is JSON stays as it is or changes; it never fails, and case lines are always answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sitelog_sanitize::{Sanitizer, Settings, cases};

fuzz_target!(|text: &str| {
    let sanitizer = Sanitizer::new(Settings::default());
    let _ = sanitizer.text(text);
    assert!(cases::run(text).starts_with('{'));
});
