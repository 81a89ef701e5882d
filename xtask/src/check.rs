//! `cargo xtask check`: the house rules that no compiler knows, each a function from the tree to its findings.

mod checklist;
mod machine_paths;
mod names;
mod readmes;
mod sizes;
mod tree;

use anyhow::{Result, bail};

use crate::generate;
use tree::{Finding, Tree};

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("file sizes", sizes::rule),
    ("crate READMEs", readmes::rule),
    ("machine paths", machine_paths::rule),
    ("file names", names::rule),
    ("security checklist", checklist::rule),
];

/// Judges the checkout; every finding is printed before it fails.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::of_checkout()?;
    println!("{}", sizes::statistics(&tree));
    let mut broken = 0;
    for (rule, judge) in RULES {
        for finding in judge(&tree) {
            println!("{rule}: {finding}");
            broken += 1;
        }
    }
    for finding in generate::stale()? {
        println!("generated files: {finding}");
        broken += 1;
    }
    if broken > 0 {
        bail!("house rules broken: {broken}");
    }
    println!("house rules: kept by {} files", tree.files.len());
    Ok(())
}
