//! Hides secrets; the only maker of [`Clean`].
//!
//! One engine, three faces: byte streams ([`StreamRedactor`]), values ([`Sanitizer::text`], [`Sanitizer::attributes`]) and
//! OTLP requests ([`Sanitizer::batch`]).

pub mod audit;
mod base64;
pub mod cases;
mod chars;
mod clean;
mod declared;
mod documents;
mod escape;
mod explain;
mod filter;
mod found;
mod json;
pub mod keys;
pub mod lines;
mod memo;
mod otlp;
mod otlp_json;
mod placeholder;
mod resume;
pub mod rules;
mod sanitizer;
mod scan;
mod settings;
mod spans;
mod stream;
mod tally;
mod text;
mod trail;
mod tree;
mod until;
mod values;
mod view;
mod writer;

pub use clean::Clean;
pub use documents::{DocumentKind, DocumentRedactor, NotOtlp};
pub use explain::Explanation;
pub use otlp::{Fault, Invalid, Limits};
pub use placeholder::MARKER;
pub use sanitizer::Sanitizer;
pub use settings::{Declared, SHORTEST, Settings, UserRule, declared_from_env};
pub use stream::StreamRedactor;
pub use tally::{Counts, Face, Refusal};
pub use writer::RedactingWriter;
