//! What a program can do, by the names that it has in it.
//!
//! Asking it for its version would start it once more (0.2 to 0.5 s for Pulumi), and a wrapper (`tenv`) would answer for a
//! version that it does not run.

mod elf;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Read at once while a program is looked through.
const CHUNK: usize = 1 << 20;

/// A name, and the file it was looked for in as it was then.
type Looked = (PathBuf, u64, Option<SystemTime>, &'static str);

/// What was found in this run.
static KNOWN: Mutex<Option<HashMap<Looked, bool>>> = Mutex::new(None);

/// Whether a program is one of the machine's and no script.
pub(super) fn is_binary(program: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(program).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}

/// Whether a program has a name among its constants, a script in its text; what cannot be read has none.
pub(super) fn holds(program: &Path, name: &'static str) -> bool {
    let Ok(mut file) = File::open(program) else {
        return false;
    };
    let Ok(about) = file.metadata() else { return false };
    let looked = (program.to_owned(), about.len(), about.modified().ok(), name);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    *known.entry(looked).or_insert_with(|| {
        let range = elf::constants(&file).unwrap_or(0..u64::MAX);
        file.seek(SeekFrom::Start(range.start)).is_ok()
            && find(&mut file.take(range.end - range.start), name.as_bytes())
    })
}

fn find(file: &mut impl Read, name: &[u8]) -> bool {
    let finder = memchr::memmem::Finder::new(name);
    let mut buffer = vec![0; CHUNK + name.len()];
    let mut kept = 0;
    while let Ok(len) = file.read(&mut buffer[kept..]) {
        if len == 0 {
            return false;
        }
        let filled = kept + len;
        if finder.find(&buffer[..filled]).is_some() {
            return true;
        }
        kept = filled.min(name.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_stands() {
        for before in [0, 1, CHUNK - 3, CHUNK + 4, 2 * CHUNK] {
            let mut bytes = vec![b'.'; before];
            assert!(!find(&mut bytes.as_slice(), b"json-into"), "{before}");
            bytes.extend_from_slice(b"json-into");
            assert!(find(&mut bytes.as_slice(), b"json-into"), "{before}");
        }
        assert!(!find(&mut &b"json-int"[..], b"json-into"));
    }

    #[test]
    fn another_program_of_the_same_path_is_looked_through_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!holds(file.path(), "StreamEvents"));
        std::fs::write(file.path(), "xStreamEvents").unwrap();
        assert!(holds(file.path(), "StreamEvents"));
        assert!(!holds(Path::new("/no/such/program"), "StreamEvents"));
        assert!(is_binary(&std::env::current_exe().unwrap()) && !is_binary(file.path()));
    }
}
