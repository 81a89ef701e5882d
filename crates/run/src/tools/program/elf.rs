//! Where a program's constants stand: the section `.rodata` of ELF (System V ABI, chapter 4, "Sections"), a sixth of a Go
//! program.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

const HEADER: usize = 64;
const SECTION: usize = 64;
const NAME: &[u8] = b".rodata\0";

/// The constants of a 64-bit program, as offsets in its file; `None` when this is none, or has them nowhere of their own.
pub(super) fn constants(file: &File) -> Option<Range<u64>> {
    let header = read::<HEADER>(file, 0)?;
    // 64 bits, least byte first: the ones there are.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (sections, count) = (long(&header, 0x28), short(&header, 0x3c));
    let section = |number: u16| {
        let at = u64::from(number) * SECTION as u64;
        read::<SECTION>(file, sections.checked_add(at)?)
    };
    let names = long(&section(short(&header, 0x3e))?, 0x18);
    for number in 0..count {
        let section = section(number)?;
        let [a, b, c, d, ..] = section;
        let name = names.checked_add(u64::from(u32::from_le_bytes([a, b, c, d])))?;
        if read::<{ NAME.len() }>(file, name).is_some_and(|name| name == NAME) {
            let (from, length) = (long(&section, 0x18), long(&section, 0x20));
            return Some(from..from.checked_add(length)?);
        }
    }
    None
}

fn read<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

fn long(bytes: &[u8; 64], at: usize) -> u64 {
    (0..8)
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(bytes[at + byte]))
}

fn short(bytes: &[u8; 64], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    /// Stands in `.rodata` of this test and nowhere else.
    const HERE: &str = "a constant to be found where constants are";

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_constant_of_this_program_stands_there() {
        let own = File::open(std::env::current_exe().unwrap()).unwrap();
        let range = constants(&own).unwrap();
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
        own.read_exact_at(&mut bytes, range.start).unwrap();
        assert!(memchr::memmem::find(&bytes, HERE.as_bytes()).is_some());
        assert_eq!(constants(&file(b"#!/bin/sh\n")), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            bytes in proptest::collection::vec(any::<u8>(), 58..300),
            offset in prop_oneof![0u64..300, any::<u64>()],
        ) {
            let mut program = b"\x7fELF\x02\x01".to_vec();
            program.extend_from_slice(&bytes);
            program[0x28..0x30].copy_from_slice(&offset.to_le_bytes());
            let _ = constants(&file(&program));
        }
    }
}
