//! Why a call came to nothing.

use std::error::Error;
use std::time::Duration;

/// Why a call came to nothing. What it was to tell stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The service does not want to answer: 401, 403 and all other statuses below 500 that have no variant of their own.
    #[error("refused with status {status}: {why}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the service said.
        why: String,
    },
    /// 404: not there, or not for this token.
    #[error("not found: {0}")]
    Gone(String),
    /// 429.
    #[error("too many calls{}", after(.retry_after))]
    Limited {
        /// What `Retry-After` says.
        retry_after: Option<Duration>,
    },
    /// 500 and above.
    #[error("the service failed with status {0}")]
    Server(u16),
    /// No answer, or no end of it, in this time.
    #[error("no whole answer within {0:?}")]
    Timeout(Duration),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke off.
    #[error("broken off: {0}")]
    Broken(String),
    /// The answer is not what the service's OpenAPI document promises.
    #[error("unreadable answer: {0}")]
    Malformed(String),
    /// The answer exceeds this many bytes.
    #[error("answer of more than {0} bytes")]
    TooLarge(u64),
    /// The list has more pages than this.
    #[error("list of more than {0} pages")]
    TooManyPages(u32),
    /// A page names a next one that was read before.
    #[error("the list goes round: a continuation token came twice")]
    RepeatedToken,
}

fn after(retry_after: &Option<Duration>) -> String {
    match retry_after {
        Some(wait) => format!(", again after {} s", wait.as_secs()),
        None => String::new(),
    }
}

impl ApiError {
    /// Of a request that did not get its answer.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let why = causes(error);
        match error.is_connect() {
            true => Self::Connect(why),
            false => Self::Broken(why),
        }
    }

    /// Whether the same call may well succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Limited { .. } | Self::Server(_) | Self::Connect(_) | Self::Broken(_)
        )
    }

    /// Whether the service seems to have too much to do.
    pub fn is_strain(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Server(_) | Self::Timeout(_))
    }

    /// Whether the token is not accepted at all.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// What the counter of calls says of it: the status where there is one.
    pub fn status(&self) -> String {
        match self {
            Self::Refused { status, .. } | Self::Server(status) => status.to_string(),
            Self::Gone(_) => "404".to_owned(),
            Self::Limited { .. } => "429".to_owned(),
            Self::Timeout(_) => "timeout".to_owned(),
            Self::Connect(_) => "connect".to_owned(),
            Self::Broken(_) => "broken".to_owned(),
            Self::Malformed(_) => "malformed".to_owned(),
            Self::TooLarge(_) => "too_large".to_owned(),
            Self::TooManyPages(_) | Self::RepeatedToken => "pages".to_owned(),
        }
    }
}

/// An error with its causes in one text, outermost first, each said once; without the address, which may hold a password.
fn causes(error: &reqwest::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        source = cause.source();
    }
    match said.is_empty() {
        true => "request failed".to_owned(),
        false => said.join(": "),
    }
}
