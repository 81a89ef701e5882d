//! What can be wrong with a setting. Every text is one line: where it came from, what is wrong, what to do.

/// A setting that cannot be used. Header values, keys and whole endpoints are never part of a text.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that is no usable URL.
    #[error("{from}: {why}; give an endpoint like http://collector:4318 or collector:4317")]
    Endpoint {
        /// The flag, variable or file line.
        from: String,
        /// What is wrong with it.
        why: String,
    },
    /// A name that cannot be a part of a cursor's name.
    #[error("{from}: destination name {name:?} is not 1 to 56 of a-z A-Z 0-9 . _ - without a leading dot")]
    Name {
        /// The flag, variable or file line.
        from: String,
        /// What was given.
        name: String,
    },
    /// A protocol this exporter does not speak.
    #[error("{from}: protocol {value:?} is unknown; use grpc, http/protobuf or http/json")]
    Protocol {
        /// The flag, variable or file line.
        from: String,
        /// What was given.
        value: String,
    },
    /// A header list with an entry that is no header.
    #[error("{from}: header {entry} {why}; give name=value pairs with commas between, values percent-encoded")]
    Header {
        /// The flag, variable or file line.
        from: String,
        /// Which entry, from 1.
        entry: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A timeout that is no duration, or zero.
    #[error("{from}: timeout {value:?} is not {expected}")]
    Timeout {
        /// The flag, variable or file line.
        from: String,
        /// What was given.
        value: String,
        /// The form to use.
        expected: &'static str,
    },
    /// A compression this exporter does not have.
    #[error("{from}: compression {value:?} is unknown; use none, gzip or zstd")]
    Compression {
        /// The flag, variable or file line.
        from: String,
        /// What was given.
        value: String,
    },
    /// A switch that is neither true nor false.
    #[error("{from}: {value:?} is neither true nor false")]
    Switch {
        /// The flag, variable or file line.
        from: String,
        /// What was given.
        value: String,
    },
    /// A certificate or key file that cannot be used.
    #[error("{from}: {path:?} {why}; give a PEM file")]
    Pem {
        /// The flag, variable or file line.
        from: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A client certificate without a key, or the reverse.
    #[error("{from}: a client certificate and a client key are needed together; set the {missing} too")]
    Pair {
        /// The flag, variable or file line of the one that is there.
        from: String,
        /// What is not there.
        missing: &'static str,
    },
}
