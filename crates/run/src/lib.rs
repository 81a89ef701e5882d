//! Runs one command and records it.
