//! What an operation knows of its resources: steps under way, steps done, who stands below whom.

use super::ids;
use crate::{Action, Step};
use sitelog_model::{SpanId, Ulid};
use std::collections::{BTreeMap, HashMap};

/// A step that was begun and not ended.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) step: Step,
    pub(super) span: SpanId,
    pub(super) parent: SpanId,
    /// Unix nanoseconds.
    pub(super) start: u64,
    /// Whether a later step named the resource as its parent: a component is there then.
    pub(super) has_children: bool,
}

/// What became of a resource so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Unknown,
    Completed,
    Failed,
}

#[derive(Debug, Default)]
struct Resource {
    /// Its latest span: that of the steps below it is this one.
    span: Option<SpanId>,
    open: Vec<Open>,
    fate: Fate,
    /// Engine's words of the steps counted: a preview tells components' steps twice.
    counted: Vec<Box<str>>,
    /// Why it is thought to have failed, though the engine told no failed step.
    blamed: Option<&'static str>,
}

/// All of them, by address.
#[derive(Debug)]
pub(super) struct Resources {
    operation: Ulid,
    known: HashMap<Box<str>, Resource>,
    spans: u64,
    /// Steps counted, by the engine's word.
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) failed: u64,
}

impl Resources {
    pub(super) fn new(operation: Ulid) -> Self {
        Self {
            operation,
            known: HashMap::new(),
            spans: 0,
            counts: BTreeMap::new(),
            failed: 0,
        }
    }

    fn entry(&mut self, address: &str) -> &mut Resource {
        self.known.entry(address.into()).or_default()
    }

    /// The span of the operation itself.
    pub(super) fn root(&self) -> SpanId {
        ids::span(self.operation, 0)
    }

    /// The span that what is said of a resource belongs to.
    pub(super) fn span_of(&self, address: Option<&str>) -> SpanId {
        let known = address.and_then(|address| self.known.get(address));
        known.and_then(|resource| resource.span).unwrap_or_else(|| self.root())
    }

    /// A step begins; its span.
    pub(super) fn begin(&mut self, step: Step, start: u64) -> SpanId {
        let parent = self.span_of(step.parent.as_deref());
        if let Some(above) = step.parent.as_deref().and_then(|parent| self.known.get_mut(parent)) {
            above.open.iter_mut().for_each(|open| open.has_children = true);
        }
        if step.planned {
            return self.root();
        }
        self.spans += 1;
        let span = ids::span(self.operation, self.spans);
        let resource = self.entry(&step.address);
        resource.span = Some(span);
        resource.open.push(Open {
            step,
            span,
            parent,
            start,
            has_children: false,
        });
        span
    }

    /// A step ends. It is the resource's open one of the same word, else (a refresh tells what it found) the last.
    pub(super) fn close(&mut self, step: &Step) -> Option<Open> {
        let resource = self.known.get_mut(step.address.as_str())?;
        let same = resource
            .open
            .iter()
            .rposition(|open| open.step.engine_action == step.engine_action);
        let at = same.or_else(|| resource.open.len().checked_sub(1))?;
        Some(resource.open.remove(at))
    }

    /// A step is done; whether it is one that the engine's summary counts. With `once` a step told twice counts once.
    pub(super) fn completed(&mut self, step: &Step, once: bool) -> bool {
        let resource = self.entry(&step.address);
        resource.fate = Fate::Completed;
        let again = once && resource.counted.iter().any(|word| **word == step.engine_action);
        let counts = step.counted && !again;
        if counts {
            if once {
                resource.counted.push(step.engine_action.as_str().into());
            }
            *self.counts.entry(step.engine_action.clone()).or_default() += 1;
        }
        counts
    }

    pub(super) fn failed(&mut self, address: &str) {
        self.entry(address).fate = Fate::Failed;
        self.failed += 1;
    }

    /// Something was said of a resource that makes it fail unless the engine says otherwise.
    pub(super) fn blame(&mut self, address: &str, why: &'static str) {
        let resource = self.entry(address);
        resource.blamed = resource.blamed.or(Some(why));
    }

    /// Steps that are still open, in the order they began; none is afterwards.
    pub(super) fn take_open(&mut self) -> Vec<Open> {
        let mut open: Vec<Open> = self
            .known
            .values_mut()
            .flat_map(|resource| resource.open.drain(..))
            .collect();
        open.sort_by(|a, b| (a.start, &a.step.address).cmp(&(b.start, &b.step.address)));
        open
    }

    /// Resources that were blamed and of which no end was told, with the reason; in the order of their addresses.
    pub(super) fn take_blamed(&mut self) -> Vec<(String, &'static str)> {
        let blamed = self
            .known
            .iter_mut()
            .filter(|(_, resource)| resource.fate == Fate::Unknown);
        let mut blamed: Vec<_> = blamed
            .filter_map(|(address, r)| r.blamed.take().map(|why| (address.to_string(), why)))
            .collect();
        blamed.sort();
        blamed
    }

    /// Why a resource was blamed, if it was.
    pub(super) fn blamed(&self, address: &str) -> Option<&'static str> {
        self.known.get(address).and_then(|resource| resource.blamed)
    }
}

impl Open {
    /// Whether the step is done though the engine did not say so. A component is nothing but its entry in the state,
    /// which is there when something below it is made or the engine ended in order; a step that does nothing is done.
    pub(super) fn is_done(&self, in_order: bool, succeeded: bool) -> bool {
        match self.step.action {
            Action::Create | Action::Update if self.step.component => in_order || self.has_children,
            Action::Same => succeeded || (self.step.component && in_order),
            _ => false,
        }
    }
}
