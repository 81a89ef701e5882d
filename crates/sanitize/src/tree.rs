//! The rules that need the structure of a value: sensitive keys (R6), flags in argument lists (R7), what infrastructure
//! code marks (R18). JSON texts and OTLP values are the same tree here.

mod infrastructure;

use crate::keys::{KeyKind, Keys, Sensitive};
use crate::placeholder;
use crate::rules::compiled::Compiled;
use crate::rules::{INFRASTRUCTURE, SENSITIVE_KEY};
use crate::text::{self, Edit};
use std::borrow::Cow;
use std::sync::Arc;

/// A value.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// Its number: leaves and keys are numbered in the order in which they stand.
    pub(crate) leaf: usize,
    /// What it is.
    pub(crate) kind: Kind<'a>,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// Values in order.
    List(Vec<Node<'a>>),
    /// Values by name: the number of the key, the key, the value.
    Map(Vec<(usize, Cow<'a, str>, Node<'a>)>),
}

/// What has to happen to a leaf or a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// All of it is replaced, as this rule says.
    Hide(u16),
    /// Parts of its text are replaced.
    Edit(Vec<Edit>),
}

/// What has to change in a tree, by leaf.
pub(crate) fn changes(rules: &Arc<Compiled>, root: &Node<'_>, depth: usize) -> Vec<(usize, Change)> {
    let mut walk = Walk {
        rules,
        depth,
        changes: Vec::new(),
    };
    walk.node(root);
    walk.changes
        .sort_by_key(|(leaf, change)| (*leaf, !matches!(change, Change::Hide(_))));
    walk.changes.dedup_by_key(|(leaf, _)| *leaf);
    walk.changes
}

struct Walk<'r> {
    rules: &'r Arc<Compiled>,
    depth: usize,
    changes: Vec<(usize, Change)>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node<'_>) {
        match &node.kind {
            Kind::Null | Kind::Bool(_) => {}
            Kind::Number(number) => {
                if text::may_hold_something(self.rules, number.as_bytes())
                    && let Some(hit) = text::hits(self.rules, number.as_bytes()).first()
                {
                    self.changes.push((node.leaf, Change::Hide(hit.rule)));
                }
            }
            Kind::Text(value) => self.text(node.leaf, value),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
        }
    }

    fn text(&mut self, leaf: usize, value: &str) {
        let edits = text::edits(self.rules, value, self.depth);
        if !edits.is_empty() {
            self.changes.push((leaf, Change::Edit(edits)));
        }
    }

    fn list(&mut self, items: &[Node<'_>]) {
        let word = |at: usize| match items.get(at).map(|node| &node.kind) {
            Some(Kind::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        let on = self.rules.is_on(SENSITIVE_KEY);
        for (at, item) in items.iter().enumerate() {
            let flag = at
                .checked_sub(1)
                .and_then(word)
                .filter(|flag| on && flag.starts_with("--") && !flag.contains(['=', ' ']));
            let follows = flag.and_then(|flag| self.rules.keys.classify(flag.as_bytes()));
            match (follows, word(at)) {
                (Some(key), Some(value)) if key.kind == KeyKind::Secret && !value.starts_with('-') => {
                    self.hide(item, key, SENSITIVE_KEY)
                }
                _ => self.node(item),
            }
            let user = at
                .checked_sub(1)
                .and_then(word)
                .is_some_and(|flag| matches!(flag, "-u" | "--user"));
            let curl = user && (0..at).filter_map(word).any(|word| word.ends_with("curl"));
            if let (true, Some((name, password))) = (curl, word(at).and_then(|user| user.split_once(':')))
                && !placeholder::is_placeholder(password.as_bytes())
            {
                let range = name.len() + 1..name.len() + 1 + password.len();
                self.changes.retain(|(leaf, _)| *leaf != item.leaf);
                self.changes.push((
                    item.leaf,
                    Change::Edit(vec![Edit {
                        range,
                        with: placeholder::MARKER.to_owned(),
                        rule: SENSITIVE_KEY,
                    }]),
                ));
            }
        }
    }

    fn map(&mut self, entries: &[(usize, Cow<'_, str>, Node<'_>)]) {
        let keys_on = self.rules.is_on(SENSITIVE_KEY);
        let secret_on = self.rules.is_on(INFRASTRUCTURE);
        let named = if keys_on {
            named(&self.rules.keys, entries)
        } else {
            None
        };
        for (number, key, value) in entries {
            self.text(*number, key);
            if secret_on && infrastructure::is_secret(entries, key) {
                self.hide(value, ALL, INFRASTRUCTURE);
                continue;
            }
            if let Some(sensitive) = named.filter(|_| matches!(key.as_ref(), "value" | "Value")) {
                self.hide(value, sensitive, SENSITIVE_KEY);
                continue;
            }
            match self.rules.keys.classify(key.as_bytes()).filter(|_| keys_on) {
                Some(sensitive) if sensitive.kind == KeyKind::Headers => self.headers(value),
                Some(sensitive) => self.hide(value, sensitive, SENSITIVE_KEY),
                None => self.node(value),
            }
            if secret_on && let Some(mask) = infrastructure::mask(entries, key) {
                infrastructure::masked(value, mask, &mut |node| {
                    hide(&mut self.changes, node, ALL, INFRASTRUCTURE)
                });
            }
        }
    }

    fn headers(&mut self, value: &Node<'_>) {
        let Kind::Text(pairs) = &value.kind else {
            return self.hide(value, ALL, SENSITIVE_KEY);
        };
        let mut edits = Vec::new();
        let mut at = 0;
        for pair in pairs.split(',') {
            if let Some((name, secret)) = pair.split_once('=') {
                let start = at + name.len() + 1;
                if !placeholder::is_placeholder(secret.as_bytes()) {
                    edits.push(Edit {
                        range: start..start + secret.len(),
                        with: placeholder::MARKER.to_owned(),
                        rule: SENSITIVE_KEY,
                    });
                }
            }
            at += pair.len() + 1;
        }
        if edits.is_empty() {
            return self.node(value);
        }
        // What is left of the names is a text like any other.
        let clean = text::apply(pairs, &edits);
        let more = text::edits(self.rules, &clean, self.depth);
        if !more.is_empty() {
            edits = vec![Edit {
                range: 0..pairs.len(),
                with: text::apply(&clean, &more),
                rule: SENSITIVE_KEY,
            }];
        }
        self.changes.push((value.leaf, Change::Edit(edits)));
    }

    /// Hides all leaves under a sensitive key.
    fn hide(&mut self, node: &Node<'_>, key: Sensitive, rule: u16) {
        hide(&mut self.changes, node, key, rule);
        self.keys(node);
    }

    /// The keys of what is hidden stay, but for declared values in them.
    fn keys(&mut self, node: &Node<'_>) {
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.keys(item)),
            Kind::Map(entries) => {
                for (number, key, value) in entries {
                    self.text(*number, key);
                    self.keys(value);
                }
            }
            _ => {}
        }
    }
}

/// A key under which everything but nothing, true and false is a secret.
const ALL: Sensitive = Sensitive {
    kind: KeyKind::Secret,
    plural: false,
};

fn hide(changes: &mut Vec<(usize, Change)>, node: &Node<'_>, key: Sensitive, rule: u16) {
    match &node.kind {
        Kind::Null | Kind::Bool(_) => {}
        Kind::Number(_) if key.plural => {}
        Kind::Number(_) => changes.push((node.leaf, Change::Hide(rule))),
        Kind::Text(text) if placeholder::is_placeholder(text.as_bytes()) => {}
        Kind::Text(_) => changes.push((node.leaf, Change::Hide(rule))),
        Kind::List(items) => items.iter().for_each(|item| hide(changes, item, key, rule)),
        Kind::Map(entries) => entries.iter().for_each(|(_, _, value)| hide(changes, value, key, rule)),
    }
}

/// Whether a key says something of its value, or of what stands beside it: it is sensitive, or a name by which values
/// and marks belong together. A map without such a key needs no walk.
pub(crate) fn matters(keys: &Keys, key: &[u8]) -> bool {
    matches!(key, b"value" | b"Value") || infrastructure::matters(key) || keys.classify(key).is_some()
}

/// `{name: "<sensitive key>", value: x}`: how the key is sensitive.
fn named(keys: &Keys, entries: &[(usize, Cow<'_, str>, Node<'_>)]) -> Option<Sensitive> {
    entries
        .iter()
        .find_map(|(_, key, value)| match (key.as_ref(), &value.kind) {
            ("name" | "key" | "Name" | "Key", Kind::Text(name)) => keys.classify(name.as_bytes()),
            _ => None,
        })
}

/// The leaves of the values at whose places the mask of a Terraform plan is true.
pub(crate) fn masked_leaves(values: &[Node<'_>], masks: &[Node<'_>]) -> Vec<usize> {
    let mut found = Vec::new();
    for (value, mask) in values.iter().zip(masks) {
        infrastructure::masked(value, &mask.kind, &mut |node| {
            hide(&mut found, node, ALL, INFRASTRUCTURE)
        });
    }
    found.into_iter().map(|(leaf, _)| leaf).collect()
}
