//! `cargo xtask components`: the real programs that tests and benchmarks talk to, installed into the cache.

mod source;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::Cache;
use source::Source;

/// A program that can be installed from a package registry.
struct Component {
    name: &'static str,
    source: Source,
    /// Path of the program inside the cache entry.
    binary: &'static str,
}

const COMPONENTS: &[Component] = &[
    // The backend of the end-to-end tests, and a peer of the bench.
    Component {
        name: "collector",
        source: Source::GoModule {
            folder: "components/collector",
            package: ".",
            tags: "",
            version: "0.157.0",
        },
        binary: "otelcol",
    },
    // A peer of the bench.
    Component {
        name: "otel-cli",
        source: Source::GoModule {
            folder: "components/otel-cli",
            package: "github.com/equinix-labs/otel-cli",
            tags: "",
            version: "0.4.5",
        },
        binary: "otel-cli",
    },
    // What metrics are pushed to and scraped by. Without the service discoveries of clouds, which are most of it.
    Component {
        name: "prometheus",
        source: Source::GoModule {
            folder: "components/prometheus",
            package: "github.com/prometheus/prometheus/cmd/prometheus",
            tags: "remove_all_sd",
            version: "3.15.0",
        },
        binary: "prometheus",
    },
    // A tool of the provisioning tests. It takes minutes to build, so `cargo xtask test` uses it only where it is installed;
    // without it OpenTofu's recorded runs are tested alone.
    Component {
        name: "tofu",
        source: Source::GoModule {
            folder: "components/tofu",
            package: "github.com/opentofu/opentofu/cmd/tofu",
            tags: "",
            version: "1.12.6",
        },
        binary: "tofu",
    },
    // Programs on Pulumi's Automation API: an interpreter that has it.
    Component {
        name: "pulumi-python",
        source: Source::Python {
            folder: "components/pulumi-python",
            version: "3.272.0",
        },
        binary: "bin/python",
    },
    // What sends to the gateway: the generator of load, and the SDKs of two languages.
    Component {
        name: "telemetrygen",
        source: Source::GoModule {
            folder: "components/telemetrygen",
            package: "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen",
            tags: "",
            version: "0.155.0",
        },
        binary: "telemetrygen",
    },
    Component {
        name: "otel-python",
        source: Source::Python {
            folder: "components/otel-python",
            version: "1.45.2",
        },
        binary: "bin/python",
    },
    // Its packages: a program finds them by `NODE_PATH`.
    Component {
        name: "otel-node",
        source: Source::Node {
            folder: "components/otel-node",
            version: "0.223.1",
        },
        binary: "node_modules",
    },
    // Bans, licences and sources of the dependencies.
    Component {
        name: "cargo-deny",
        source: Source::Crate { version: "0.20.2" },
        binary: "bin/cargo-deny",
    },
    // Runs the fuzz targets.
    Component {
        name: "cargo-fuzz",
        source: Source::Crate { version: "0.13.2" },
        binary: "bin/cargo-fuzz",
    },
];

/// Installs the named components and prints their paths, one a line.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    for name in names {
        println!("{}", install(name)?.display());
    }
    Ok(())
}

/// Path of a component's program, if it is in the cache.
pub(crate) fn installed(name: &str) -> Result<Option<PathBuf>> {
    let component = component(name)?;
    let entry = Cache::open()?.path(name, &component.source.version()?);
    Ok(entry.is_dir().then(|| entry.join(component.binary)))
}

fn component(name: &str) -> Result<&'static Component> {
    let found = COMPONENTS.iter().find(|component| component.name == name);
    found.with_context(|| {
        let known: Vec<&str> = COMPONENTS.iter().map(|component| component.name).collect();
        format!("no component `{name}`; there are {}", known.join(", "))
    })
}

/// Path of a component's program, installed when it is not in the cache.
pub(crate) fn install(name: &str) -> Result<PathBuf> {
    let component = component(name)?;
    let entry = Cache::open()?.entry(name, &component.source.version()?, |staging| {
        component.source.build(name, component.binary, staging)
    })?;
    Ok(entry.join(component.binary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_component_is_refused_with_the_known_ones() {
        let error = install("collectr").unwrap_err().to_string();
        assert_eq!(
            error,
            "no component `collectr`; there are collector, otel-cli, prometheus, tofu, pulumi-python, telemetrygen, otel-python, otel-node, cargo-deny, cargo-fuzz"
        );
    }

    #[test]
    fn the_collectors_version_follows_its_pins() {
        let version = COMPONENTS[0].source.version().unwrap();
        let (release, pins) = version.split_once('-').unwrap();
        assert_eq!((release, pins.len()), ("0.157.0", 16), "{version}");
    }
}
