//! Where JSON documents begin and end in a stream: one a line, one behind the other, or spread over lines.

/// What a document grows to at most, bytes: it has to be held whole.
pub(super) const LONGEST: usize = 16 << 20;

/// Follows one document.
#[derive(Debug)]
pub(super) struct Document {
    /// What has arrived.
    pub(super) bytes: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last byte that was no blank.
    last: u8,
}

/// What a byte does to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to it.
    Inside,
    /// It ends it.
    Complete,
    /// It cannot stand there; it was not taken.
    Cut,
    /// A string has no end on its line, or the document is too long; it was not taken.
    Broken,
}

impl Document {
    /// A document that starts with `first`, a bracket of either kind.
    pub(super) fn new(first: u8) -> Self {
        Self {
            bytes: vec![first],
            depth: 1,
            in_string: false,
            escaped: false,
            last: first,
        }
    }

    pub(super) fn step(&mut self, byte: u8) -> Step {
        if self.bytes.len() >= LONGEST {
            return Step::Broken;
        }
        if self.in_string {
            match byte {
                b'\n' => return Step::Broken,
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            self.bytes.push(byte);
            return Step::Inside;
        }
        let opens = matches!(self.last, b'[' | b',' | b':');
        match byte {
            b'{' | b'[' if !opens => return Step::Cut,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            b'"' if !opens && self.last != b'{' => return Step::Cut,
            b'"' => self.in_string = true,
            _ => {}
        }
        self.bytes.push(byte);
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        }
        if self.depth == 0 { Step::Complete } else { Step::Inside }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documents of a text, and how the last one stands.
    fn split(text: &str) -> (Vec<String>, Step) {
        let mut documents = Vec::new();
        let mut document: Option<Document> = None;
        let mut last = Step::Complete;
        for byte in text.bytes() {
            match &mut document {
                None if byte.is_ascii_whitespace() => continue,
                None => (document, last) = (Some(Document::new(byte)), Step::Inside),
                Some(open) => last = open.step(byte),
            }
            match last {
                Step::Inside => {}
                Step::Complete => documents.extend(document.take().map(|done| String::from_utf8(done.bytes).unwrap())),
                Step::Cut | Step::Broken => break,
            }
        }
        (documents, last)
    }

    #[test]
    fn documents_end_where_their_brackets_close() {
        let text = "{\"a\":\"}\\\"\"}\n[1,[2]]{\n \"b\": [\n{}\n]\n}";
        let (documents, last) = split(text);
        assert_eq!(documents, ["{\"a\":\"}\\\"\"}", "[1,[2]]", "{\n \"b\": [\n{}\n]\n}"]);
        assert_eq!(last, Step::Complete);
        assert_eq!(split("{\"a\":{\"b\":1\n{").1, Step::Cut);
        assert_eq!(split("{\"a\":1 \"b\"").1, Step::Cut);
        assert_eq!(split("{\"a\":\"b\n").1, Step::Broken);
        assert_eq!(split("{\"a\":").1, Step::Inside);
    }
}
