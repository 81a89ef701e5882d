//! The engines' sentences about numbers.

use super::super::word::Word;
use crate::{Summary, Verb};

/// Participles and infinitives, and the words that they count.
const COUNTED: [(&str, Word); 10] = [
    ("add", Word::Create),
    ("added", Word::Create),
    ("change", Word::Update),
    ("changed", Word::Update),
    ("destroy", Word::Delete),
    ("destroyed", Word::Delete),
    ("import", Word::Import),
    ("imported", Word::Import),
    ("forget", Word::Forget),
    ("forgotten", Word::Forget),
];

/// The account that a line is: the plan's, or that of what was done.
pub(super) fn account(line: &str) -> Option<Summary> {
    let (verb, numbers) = if let Some(numbers) = line.strip_prefix("Plan: ") {
        (Verb::Plan, numbers)
    } else if let Some(numbers) = line.strip_prefix("Apply complete! Resources: ") {
        (Verb::Apply, numbers)
    } else if let Some(numbers) = line.strip_prefix("Destroy complete! Resources: ") {
        (Verb::Destroy, numbers)
    } else if line.starts_with("No changes. ") {
        (Verb::Plan, "")
    } else {
        return None;
    };
    let mut summary = Summary {
        verb: Some(verb),
        planned: verb == Verb::Plan,
        ..Summary::default()
    };
    for word in [Word::Create, Word::Update, Word::Delete] {
        summary.changes.insert(word.text().to_owned(), 0);
    }
    let (numbers, _) = numbers.split_once('.').unwrap_or((numbers, ""));
    for number in numbers.split(", ").filter(|number| !number.is_empty()) {
        let (count, what) = number.split_once(' ')?;
        let what = what.strip_prefix("to ").unwrap_or(what);
        let (_, word) = COUNTED.iter().find(|(name, _)| *name == what)?;
        summary.changes.insert(word.text().to_owned(), count.parse().ok()?);
    }
    Some(summary)
}

#[cfg(test)]
mod tests {
    use super::account;
    use crate::Verb;

    #[test]
    fn reads_every_sentence() {
        for (line, verb, expected) in [
            (
                "Plan: 9 to add, 0 to change, 1 to destroy.",
                Verb::Plan,
                "create=9 delete=1 update=0",
            ),
            (
                "Plan: 2 to import, 0 to add, 1 to change, 0 to destroy.",
                Verb::Plan,
                "create=0 delete=0 import=2 update=1",
            ),
            (
                "Plan: 0 to add, 0 to change, 0 to destroy, 3 to forget.",
                Verb::Plan,
                "create=0 delete=0 forget=3 update=0",
            ),
            (
                "Apply complete! Resources: 1 added, 2 changed, 3 destroyed.",
                Verb::Apply,
                "create=1 delete=3 update=2",
            ),
            (
                "Apply complete! Resources: 1 imported, 0 added, 0 changed, 0 destroyed, 2 forgotten.",
                Verb::Apply,
                "create=0 delete=0 forget=2 import=1 update=0",
            ),
            (
                "Destroy complete! Resources: 12 destroyed.",
                Verb::Destroy,
                "create=0 delete=12 update=0",
            ),
            (
                "Plan: 1 to add, 0 to change, 0 to destroy. Actions: 1 to invoke.",
                Verb::Plan,
                "create=1 delete=0 update=0",
            ),
            (
                "No changes. Your infrastructure matches the configuration.",
                Verb::Plan,
                "create=0 delete=0 update=0",
            ),
        ] {
            let summary = account(line).unwrap();
            let counts: Vec<_> = summary
                .changes
                .iter()
                .map(|(word, count)| format!("{word}={count}"))
                .collect();
            assert_eq!(
                (summary.verb, counts.join(" ")),
                (Some(verb), expected.to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for line in [
            "",
            "Plan: to add",
            "Plan: x to add.",
            "Plan: 1 to sing.",
            "Apply complete!",
            "Plan: 99999999999999999999 to add.",
        ] {
            assert_eq!(account(line), None, "{line}");
        }
    }
}
