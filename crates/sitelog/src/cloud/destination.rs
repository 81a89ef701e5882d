//! Where metrics are pushed: the exporter's own settings between the standard ones.

use crate::exit::Failure;
use crate::settings::{CloudFile, CloudFlags, OtlpFlags, given};
use crate::setup::Setup;
use sitelog_export::OtlpConfig;
use sitelog_export::config::{Given, Key, Protocol};
use sitelog_model::Signal;

/// What says that nothing is pushed.
const NOWHERE: &str = "none";

/// Where metrics go, and records where there are any; empty when nothing is pushed. `files` are laid over `sitelog.yaml`,
/// the first on top.
pub(crate) fn destination(
    setup: &Setup,
    (flags, standard): (&CloudFlags, &OtlpFlags),
    files: &[&CloudFile],
    is_audited: bool,
) -> Result<OtlpConfig, Failure> {
    let flags_given: Vec<Given> = standard.0.iter().cloned().chain(flags.destination()).collect();
    let before: Vec<Given> = files.iter().flat_map(|file| file.destination()).collect();
    if endpoint(&flags_given, &before).as_deref() == Some(NOWHERE) {
        return Ok(OtlpConfig::default());
    }
    let default = "the default";
    let defaults = vec![
        given(Key::Endpoint, "localhost:4318", default),
        given(Key::Insecure, "false", default),
        given(Key::Protocol, "http/protobuf", default),
        // A push says the same names over and over: it becomes a twentieth.
        given(Key::Compression, "gzip", default),
    ];
    let mut otlp = setup.otlp_between(&flags_given, before, defaults)?;
    let mut paths = files.iter().map(|file| &file.otlp.url_path);
    let path = flags.url_path.as_ref().or_else(|| paths.find_map(Option::as_ref));
    let metrics = otlp.destination(Signal::Metrics).cloned();
    if let (Some(path), Some(mut metrics)) = (path.filter(|path| !path.is_empty()), metrics)
        && metrics.protocol != Protocol::Grpc
    {
        metrics.url.set_path(path);
        otlp.set_destination(Signal::Metrics, Some(metrics));
    }
    if !is_audited {
        otlp.set_destination(Signal::Logs, None);
        otlp.set_destination(Signal::Traces, None);
    }
    Ok(otlp)
}

/// The endpoint that is in force, before it is read as one.
fn endpoint(flags: &[Given], file: &[Given]) -> Option<String> {
    let of = |given: &[Given]| {
        let found = given.iter().find(|given| given.key == Key::Endpoint);
        found.map(|given| given.value.trim().to_owned())
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    of(flags)
        .or_else(|| variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"))
        .or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"))
        .or_else(|| of(file))
}
