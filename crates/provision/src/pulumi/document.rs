//! The digest that `pulumi preview --json` prints: configuration, planned steps, diagnostics and a summary at once.

use super::content::{Message, Prelude};
use super::keys::Keys;
use super::metadata::Metadata;
use crate::engine::{Malformed, Reader};
use crate::{Diagnostic, Fact, Level, Summary, Verb, What};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads the one document that `preview --json` prints: its steps as planned ones, its diagnostics, its summary.
#[derive(Debug, Default)]
pub struct Document;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Digest<'a> {
    #[serde(default)]
    config: Keys,
    #[serde(default = "Vec::new", borrow)]
    steps: Vec<Metadata<'a>>,
    #[serde(default = "Vec::new", borrow)]
    diagnostics: Vec<Message<'a>>,
    /// Nanoseconds.
    #[serde(default)]
    duration: Option<u64>,
    #[serde(default)]
    change_summary: Option<BTreeMap<String, u64>>,
}

impl Reader for Document {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let malformed = |e| Malformed::of("a document of `pulumi preview --json`", &e);
        let digest: Digest<'_> = serde_json::from_slice(event).map_err(malformed)?;
        let diagnostics: Vec<What> = digest
            .diagnostics
            .into_iter()
            .map(Message::diagnostic)
            .collect::<Result<_, _>>()
            .map_err(malformed)?;
        let summary = digest.change_summary.map(|changes| {
            What::Summary(Summary {
                changes,
                result: None,
                planned: true,
                verb: Some(Verb::Preview),
                seconds: digest.duration.map(|ns| ns.div_ceil(1_000_000_000)),
            })
        });
        let begin = Prelude::from(digest.config).what();
        let steps = digest
            .steps
            .into_iter()
            .map(|step| What::ResourceCompleted(step.step(true, true)));
        let all = [begin]
            .into_iter()
            .chain(steps)
            .chain(diagnostics.into_iter().map(unprefixed));
        out.extend(all.chain(summary).chain([What::End]).map(|what| Fact {
            what,
            time: None,
            sequence: None,
        }));
        Ok(())
    }
}

/// The digest has the level's word in front of the message.
fn unprefixed(what: What) -> What {
    let What::Diagnostic(Diagnostic {
        level,
        mut message,
        address,
        ephemeral,
    }) = what
    else {
        return what;
    };
    let prefix = match level {
        Level::Error => "error: ",
        Level::Warning => "warning: ",
        Level::Info | Level::Notice => "",
    };
    if message.starts_with(prefix) {
        message.drain(..prefix.len());
    }
    What::Diagnostic(Diagnostic {
        level,
        message,
        address,
        ephemeral,
    })
}
