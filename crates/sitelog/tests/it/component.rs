//! Other people's programs that the tests need, from the cache of `cargo xtask components`.

use std::process::{Command, Stdio};

/// The program of a component: what a variable names, else what `cargo xtask` installs.
pub(crate) fn component(name: &str, variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["xtask", "components", name])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let output = cargo.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "cargo xtask components {name} failed");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}
