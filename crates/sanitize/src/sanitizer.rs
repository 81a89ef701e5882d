//! The sanitizer: built once, cheap to clone, shared by everything that records.

use crate::rules::BadRule;
use crate::rules::compiled::Compiled;
use crate::settings::{Declared, Settings};
use crate::stream::StreamRedactor;
use crate::writer::RedactingWriter;
use std::borrow::Cow;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Finds secrets by all rules and puts `[REDACTED]` in their place. A clone shares the declared values.
#[derive(Clone)]
pub struct Sanitizer(Arc<Shared>);

/// What hit where; it holds nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The id of the rule.
    pub rule: String,
    /// The bytes of the text that are hidden.
    pub range: std::ops::Range<usize>,
}

struct Shared {
    state: Mutex<State>,
    version: AtomicU64,
}

struct State {
    settings: Settings,
    rules: Arc<Compiled>,
}

impl std::fmt::Debug for Sanitizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sanitizer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled")
            .field("rules", &self.ids.len())
            .finish_non_exhaustive()
    }
}

impl Sanitizer {
    /// A sanitizer; if a user's rule is bad, none of the user's rules is used and none is off ([`Self::try_new`] tells).
    pub fn new(settings: Settings) -> Self {
        let plain = Settings {
            off: Vec::new(),
            rules: Vec::new(),
            ..settings.clone()
        };
        match Self::try_new(settings) {
            Ok(sanitizer) => sanitizer,
            Err(_) => Self::try_new(plain).unwrap_or_else(|_| unreachable!("only users' rules can be bad")),
        }
    }

    /// A sanitizer.
    ///
    /// # Errors
    /// [`BadRule`] when a rule of the user cannot be used, or one that does not exist is turned off.
    pub fn try_new(settings: Settings) -> Result<Self, BadRule> {
        let rules = Arc::new(Compiled::new(&settings)?);
        Ok(Self(Arc::new(Shared {
            state: Mutex::new(State { settings, rules }),
            version: AtomicU64::new(0),
        })))
    }

    /// Adds a secret while streams are running: they look for it from their next write on. False when the value is too
    /// short to be looked for (R21).
    pub fn register(&self, name: &str, value: &[u8]) -> bool {
        if value.trim_ascii().len() < crate::settings::SHORTEST {
            return false;
        }
        let mut state = self.state();
        let declared = Declared {
            name: name.to_owned(),
            value: value.to_vec(),
        };
        if !state.settings.declared.contains(&declared) {
            state.settings.declared.push(declared);
            if let Ok(rules) = Compiled::new(&state.settings) {
                state.rules = Arc::new(rules);
                self.0.version.fetch_add(1, Ordering::Release);
            }
        }
        true
    }

    /// A new byte stream.
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(self.clone())
    }

    /// A new byte stream into a writer.
    pub fn writer<W: Write>(&self, out: W) -> RedactingWriter<W> {
        RedactingWriter::new(self.stream(), out)
    }

    /// A single text: a URL, an argument, an error message, a line.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match crate::text::redact(&self.rules().0, text) {
            Some(redacted) => Cow::Owned(redacted),
            None => Cow::Borrowed(text),
        }
    }

    /// Which rules hit where in a whole text; where spans overlap, the rule of the first. Never the value.
    pub fn explain(&self, text: &[u8]) -> Vec<Explanation> {
        let rules = self.rules().0;
        let rule = |place: u16| rules.ids.get(usize::from(place)).cloned().unwrap_or_default();
        let hits = crate::text::hits(&rules, text).into_iter();
        hits.map(|hit| Explanation {
            rule: rule(hit.rule),
            range: hit.range,
        })
        .collect()
    }

    /// The rules as they are now, and their version.
    pub(crate) fn rules(&self) -> (Arc<Compiled>, u64) {
        let state = self.state();
        (Arc::clone(&state.rules), self.version())
    }

    /// Changes when a value is registered.
    pub(crate) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
