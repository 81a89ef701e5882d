//! Terraform and OpenTofu: the message stream (`-json`, OpenTofu's `-json-into`) and the text for people.
//!
//! Both readers make the same facts, as far as the text says what the messages say; what it does not say is in
//! `docs/decisions` (Terraform's text is parsed).

mod address;
mod course;
mod judgement;
mod messages;
mod text;
mod time;
mod word;

pub use messages::Messages;
pub use text::Text;
