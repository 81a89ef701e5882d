//! What the engine answers to the questions that programs on the Automation API ask around an operation.

use crate::invocation::{Invocation, version_text};
use std::process::ExitCode;

/// Answers the commands that provision nothing; anything else is a recording that is missing.
pub(crate) fn answer(invocation: &Invocation) -> ExitCode {
    let words: Vec<&str> = invocation
        .words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'))
        .collect();
    match words.as_slice() {
        ["version", ..] => println!("v{}", version_text()),
        ["whoami", ..] => println!(r#"{{"user":"replay","organizations":[],"url":"file://~"}}"#),
        ["stack", "output", ..] | ["config", ..] if json(invocation) => println!("{{}}"),
        ["stack", "history", ..] if json(invocation) => println!("{HISTORY}"),
        ["stack", "ls", ..] if json(invocation) => println!("[]"),
        [
            "stack" | "config" | "plugin" | "login" | "logout" | "install" | "cancel" | "init" | "workspace",
            ..,
        ] => (),
        _ => {
            eprintln!("error: no recording of {:?}: set REPLAY", invocation.words);
            return ExitCode::from(255);
        }
    }
    ExitCode::SUCCESS
}

fn json(invocation: &Invocation) -> bool {
    invocation.words.iter().any(|word| word == "--json")
}

/// One finished update, of which the Automation API takes kind, result and times.
const HISTORY: &str = r#"[{"kind":"update","startTime":"2026-11-21T08:44:32.000Z","message":"","environment":{},"config":{},"result":"succeeded","endTime":"2026-11-21T08:44:42.000Z","version":1,"resourceChanges":{"create":1}}]"#;
