//! Blocks of job output.
