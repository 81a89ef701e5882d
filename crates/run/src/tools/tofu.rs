//! OpenTofu 1.12 and later: `-json-into=FILE` writes its messages beside what the user sees.

use super::{Arms, Start, program, terraform};
use std::path::Path;

const FLAG: &str = "-json-into";
/// Its name, which only a program that knows it has in it.
const NAME: &str = "json-into";

/// `None` when this OpenTofu does not know the flag, which would end it, or the user has it in use.
pub(super) fn arm(start: &Start, file: &Path) -> Option<Arms> {
    let (at, subcommand) = terraform::subcommand(&start.args)?;
    let mut known = terraform::added(start, subcommand)
        .into_iter()
        .chain(start.args.iter().cloned());
    let in_use = known.any(|word| word.trim_start_matches('-').starts_with(FLAG.trim_start_matches('-')));
    if subcommand == "import" || in_use || !program::holds(&start.program, NAME) {
        return None;
    }
    let mut args = start.args.clone();
    args.insert(at + 1, format!("{FLAG}={}", file.display()));
    Some(Arms {
        args: Some(args),
        env: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Stdout;
    use super::*;

    #[test]
    fn only_a_tofu_that_knows_the_flag_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str, text: Vec<u8>| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let start = |program, line: &str| Start {
            tool: "tofu".into(),
            program,
            args: line.split_whitespace().map(str::to_owned).collect(),
            folder: "/".into(),
            env: Vec::new(),
            stdout: Stdout::Captured,
        };
        let (old, new) = (
            program("old", b"json".to_vec()),
            program("new", b"..json-into..".to_vec()),
        );
        let into = Path::new("/run/e1");
        assert_eq!(arm(&start(old, "apply"), into), None);
        let args = arm(&start(new.clone(), "-chdir=x apply -auto-approve"), into)
            .unwrap()
            .args;
        assert_eq!(
            args.unwrap().join(" "),
            "-chdir=x apply -json-into=/run/e1 -auto-approve"
        );
        assert_eq!(arm(&start(new, "apply -json-into=/mine"), into), None);
    }
}
