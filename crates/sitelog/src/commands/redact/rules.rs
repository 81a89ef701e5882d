//! `sitelog redact --rules`: what is looked for.

use crate::cli::RedactArgs;
use crate::setup::Setup;
use crate::table;
use sitelog_sanitize::rules;
use std::io::{self, Write};

/// Lists all rules: id, family, whether it is on, and why it is there.
pub(super) fn list(setup: &Setup, args: &RedactArgs, mut output: impl Write) -> io::Result<()> {
    let in_force = setup.file.sanitize.effective(&args.sanitize);
    let off = |id: &str| {
        in_force["off"]
            .as_array()
            .is_some_and(|off| off.iter().any(|known| known == id))
    };
    let pii = in_force["pii"] == true;
    let state = |id: &str| {
        if off(id) || (id == "email" && !pii) {
            "off"
        } else {
            "on"
        }
    };
    let row = |id: &str, family: &str, why: &str| [id, family, state(id), why].map(str::to_owned).to_vec();
    let own = setup
        .file
        .sanitize
        .rules
        .iter()
        .map(|rule| row(&rule.id.value, "own", &rule.why));
    let rows: Vec<Vec<String>> = rules::all()
        .map(|rule| row(rule.id, rule.contract, rule.why))
        .chain(own)
        .collect();
    output.write_all(table::render(&["RULE", "FAMILY", "STATE", "WHY"], &rows).as_bytes())?;
    output.flush()
}
