//! One line of the message stream: `plan|apply|destroy|refresh|test -json`, and OpenTofu's `-json-into`.

mod wire;

use super::address::Address;
use super::course::{Course, Planned, fact, provisioner_said};
use super::time::nanoseconds;
use super::word::Word;
use crate::{Begin, Diagnostic, Fact, Level, Malformed, Reader, Summary, Verb, What};
use std::borrow::Cow;
use wire::{Change, ChangeSummary, Hook, Keys, Line, keys};

/// Reads the messages of Terraform (`@module` `terraform.ui`) and OpenTofu (`tofu.ui`), UI version 1.x.
///
/// Lines that are no message are text: they make no fact and no fault, for the engines write such lines among them
/// (warnings about their own configuration, `init`). Outputs, ids and the values of a snippet are never read.
#[derive(Debug, Default)]
pub struct Messages {
    course: Course,
}

impl Messages {
    /// A reader of one operation's messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn message(&mut self, line: Line<'_>, all: &[u8], out: &mut Vec<Fact>) {
        let time = line.timestamp.as_deref().and_then(nanoseconds);
        let kind = line.kind.as_deref().unwrap_or_default();
        let said = line.message.as_deref().unwrap_or_default();
        let what = match kind {
            "version" => {
                let version = line.terraform.or(line.tofu).map(Cow::into_owned);
                What::Begin(Begin {
                    version,
                    config_keys: Vec::new(),
                })
            }
            "log" => log(said),
            "test_summary" => remark(Level::Info, said.to_owned()),
            "test_cleanup" | "test_interrupt" => remark(Level::Error, left_behind(said, all)),
            "change_summary" => match line.changes {
                Some(changes) => return self.course.summed_up(summary(&changes), time, out),
                None => other(kind, all),
            },
            "diagnostic" => match line.diagnostic {
                Some(diagnostic) => return diagnostic.said().facts(&mut self.course, time, out),
                None => other(kind, all),
            },
            "planned_change" | "resource_drift" => match line.change {
                Some(change) => return self.change(kind, &change, time, out),
                None => other(kind, all),
            },
            _ => match line.hook {
                Some(hook) if self.hook(kind, &hook, time, out) => return,
                _ => other(kind, all),
            },
        };
        out.push(fact(what, time));
    }

    /// A change that is planned, or was found.
    fn change(&mut self, kind: &str, change: &Change<'_>, time: Option<u64>, out: &mut Vec<Fact>) {
        let address = Address::or_name(&change.resource.addr);
        let word = Word::of(&change.action);
        if kind == "resource_drift" {
            return self.course.drifted(&address, &word, time, out);
        }
        let planned = Planned {
            address,
            deposed: None,
            word,
            reason: change.reason.as_deref(),
            importing: change.importing.is_some(),
            previous: change.previous_resource.as_ref().map(|resource| &*resource.addr),
            diff: Vec::new(),
        };
        self.course.planned(planned, time, out);
    }

    /// Something happens to a resource; says whether the kind is known.
    fn hook(&mut self, kind: &str, hook: &Hook<'_>, time: Option<u64>, out: &mut Vec<Fact>) -> bool {
        let address = Address::or_name(&hook.resource.addr);
        let word = || hook.action.as_deref().map_or(Word::Open, Word::of);
        let course = &mut self.course;
        match kind {
            "refresh_start" => course.started(&address, None, Word::Refresh, time, out),
            "refresh_complete" => course.completed(&address, &Word::Refresh, time, out),
            "apply_start" | "ephemeral_op_start" => course.started(&address, None, word(), time, out),
            "apply_complete" | "ephemeral_op_complete" => course.completed(&address, &word(), time, out),
            "apply_errored" | "ephemeral_op_errored" => course.errored(&address, &word(), time, out),
            "ephemeral_action_started" => course.started(&address, None, ephemeral(hook), time, out),
            "ephemeral_action_complete" => course.completed(&address, &ephemeral(hook), time, out),
            "provision_start" => course.provisioning(address.whole),
            "provision_errored" => course.provisioner_failed(address.whole),
            "provision_progress" => {
                out.push(provisioner_said(
                    address.whole,
                    hook.output.as_deref().unwrap_or_default(),
                    time,
                ));
            }
            "provision_complete" => {}
            _ => return false,
        }
        true
    }
}

impl Reader for Messages {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let event = event.trim_ascii();
        if !event.starts_with(b"{\"@") {
            return Ok(());
        }
        match serde_json::from_slice::<Line<'_>>(event) {
            Ok(line) if line.kind.is_some() => self.message(line, event, out),
            Ok(_) => {}
            Err(error) => {
                // A member that is not what we know it to be is kept by its kind; a line that is no JSON is not.
                let keys: Keys = serde_json::from_slice(event).map_err(|_| Malformed::of("a message", &error))?;
                let what = What::Other {
                    kind: keys.kind.unwrap_or_default(),
                    keys: keys.names,
                };
                out.push(fact(what, None));
            }
        }
        Ok(())
    }
}

/// What a word of the engine to the person at its terminal is.
fn log(said: &str) -> What {
    let said = said.trim();
    let stops = [
        "Interrupt received",
        "Two interrupts received",
        "Apply cancelled",
        "Destroy cancelled",
    ];
    if stops.iter().any(|stop| said.starts_with(stop)) {
        return What::Canceled(said.to_owned());
    }
    remark(Level::Info, said.to_owned())
}

fn remark(level: Level, message: String) -> What {
    What::Diagnostic(Diagnostic {
        level,
        message,
        address: None,
        ephemeral: false,
    })
}

/// The kind of a message, and the names in it.
fn other(kind: &str, all: &[u8]) -> What {
    What::Other {
        kind: kind.to_owned(),
        keys: keys(all),
    }
}

/// What a test run leaves behind: the sentence, and the addresses.
fn left_behind(said: &str, all: &[u8]) -> String {
    wire::leftovers(all)
        .iter()
        .fold(said.to_owned(), |said, address| format!("{said}\n{address}"))
}

/// OpenTofu says only in a sentence what it does to an ephemeral resource.
fn ephemeral(hook: &Hook<'_>) -> Word {
    match hook.msg.as_deref().unwrap_or_default().get(..4) {
        Some("Rene") => Word::Renew,
        Some("Clos") => Word::Close,
        _ => Word::Open,
    }
}

/// The engine's account, in the words of the steps that it counts.
fn summary(changes: &ChangeSummary<'_>) -> Summary {
    let mut summary = Summary::default();
    for (word, number, always) in [
        (Word::Create, changes.add, true),
        (Word::Update, changes.change, true),
        (Word::Delete, changes.remove, true),
        (Word::Import, changes.import, false),
        (Word::Forget, changes.forget, false),
    ] {
        if always || number > 0 {
            summary.changes.insert(word.text().to_owned(), number);
        }
    }
    summary.verb = match &*changes.operation {
        "apply" => Some(Verb::Apply),
        "destroy" => Some(Verb::Destroy),
        "plan" => Some(Verb::Plan),
        _ => None,
    };
    summary.planned = summary.verb == Some(Verb::Plan);
    summary
}
