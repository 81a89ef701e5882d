//! `StepEventMetadata`: one step on one resource.

use super::keys::Keys;
use super::{op, urn::Urn};
use crate::{Action, Step};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A step, as far as it is looked at; the second names are those of the digest of `preview --json`.
#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    urn: Cow<'a, str>,
    #[serde(default, borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default, borrow, alias = "oldState")]
    old: Option<State<'a>>,
    #[serde(default, borrow, alias = "newState")]
    new: Option<State<'a>>,
    #[serde(default)]
    keys: Option<Vec<String>>,
    #[serde(default, alias = "diffReasons")]
    diffs: Option<Vec<String>>,
    #[serde(default, rename = "detailedDiff")]
    detailed_diff: Keys,
}

/// A resource's state before or after. Inputs and outputs stay bytes.
#[derive(Deserialize)]
pub(super) struct State<'a> {
    #[serde(default)]
    custom: Option<bool>,
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    protect: Option<bool>,
    #[serde(default)]
    taint: Option<bool>,
    #[serde(default, rename = "retainOnDelete")]
    retain_on_delete: Option<bool>,
    #[serde(default, borrow)]
    provider: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    inputs: Option<&'a RawValue>,
    #[serde(default, borrow)]
    outputs: Option<&'a RawValue>,
}

impl Metadata<'_> {
    /// The step as a fact; `done` when the engine is through with it.
    pub(super) fn step(self, planned: bool, done: bool) -> Step {
        let mut action = op::action(&self.op);
        let mut diff = [
            self.detailed_diff.0,
            self.diffs.unwrap_or_default(),
            self.keys.unwrap_or_default(),
        ]
        .into_iter()
        .find(|paths| !paths.is_empty())
        .unwrap_or_default();
        // `same` is said of what the program asks for. The stack's and components' outputs, or a lifted protection,
        // change the state all the same.
        if done && !planned && action == Action::Same {
            let changed = State::changes(self.old.as_ref(), self.new.as_ref());
            if !changed.is_empty() {
                action = Action::Update;
                diff.extend(changed.into_iter().map(str::to_owned));
            }
        }
        let parts = Urn::parse(&self.urn);
        let kind = self.kind.filter(|kind| !kind.is_empty()).map(Cow::into_owned);
        let kind = kind.unwrap_or_else(|| parts.map(|urn| urn.kind).unwrap_or_default().to_owned());
        let name = parts.map_or(&*self.urn, |urn| urn.name).to_owned();
        let state = self.new.or(self.old);
        let component = state.as_ref().is_some_and(|state| state.custom != Some(true));
        let parent = state.and_then(|state| state.parent).filter(|parent| !parent.is_empty());
        Step {
            counted: op::counted(&self.op, &kind),
            address: self.urn.into_owned(),
            kind,
            name,
            action,
            engine_action: self.op.into_owned(),
            parent,
            diff,
            planned,
            component,
            why: None,
        }
    }
}

impl State<'_> {
    /// What of the state is another after the step; the parts' names.
    fn changes(old: Option<&Self>, new: Option<&Self>) -> Vec<&'static str> {
        let (Some(old), Some(new)) = (old, new) else {
            return Vec::new();
        };
        let flag = |value: Option<bool>| value.unwrap_or(false);
        let text = |value: &Option<Cow<'_, str>>| value.as_deref().unwrap_or_default().to_owned();
        [
            ("inputs", !same(old.inputs, new.inputs)),
            ("outputs", !same(old.outputs, new.outputs)),
            ("protect", flag(old.protect) != flag(new.protect)),
            ("taint", flag(old.taint) != flag(new.taint)),
            (
                "retainOnDelete",
                flag(old.retain_on_delete) != flag(new.retain_on_delete),
            ),
            (
                "parent",
                old.parent.as_deref().unwrap_or_default() != new.parent.as_deref().unwrap_or_default(),
            ),
            ("provider", text(&old.provider) != text(&new.provider)),
        ]
        .into_iter()
        .filter_map(|(part, changed)| changed.then_some(part))
        .collect()
    }
}

/// Whether two property maps are the same. The engine sorts keys, so equal bytes are the rule; where they differ, the
/// values decide.
fn same(old: Option<&RawValue>, new: Option<&RawValue>) -> bool {
    fn bytes(value: Option<&RawValue>) -> &str {
        value
            .map(RawValue::get)
            .filter(|text| !matches!(*text, "null" | "{}"))
            .unwrap_or_default()
    }
    let (old, new) = (bytes(old), bytes(new));
    if old == new {
        return true;
    }
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    parsed(old).is_some_and(|old| Some(old) == parsed(new))
}
