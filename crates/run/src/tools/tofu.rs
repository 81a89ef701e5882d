//! OpenTofu 1.12 and later: `-json-into=FILE` writes its messages beside what the user sees.

use super::{Arms, Start, terraform};
use std::fs::File;
use std::io::Read;
use std::path::Path;

const FLAG: &str = "-json-into";
/// Read at once while a program is looked through.
const CHUNK: usize = 1 << 20;

/// `None` when this OpenTofu does not know the flag, which would end it, or the user has it in use.
pub(super) fn arm(start: &Start, file: &Path) -> Option<Arms> {
    let (at, subcommand) = terraform::subcommand(&start.args)?;
    let mut known = terraform::added(start, subcommand)
        .into_iter()
        .chain(start.args.iter().cloned());
    let in_use = known.any(|word| word.trim_start_matches('-').starts_with(FLAG.trim_start_matches('-')));
    if subcommand == "import" || in_use || !knows_flag(&start.program) {
        return None;
    }
    let mut args = start.args.clone();
    args.insert(at + 1, format!("{FLAG}={}", file.display()));
    Some(Arms {
        args: Some(args),
        env: Vec::new(),
    })
}

/// Whether a program has the flag's name in it. Asking it for its version would start it once more, and a wrapper (`tenv`)
/// would answer for a version that it does not run; a program without the name gets no flag and is read as text.
fn knows_flag(program: &Path) -> bool {
    let needle = &FLAG.as_bytes()[1..];
    let Ok(mut file) = File::open(program) else {
        return false;
    };
    let mut buffer = vec![0; CHUNK + needle.len()];
    let mut kept = 0;
    while let Ok(len) = file.read(&mut buffer[kept..]) {
        if len == 0 {
            return false;
        }
        let filled = kept + len;
        if memchr::memmem::find(&buffer[..filled], needle).is_some() {
            return true;
        }
        kept = filled.min(needle.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
    false
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
        // The name stands across the border of two reads.
        let mut large = vec![0; CHUNK + 4];
        large.extend_from_slice(b"json-into");
        let (old, new) = (program("old", b"json".to_vec()), program("new", large));
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
