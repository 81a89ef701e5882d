//! The engines' words for what is done to a resource.

use crate::Action;

/// A word of the message stream; the text for people says the same ones in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Create,
    Update,
    Delete,
    Replace,
    Read,
    Move,
    Import,
    /// Taken out of the state and left alive.
    Forget,
    Noop,
    Refresh,
    /// Of ephemeral resources.
    Open,
    Renew,
    Close,
    /// One that this version does not know.
    Other(Box<str>),
}

/// Words as the message stream writes them. `remove` is the stream's name of forgetting; ours keeps it apart from delete.
const WORDS: [(&str, Word); 14] = [
    ("create", Word::Create),
    ("update", Word::Update),
    ("delete", Word::Delete),
    ("replace", Word::Replace),
    ("read", Word::Read),
    ("move", Word::Move),
    ("import", Word::Import),
    ("forget", Word::Forget),
    ("remove", Word::Forget),
    ("noop", Word::Noop),
    ("refresh", Word::Refresh),
    ("open", Word::Open),
    ("renew", Word::Renew),
    ("close", Word::Close),
];

impl Word {
    /// The word that a message's `action` is.
    pub(crate) fn of(text: &str) -> Self {
        let known = WORDS.iter().find(|(name, _)| *name == text);
        known.map_or_else(|| Self::Other(text.into()), |(_, word)| word.clone())
    }

    /// It, as a step's `engine_action`.
    pub(crate) fn text(&self) -> &str {
        if let Self::Other(text) = self {
            return text;
        }
        WORDS.iter().find(|(_, word)| word == self).map_or("", |(name, _)| name)
    }

    /// What it is in the vocabulary of all engines.
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete => Action::Delete,
            Self::Replace => Action::Replace,
            Self::Import => Action::Import,
            Self::Refresh => Action::Refresh,
            Self::Read | Self::Open | Self::Renew | Self::Close => Action::Read,
            Self::Move | Self::Forget | Self::Noop | Self::Other(_) => Action::Same,
        }
    }

    /// Whether the engine counts a step of this kind in its account of an apply.
    pub(crate) fn counted(&self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete | Self::Import)
    }
}

#[cfg(test)]
mod tests {
    use super::{WORDS, Word};

    #[test]
    fn every_word_is_read_and_written() {
        for (name, word) in WORDS {
            assert_eq!(Word::of(name), word);
            assert_eq!(Word::of(word.text()), word);
        }
        assert_eq!(Word::of("teleport").text(), "teleport");
    }
}
