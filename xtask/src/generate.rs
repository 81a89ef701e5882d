//! `cargo xtask generate`: files made from one declaration. `check` says when one is stale.

mod attributes;

use std::fs;

use anyhow::{Context, Result};

use crate::workspace;

/// A generated file: what it is made from and how. Paths are relative to the top of the checkout.
struct Generated {
    source: &'static str,
    target: &'static str,
    render: fn(&str) -> Result<String>,
}

/// Every generated file of the checkout.
const GENERATED: &[Generated] = &[
    Generated {
        source: ATTRIBUTES,
        target: "crates/model/src/attributes.rs",
        render: attributes::constants,
    },
    Generated {
        source: ATTRIBUTES,
        target: "docs/attributes.md",
        render: attributes::table,
    },
];

const ATTRIBUTES: &str = "crates/model/attributes.yaml";

/// Writes every generated file.
pub(crate) fn run() -> Result<()> {
    for file in GENERATED {
        fs::write(workspace::root().join(file.target), file.rendered()?)?;
        println!("{}: from {}", file.target, file.source);
    }
    Ok(())
}

/// A line for each file that is not what its source says.
pub(crate) fn stale() -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for file in GENERATED {
        let wanted = file.rendered()?;
        let found = fs::read_to_string(workspace::root().join(file.target)).unwrap_or_default();
        if found != wanted {
            stale.push(format!(
                "{}: differs from what {} gives; run `cargo xtask generate`",
                file.target, file.source
            ));
        }
    }
    Ok(stale)
}

impl Generated {
    fn rendered(&self) -> Result<String> {
        let source = workspace::root().join(self.source);
        let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", self.source))?;
        (self.render)(&text).with_context(|| self.source.to_owned())
    }
}
