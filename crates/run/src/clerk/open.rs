//! An operation that is being recorded, and what reads its engine.

use sitelog_provision::{Context, End, Fact, Malformed, Operation, Output, Reader, pulumi, terraform};

/// What makes facts of an engine's bytes.
pub(super) enum Reading {
    Events(Box<dyn Reader>),
    /// Both streams of a process at once.
    Text(Box<terraform::Text>),
}

impl Reading {
    pub(super) fn pulumi() -> Self {
        Self::Events(Box::new(pulumi::Events))
    }

    pub(super) fn pulumi_document() -> Self {
        Self::Events(Box::new(pulumi::Document))
    }

    pub(super) fn messages() -> Self {
        Self::Events(Box::new(terraform::Messages::default()))
    }

    pub(super) fn text() -> Self {
        Self::Text(Box::default())
    }

    fn read(&mut self, event: &[u8], is_err: bool, facts: &mut Vec<Fact>) -> Result<(), Malformed> {
        match self {
            Self::Events(reader) if !is_err => reader.read(event, facts),
            Self::Events(_) => Ok(()),
            Self::Text(text) if is_err => {
                text.read_err(event, facts);
                Ok(())
            }
            Self::Text(text) => text.read(event, facts),
        }
    }

    fn finish(&mut self, facts: &mut Vec<Fact>) {
        match self {
            Self::Events(reader) => reader.finish(facts),
            Self::Text(text) => text.finish(facts),
        }
    }
}

/// An operation that has begun and not ended.
pub(super) struct Open {
    operation: Operation,
    reading: Reading,
    facts: Vec<Fact>,
    out: Output,
    /// How often the run had passed a signal on when it began.
    pub(super) signals_before: usize,
}

impl Open {
    /// Begins an operation.
    pub(super) fn begin(context: Context, reading: Reading, at: u64, signals_before: usize) -> Self {
        Self {
            operation: Operation::begin(context, at),
            reading,
            facts: Vec::new(),
            out: Output::default(),
            signals_before,
        }
    }

    /// Records that it started, whatever comes.
    pub(super) fn start(&mut self, at: u64) {
        self.operation.start(at, &mut self.out);
    }

    /// An event or a line came; false when it was malformed.
    pub(super) fn read(&mut self, event: &[u8], is_err: bool, at: u64) -> bool {
        let read = self.reading.read(event, is_err, &mut self.facts);
        if read.is_err() {
            self.operation.malformed();
        }
        self.tell(at);
        read.is_ok()
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, at: u64) {
        self.reading.finish(&mut self.facts);
        self.tell(at);
    }

    fn tell(&mut self, at: u64) {
        for fact in self.facts.drain(..) {
            self.operation.tell(fact, at, &mut self.out);
        }
    }

    pub(super) fn operation(&self) -> &Operation {
        &self.operation
    }

    /// What was made of it since this was asked last.
    pub(super) fn take(&mut self) -> Output {
        std::mem::take(&mut self.out)
    }

    /// How many records wait to be taken.
    pub(super) fn waiting(&self) -> usize {
        self.out.logs.len() + self.out.spans.len()
    }

    /// Ends it: the rest, with its one `completed`.
    pub(super) fn end(self, end: &End, at: u64) -> Output {
        let mut out = self.out;
        self.operation.end(end, at, &mut out);
        out
    }
}
