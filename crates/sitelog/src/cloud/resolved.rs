//! The settings in force: flags, variables, the file of pulumi-exporter, `sitelog.yaml`, the strongest first.

use super::destination::destination;
use super::standard;
use crate::exit::Failure;
use crate::settings::{CloudFile, CloudFlags, OtlpFlags, PulumiSettings, WebSettings, merge};
use crate::setup::Setup;
use sitelog_export::OtlpConfig;

/// What `sitelog cloud` works with.
pub(crate) struct Resolved {
    pub(crate) pulumi: PulumiSettings,
    pub(crate) web: WebSettings,
    pub(crate) otlp: OtlpConfig,
    /// Keys of the file that nobody knows.
    pub(crate) told: Option<String>,
}

impl Resolved {
    /// Reads and checks what was given; what is missing is another matter.
    pub(crate) fn new(setup: &Setup, flags: &CloudFlags, standard: &OtlpFlags) -> Result<Self, Failure> {
        let (file, told) = match &flags.config_file {
            Some(path) => CloudFile::read(path).map_err(Failure::usage)?,
            None => (CloudFile::default(), None),
        };
        standard::check().map_err(Failure::usage)?;
        let below = &setup.file.cloud;
        let pulumi: PulumiSettings = merge(&flags.pulumi, &merge(&file.pulumi, &below.pulumi)?)?;
        Ok(Self {
            web: merge(&flags.web, &merge(&file.web, &below.web)?)?,
            otlp: destination(setup, (flags, standard), &[&file, below], pulumi.is_audited())?,
            pulumi,
            told,
        })
    }
}
