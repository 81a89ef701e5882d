//! Recorded runs, as the ledger's notes tell them.

use crate::exit::Failure;
use sitelog_ledger::{ChainId, Ledger};
use sitelog_model::Payload;
use sitelog_model::note::{Note, RunEnded, RunStarted};

/// One recorded run.
pub(crate) struct RecordedRun {
    pub(crate) chain: ChainId,
    pub(crate) started: RunStarted,
    /// `None` while it goes on, and when its wrapper was killed.
    pub(crate) ended: Option<RunEnded>,
}

/// All runs, oldest first.
pub(crate) fn all(ledger: &Ledger) -> Result<Vec<RecordedRun>, Failure> {
    let mut runs = Vec::new();
    for chain in ledger.chains()? {
        runs.extend(read(ledger, chain)?);
    }
    Ok(runs)
}

/// The run of an id, of the beginning of one, or the `last`.
pub(crate) fn find(ledger: &Ledger, wanted: &str) -> Result<ChainId, Failure> {
    let chains = ledger.chains()?;
    let wanted_id = wanted.to_uppercase();
    let found: Vec<&ChainId> = match wanted {
        "last" => chains.last().into_iter().collect(),
        _ => chains
            .iter()
            .filter(|chain| chain.id.to_string().starts_with(&wanted_id))
            .collect(),
    };
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::input(format!(
            "no run {wanted:?}; `sitelog jobs list` lists them"
        ))),
        many => Err(Failure::usage(format!(
            "{wanted:?} is the beginning of {} runs; give more of the id",
            many.len()
        ))),
    }
}

fn read(ledger: &Ledger, chain: ChainId) -> Result<Option<RecordedRun>, Failure> {
    let (mut started, mut ended) = (None, None);
    // A damaged frame costs what it held, not the list.
    for frame in ledger.notes(&chain)?.flatten() {
        let Payload::Note(note) = &frame.batch.get().payload else {
            continue;
        };
        match Note::parse(note) {
            Some(Note::RunStarted(note)) => started = Some(note),
            Some(Note::RunEnded(note)) => ended = Some(note),
            _ => {}
        }
    }
    Ok(started.map(|started| RecordedRun { chain, started, ended }))
}
