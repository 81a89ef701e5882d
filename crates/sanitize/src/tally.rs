//! What the rules did, counted: hits by rule and by face. Counting costs one relaxed addition a hit.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where a value was hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// In a byte stream.
    Stream,
    /// In a text or a structured value.
    Value,
    /// In OTLP attributes or requests.
    Otlp,
}

impl Face {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stream, Self::Value, Self::Otlp];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Value => "value",
            Self::Otlp => "otlp",
        }
    }
}

/// The counters of one sanitizer.
#[derive(Debug)]
pub(crate) struct Tally {
    /// By rule, then by face. What declared values hit counts for the first rule.
    hits: Vec<[AtomicU64; 3]>,
    registered: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A batch that is no OTLP request of its signal, or exceeds a limit.
    Batch,
    /// An audit write with keys that are not allowed (R14).
    AuditKeys,
    /// A value that is too short to be looked for (R21).
    ShortValue,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Batch, Self::AuditKeys, Self::ShortValue];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::AuditKeys => "audit_keys",
            Self::ShortValue => "short_value",
        }
    }
}

impl Tally {
    /// Counters for so many rules, all at 0.
    pub(crate) fn new(rules: usize) -> Self {
        Self {
            hits: (0..rules).map(|_| Default::default()).collect(),
            registered: AtomicU64::new(0),
            refused: Default::default(),
        }
    }

    /// A hit of a rule; places beyond the rules are declared values.
    pub(crate) fn count(&self, face: Face, rule: u16) {
        let rule = self.hits.get(usize::from(rule)).or(self.hits.first());
        rule.into_iter()
            .for_each(|faces| _ = faces[face as usize].fetch_add(1, Relaxed));
    }

    /// Something was refused.
    pub(crate) fn refuse(&self, why: Refusal) {
        self.refused[why as usize].fetch_add(1, Relaxed);
    }

    /// A value was registered.
    pub(crate) fn register(&self) {
        self.registered.fetch_add(1, Relaxed);
    }

    /// The counters as they are now; `ids` are those of the rules.
    pub(crate) fn read(&self, ids: &[String]) -> Counts {
        let mut hits = Vec::new();
        for (id, faces) in ids.iter().zip(&self.hits) {
            for face in Face::ALL {
                let count = faces[face as usize].load(Relaxed);
                if count > 0 {
                    hits.push((id.clone(), face, count));
                }
            }
        }
        let refused = Refusal::ALL.map(|why| (why, self.refused[why as usize].load(Relaxed)));
        Counts {
            hits,
            registered: self.registered.load(Relaxed),
            refused: refused.into_iter().filter(|(_, count)| *count > 0).collect(),
        }
    }
}

/// What a sanitizer did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Hits by rule and face, without those that are 0.
    pub hits: Vec<(String, Face, u64)>,
    /// Values that were registered at run time.
    pub registered: u64,
    /// What was refused, by reason, without those that are 0.
    pub refused: Vec<(Refusal, u64)>,
}

impl Counts {
    /// All hits.
    pub fn total(&self) -> u64 {
        self.hits.iter().map(|(.., count)| count).sum()
    }
}
