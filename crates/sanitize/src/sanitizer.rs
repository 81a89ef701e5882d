//! The sanitizer: built once, cheap to clone, shared by everything that records.

use crate::rules::BadRule;
use crate::rules::compiled::Compiled;
use crate::settings::{Declared, Settings};
use crate::stream::StreamRedactor;
use crate::tally::{Counts, Face, Refusal, Tally};
use crate::writer::RedactingWriter;
use std::borrow::Cow;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Finds secrets by all rules and puts `[REDACTED]` in their place. A clone shares the declared values.
#[derive(Clone)]
pub struct Sanitizer(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    version: AtomicU64,
    tally: Arc<Tally>,
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
        let tally = Arc::new(Tally::new(crate::rules::all().count() + settings.rules.len()));
        let rules = Arc::new(Compiled::new(&settings, Arc::clone(&tally))?);
        Ok(Self(Arc::new(Shared {
            state: Mutex::new(State { settings, rules }),
            version: AtomicU64::new(0),
            tally,
        })))
    }

    /// One that looks for the same, as it is now, and counts apart; its tables are shared, so that there may be thousands.
    pub fn counting_apart(&self) -> Self {
        let state = self.state();
        let tally = Arc::new(Tally::new(state.rules.ids.len()));
        let rules = Arc::new(state.rules.counting(Arc::clone(&tally)));
        let settings = state.settings.clone();
        Self(Arc::new(Shared {
            state: Mutex::new(State { settings, rules }),
            version: AtomicU64::new(0),
            tally,
        }))
    }

    /// Adds a secret while streams are running: they look for it from their next write on. False when the value is too
    /// short to be looked for (R21).
    pub fn register(&self, name: &str, value: &[u8]) -> bool {
        if value.trim_ascii().len() < crate::settings::SHORTEST {
            self.0.tally.refuse(Refusal::ShortValue);
            return false;
        }
        let mut state = self.state();
        let declared = Declared {
            name: name.to_owned(),
            value: value.to_vec(),
        };
        if !state.settings.declared.contains(&declared) {
            state.settings.declared.push(declared);
            self.0.tally.register();
            if let Ok(rules) = Compiled::new(&state.settings, Arc::clone(&self.0.tally)) {
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
        let rules = self.rules().0;
        let edits = crate::text::edits(&rules, text, crate::text::NESTED);
        if edits.is_empty() {
            return Cow::Borrowed(text);
        }
        edits.iter().for_each(|edit| rules.tally.count(Face::Value, edit.rule));
        Cow::Owned(crate::text::apply(text, &edits))
    }

    /// What was hidden and refused so far.
    pub fn counts(&self) -> Counts {
        self.0.tally.read(&self.rules().0.ids)
    }

    /// The counters.
    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
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
