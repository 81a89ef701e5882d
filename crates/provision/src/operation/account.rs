//! The engine's account of an operation beside ours.

use crate::{Action, Summary, pulumi};
use std::collections::BTreeMap;

/// The engine's words for what was done, with the attribute that counts each.
pub(super) fn by_action(changes: &BTreeMap<String, u64>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for (word, count) in changes {
        let total: &mut u64 = counts.entry(attribute(word)).or_default();
        *total = total.saturating_add(*count);
    }
    counts
}

fn attribute(word: &str) -> &'static str {
    use sitelog_model::attributes as name;
    let known = [
        "same",
        "create",
        "update",
        "delete",
        "replace",
        "read",
        "refresh",
        "import",
        "discard",
        "read-replacement",
    ];
    let action = match word {
        _ if known.contains(&word) || word == "import-replacement" => pulumi::action(word),
        _ => return name::SITELOG_CHANGES_OTHER,
    };
    match action {
        Action::Create => name::SITELOG_CHANGES_CREATE,
        Action::Update => name::SITELOG_CHANGES_UPDATE,
        Action::Delete => name::SITELOG_CHANGES_DELETE,
        Action::Replace => name::SITELOG_CHANGES_REPLACE,
        Action::Same => name::SITELOG_CHANGES_SAME,
        Action::Read => name::SITELOG_CHANGES_READ,
        Action::Import => name::SITELOG_CHANGES_IMPORT,
        Action::Refresh => name::SITELOG_CHANGES_REFRESH,
    }
}

/// Where the engine's account and ours differ, for a person. A digest leaves most `same` steps out.
pub(super) fn disagreement(summary: &Summary, ours: &BTreeMap<String, u64>, digest: bool) -> Vec<String> {
    let words = summary.changes.keys().chain(ours.keys());
    let words: std::collections::BTreeSet<&String> = words.collect();
    let differing = words.into_iter().filter_map(|word| {
        let count = |counts: &BTreeMap<String, u64>| counts.get(word).copied().unwrap_or(0);
        let (theirs, ours) = (count(&summary.changes), count(ours));
        let told = theirs == ours || (digest && word == "same" && ours < theirs);
        (!told).then(|| format!("{word}: {theirs} by the engine's summary, {ours} by its events"))
    });
    differing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
    }

    #[test]
    fn what_differs_is_said_in_both_numbers() {
        let summary = Summary {
            changes: counts(&[("create", 10), ("same", 1)]),
            ..Summary::default()
        };
        let found = disagreement(&summary, &counts(&[("create", 9), ("same", 1), ("delete", 1)]), false);
        let expected = [
            "create: 10 by the engine's summary, 9 by its events",
            "delete: 0 by the engine's summary, 1 by its events",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_nobody_knows_is_counted_as_other() {
        let found = by_action(&counts(&[("frobnicate", 2), ("import-replacement", 1), ("replace", 1)]));
        let expected = [("sitelog.changes.other", 2), ("sitelog.changes.replace", 2)];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }
}
