//! `--otlp.*`: the standard exporter variables as flags and as keys of the file.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;
use sitelog_export::config::{Given, Key};
use sitelog_model::Signal;

/// Flags `--otlp.KEY` and `--otlp.SIGNAL.KEY`. Their variables are the standard `OTEL_EXPORTER_OTLP_*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct OtlpFlags(pub(crate) Vec<Given>);

/// The flag's and the file's name of a setting, and its help.
fn name(key: Key) -> (&'static str, &'static str) {
    match key {
        Key::Endpoint => (
            "endpoint",
            "Where records are sent; without one they stay in the ledger",
        ),
        Key::Protocol => ("protocol", "grpc, http/protobuf or http/json"),
        Key::Headers => ("headers", "Headers of every request: name=value,name=value"),
        Key::Timeout => ("timeout", "How long a request may take [default: 10s]"),
        Key::Compression => ("compression", "none, gzip or zstd [default: none]"),
        Key::Certificate => ("certificate", "PEM file of the authorities to trust"),
        Key::ClientCertificate => ("client-certificate", "PEM file with our certificate"),
        Key::ClientKey => ("client-key", "PEM file with its key"),
        Key::Insecure => ("insecure", "Whether an endpoint without a scheme is plain text"),
    }
}

fn flag(signal: Option<Signal>, key: Key) -> String {
    match signal {
        Some(signal) => format!("otlp.{}.{}", signal.name(), name(key).0),
        None => format!("otlp.{}", name(key).0),
    }
}

fn all() -> impl Iterator<Item = (Option<Signal>, Key)> {
    let signals = [None].into_iter().chain(Signal::ALL.map(Some));
    signals.flat_map(|signal| Key::ALL.map(|key| (signal, key)))
}

impl Args for OtlpFlags {
    fn augment_args(command: Command) -> Command {
        all().fold(command, |command, (signal, key)| {
            let flag = flag(signal, key);
            let mut arg = Arg::new(flag.clone())
                .long(flag)
                .value_name("VALUE")
                .action(ArgAction::Set);
            arg = arg
                .help(name(key).1)
                .help_heading("OTLP out (and OTEL_EXPORTER_OTLP_*; --otlp.logs.* and so on for one signal)");
            if key == Key::Insecure {
                arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
            }
            command.arg(arg.hide(signal.is_some()))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OtlpFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = all().filter_map(|(signal, key)| {
            let flag = flag(signal, key);
            let value = matches.get_one::<String>(&flag)?.clone();
            Some(Given {
                key,
                signal,
                value,
                from: format!("--{flag}"),
            })
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A section of the file with the settings of a destination. Not by serde's `flatten`, which loses the lines.
macro_rules! section {
    ($(#[$about:meta])* $name:ident { $($(#[$more:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        pub(crate) struct $name {
            /// Where records are sent.
            #[schemars(with = "Option<String>")]
            endpoint: Option<Spanned<String>>,
            /// grpc, http/protobuf or http/json.
            #[schemars(with = "Option<String>")]
            protocol: Option<Spanned<String>>,
            /// name=value,name=value
            #[schemars(with = "Option<String>")]
            headers: Option<Spanned<String>>,
            /// How long a request may take.
            #[schemars(with = "Option<String>")]
            timeout: Option<Spanned<String>>,
            /// none, gzip or zstd.
            #[schemars(with = "Option<String>")]
            compression: Option<Spanned<String>>,
            /// PEM file of the authorities to trust.
            #[schemars(with = "Option<String>")]
            certificate: Option<Spanned<String>>,
            /// PEM file with our certificate.
            #[schemars(with = "Option<String>")]
            client_certificate: Option<Spanned<String>>,
            /// PEM file with its key.
            #[schemars(with = "Option<String>")]
            client_key: Option<Spanned<String>>,
            /// Whether an endpoint without a scheme is plain text.
            #[schemars(with = "Option<bool>")]
            insecure: Option<Spanned<bool>>,
            $($(#[$more])* $field: $type,)*
        }

        impl $name {
            /// The settings of this section, each with the line it stands on.
            fn keys(&self, signal: Option<Signal>, file: &str) -> Vec<Given> {
                let text = |key: Key, value: &Option<Spanned<String>>| {
                    value.as_ref().map(|value| (key, value.value.clone(), value.referenced.line()))
                };
                let insecure = &self.insecure;
                let insecure = insecure.as_ref().map(|on| (Key::Insecure, on.value.to_string(), on.referenced.line()));
                let settings = [
                    text(Key::Endpoint, &self.endpoint),
                    text(Key::Protocol, &self.protocol),
                    text(Key::Headers, &self.headers),
                    text(Key::Timeout, &self.timeout),
                    text(Key::Compression, &self.compression),
                    text(Key::Certificate, &self.certificate),
                    text(Key::ClientCertificate, &self.client_certificate),
                    text(Key::ClientKey, &self.client_key),
                    insecure,
                ];
                let place = |(key, value, line)| Given { key, signal, value, from: format!("{file}:{line}") };
                settings.into_iter().flatten().map(place).collect()
            }
        }
    };
}

section! {
    /// The settings of one signal's destination.
    SignalFile {}
}

section! {
    /// The file's `otlp:` section.
    OtlpFile {
        /// Settings for logs alone.
        logs: SignalFile,
        /// Settings for traces alone.
        traces: SignalFile,
        /// Settings for metrics alone.
        metrics: SignalFile,
    }
}

impl OtlpFile {
    /// The settings with the line each stands on.
    pub(crate) fn given(&self, file: &str) -> Vec<Given> {
        let signals = [
            (Signal::Logs, &self.logs),
            (Signal::Traces, &self.traces),
            (Signal::Metrics, &self.metrics),
        ];
        let own = signals
            .into_iter()
            .flat_map(|(signal, section)| section.keys(Some(signal), file));
        self.keys(None, file).into_iter().chain(own).collect()
    }
}
