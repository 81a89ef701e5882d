//! Why a batch is refused.

use super::reader::{At, Fault};
use sitelog_model::Signal;

/// Why a batch is refused. None of the texts holds anything of the batch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    /// The bytes are no OTLP request of the batch's signal.
    #[error("no {signal} request in protobuf: byte {offset}: {fault}")]
    Malformed {
        /// The signal that the batch says it has.
        signal: &'static str,
        /// Where in the request.
        offset: usize,
        /// What is wrong there.
        fault: Fault,
    },
    /// [`super::Limits::bytes`].
    #[error("request of {size} bytes is larger than {max}")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// [`super::Limits::depth`].
    #[error("byte {offset}: messages are nested deeper than {max}")]
    TooDeep {
        /// Where in the request.
        offset: usize,
        /// The limit.
        max: usize,
    },
    /// [`super::Limits::records`].
    #[error("byte {offset}: more than {max} records")]
    TooManyRecords {
        /// Where in the request.
        offset: usize,
        /// The limit.
        max: usize,
    },
    /// [`super::Limits::fields`].
    #[error("byte {offset}: more than {max} fields")]
    TooManyFields {
        /// Where in the request.
        offset: usize,
        /// The limit.
        max: usize,
    },
    /// [`super::Limits::values`].
    #[error("byte {offset}: more than {max} values in one record")]
    TooManyValues {
        /// Where in the request.
        offset: usize,
        /// The limit.
        max: usize,
    },
    /// A note that is no UTF-8.
    #[error("note is no utf-8")]
    Note,
    /// A block of lines has to be built from clean lines.
    #[error("lines are sanitized before they are put into a block")]
    Lines,
}

/// Why a walk ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes are malformed.
    Fault(At),
    /// A limit is exceeded.
    Limit(Invalid),
}

impl From<At> for Stop {
    fn from(at: At) -> Self {
        Self::Fault(at)
    }
}

impl From<Invalid> for Stop {
    fn from(invalid: Invalid) -> Self {
        Self::Limit(invalid)
    }
}

impl Stop {
    /// The error, for a batch of a signal.
    pub(super) fn of(self, signal: Signal) -> Invalid {
        match self {
            Self::Limit(invalid) => invalid,
            Self::Fault((offset, fault)) => Invalid::Malformed {
                signal: signal.name(),
                offset,
                fault,
            },
        }
    }
}
