//! The registry of attribute names → constants for the code, a table for people.

use std::collections::HashSet;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde::Deserialize;

/// A row of the registry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    /// Its OTLP value type.
    r#type: String,
    /// Where it stands: resource, record, span.
    of: String,
    brief: String,
}

impl Attribute {
    /// `sitelog.run.id` → `SITELOG_RUN_ID`.
    fn constant(&self) -> String {
        self.key.replace(['.', '-'], "_").to_uppercase()
    }

    /// `string[]` → `string array`: in documentation brackets make a link.
    fn values(&self) -> String {
        self.r#type.replace("[]", " array")
    }

    fn sentence(&self) -> String {
        let mut letters = self.brief.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

/// The names as Rust constants.
pub(crate) fn constants(registry: &str) -> Result<String> {
    let mut code = String::from(
        "//! Attribute names. Generated from `attributes.yaml` by `cargo xtask generate`; do not edit.\n\n",
    );
    for attribute in parse(registry)? {
        writeln!(
            code,
            "/// {} ({}; on {}).\npub const {}: &str = \"{}\";",
            attribute.sentence(),
            attribute.values(),
            attribute.of,
            attribute.constant(),
            attribute.key
        )?;
    }
    Ok(code)
}

/// The names as a Markdown table.
pub(crate) fn table(registry: &str) -> Result<String> {
    let mut page = String::from(
        "# Attributes\n\n\
         Every attribute name sitelog writes. Generated from `crates/model/attributes.yaml` by `cargo xtask generate`; \
         do not edit.\n\n\
         | attribute | type | on | what it says |\n| --- | --- | --- | --- |\n",
    );
    for attribute in parse(registry)? {
        let brief = attribute.brief.replace('|', "\\|");
        writeln!(
            page,
            "| `{}` | {} | {} | {brief} |",
            attribute.key,
            attribute.values(),
            attribute.of
        )?;
    }
    Ok(page)
}

fn parse(registry: &str) -> Result<Vec<Attribute>> {
    let attributes: Vec<Attribute> = serde_saphyr::from_str(registry)?;
    let mut keys = HashSet::new();
    for attribute in &attributes {
        ensure!(
            keys.insert(attribute.constant()),
            "`{}` is declared twice",
            attribute.key
        );
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "\
# names
- {key: sitelog.run.id, type: string, of: \"resource, span\", brief: \"the run's ULID\"}
- {key: process.command_args, type: \"string[]\", of: span, brief: \"`a` | `b`\"}
";

    #[test]
    fn a_row_is_a_documented_constant() {
        let code = constants(REGISTRY).unwrap();
        let run =
            "/// The run's ULID (string; on resource, span).\npub const SITELOG_RUN_ID: &str = \"sitelog.run.id\";\n";
        assert!(code.contains(run), "{code}");
        assert!(code.contains("/// `a` | `b` (string array; on span)."), "{code}");
    }

    #[test]
    fn a_row_is_a_line_of_the_table() {
        let page = table(REGISTRY).unwrap();
        assert!(
            page.ends_with("| `process.command_args` | string array | span | `a` \\| `b` |\n"),
            "{page}"
        );
    }

    #[test]
    fn a_name_declared_twice_and_an_unknown_field_are_refused() {
        let twice = REGISTRY.replace("process.command_args", "sitelog.run_id");
        assert_eq!(
            constants(&twice).unwrap_err().to_string(),
            "`sitelog.run_id` is declared twice"
        );
        assert!(table(&REGISTRY.replace("brief", "text")).is_err());
    }
}
