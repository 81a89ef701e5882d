//! Lines of a stream of bytes, for readers that take one at a time.

/// A line beyond this is no event of any engine; what comes of it is passed on in pieces. Bytes.
const LONGEST: usize = 64 << 20;

/// Cuts bytes into lines as they come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Hands out each complete line of what has come, without its terminator (`\n` or `\r\n`).
    pub(crate) fn push(&mut self, mut bytes: &[u8], line: &mut dyn FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            if self.rest.is_empty() {
                line(trim(&bytes[..end]));
            } else {
                self.rest.extend_from_slice(&bytes[..end]);
                line(trim(&self.rest));
                self.rest.clear();
            }
            bytes = &bytes[end + 1..];
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LONGEST {
            self.finish(line);
        }
    }

    /// Hands out what has no terminator.
    pub(crate) fn finish(&mut self, line: &mut dyn FnMut(&[u8])) {
        if !self.rest.is_empty() {
            line(trim(&self.rest));
            self.rest = Vec::new();
        }
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_are_cut(lines in proptest::collection::vec("[a-z]{0,5}\r?", 0..8), cut in 1usize..9) {
            let text = lines.join("\n");
            let (mut found, mut cutter) = (Vec::new(), Lines::default());
            for piece in text.as_bytes().chunks(cut) {
                cutter.push(piece, &mut |line| found.push(line.to_vec()));
            }
            cutter.finish(&mut |line| found.push(line.to_vec()));
            let expected: Vec<Vec<u8>> = text.lines().map(|line| trim(line.as_bytes()).to_vec()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
