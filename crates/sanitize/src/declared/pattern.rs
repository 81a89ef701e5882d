//! One form of a secret, and how it is matched, forwards and backwards, against a text that may go on.

use crate::chars::is_space;
use crate::filter::{GRAM, commonness, gram};
use crate::rules::beside;
use crate::view::{LOOK_AHEAD, More, View};

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// One of several spellings, longest first.
    OneOf(Vec<Vec<u8>>),
    /// White space, or its spellings, at least one and at most [`LOOK_AHEAD`] bytes.
    Gap(&'static [&'static str]),
}

/// One form of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pattern {
    /// These bytes.
    Literal(Vec<u8>),
    /// These bytes, letters in either case.
    Folded(Vec<u8>),
    /// These units one after the other.
    Units(Vec<Unit>),
}

/// The most grams or prefixes that one place of a pattern may stand for.
const MOST_VARIANTS: usize = 4096;

/// How many places of a pattern are considered for its anchor.
const PLACES: usize = 16;

impl Pattern {
    /// Matches from the unit (or byte) `unit` on, at `from`: where the match ends.
    pub(crate) fn forward(&self, view: &View<'_>, from: usize, unit: usize) -> Result<Option<usize>, More> {
        match self {
            Self::Literal(bytes) => Ok(view.is(from, &bytes[unit..])?.then_some(from + bytes.len() - unit)),
            Self::Folded(bytes) => folded(view, from, &bytes[unit..]),
            Self::Units(units) => {
                let mut at = from;
                for unit in &units[unit..] {
                    match unit.forward(view, at)? {
                        Some(end) => at = end,
                        None => return Ok(None),
                    }
                }
                Ok(Some(at))
            }
        }
    }

    /// Matches the units (or bytes) before `unit`, ending at `to`: where the match starts.
    pub(crate) fn backward(&self, view: &View<'_>, to: usize, unit: usize) -> Option<usize> {
        match self {
            Self::Literal(bytes) => {
                let start = to.checked_sub(unit)?;
                (view.slice(start..to) == &bytes[..unit]).then_some(start)
            }
            Self::Folded(bytes) => {
                let start = to.checked_sub(unit)?;
                view.slice(start..to)
                    .eq_ignore_ascii_case(&bytes[..unit])
                    .then_some(start)
            }
            Self::Units(units) => units[..unit]
                .iter()
                .rev()
                .try_fold(to, |at, unit| unit.backward(view, at)),
        }
    }

    /// The best place to find this pattern by: the unit, and the grams that can stand there.
    pub(crate) fn anchor(&self) -> Option<(usize, Vec<u32>)> {
        let units = match self {
            Self::Literal(bytes) | Self::Folded(bytes) => {
                let cost = |window: &[u8]| commonness([window[0], window[1], window[2], window[3]]);
                let (at, window) = bytes.windows(GRAM).enumerate().min_by_key(|(_, window)| cost(window))?;
                return Some((at, vec![gram([window[0], window[1], window[2], window[3]])]));
            }
            Self::Units(units) => units,
        };
        // A rare place among the first few is rare enough: a job with many long secrets should not wait for a better one.
        let places = (0..units.len().min(PLACES)).filter_map(|at| Some((at, variants::<GRAM>(&units[at..])?)));
        let cost = |grams: &[[u8; GRAM]]| (grams.len(), grams.iter().map(|gram| commonness(*gram)).max());
        let (at, grams) = places.min_by_key(|(_, grams)| cost(grams))?;
        Some((at, grams.into_iter().map(gram).collect()))
    }

    /// The grams one place beside those of [`Self::anchor`].
    pub(crate) fn beside(&self, unit: usize, keys: &[u32]) -> Vec<u32> {
        match self {
            Self::Literal(bytes) | Self::Folded(bytes) => beside::of_literal(bytes, unit, keys, None),
            Self::Units(units) => match variants::<{ GRAM + 1 }>(&units[unit..]) {
                Some(longer) => longer.into_iter().map(|[_, next @ ..]| gram(next)).collect(),
                None => beside::behind_anything(keys),
            },
        }
    }

    /// The first three bytes that a match can have.
    pub(crate) fn starts(&self) -> Vec<[u8; 3]> {
        match self {
            Self::Literal(bytes) => bytes.first_chunk::<3>().into_iter().copied().collect(),
            Self::Folded(bytes) => {
                let units: Vec<Unit> = bytes.iter().take(3).map(|byte| Unit::OneOf(cases(*byte))).collect();
                variants::<3>(&units).unwrap_or_default()
            }
            Self::Units(units) => variants::<3>(units).unwrap_or_default(),
        }
    }

    /// The longest match, when a gap is `gap` bytes.
    pub(crate) fn longest(&self, gap: usize) -> usize {
        match self {
            Self::Literal(bytes) | Self::Folded(bytes) => bytes.len(),
            Self::Units(units) => units
                .iter()
                .map(|unit| match unit {
                    Unit::OneOf(spellings) => spellings.first().map_or(0, Vec::len),
                    Unit::Gap(_) => gap,
                })
                .sum(),
        }
    }
}

impl Unit {
    fn forward(&self, view: &View<'_>, from: usize) -> Result<Option<usize>, More> {
        let spellings = match self {
            Self::OneOf(spellings) => spellings,
            Self::Gap(breaks) => return gap(view, from, breaks),
        };
        for spelling in spellings {
            if view.is(from, spelling)? {
                return Ok(Some(from + spelling.len()));
            }
        }
        Ok(None)
    }

    fn backward(&self, view: &View<'_>, to: usize) -> Option<usize> {
        let head = view.slice(0..to);
        match self {
            Self::OneOf(spellings) => spellings
                .iter()
                .find(|spelling| head.ends_with(spelling))
                .map(|spelling| to - spelling.len()),
            Self::Gap(breaks) => {
                let mut at = to;
                while at > to.saturating_sub(LOOK_AHEAD) {
                    let step = breaks
                        .iter()
                        .find(|text| head[..at].ends_with(text.as_bytes()))
                        .map(|text| text.len());
                    let blank = head[..at].last().is_some_and(|byte| is_space(*byte)).then_some(1);
                    match step.or(blank) {
                        Some(step) => at -= step,
                        None => break,
                    }
                }
                (at < to).then_some(at)
            }
        }
    }
}

fn gap(view: &View<'_>, from: usize, breaks: &[&str]) -> Result<Option<usize>, More> {
    let mut at = from;
    while at < from + LOOK_AHEAD {
        let mut step = view.at(at)?.is_some_and(is_space).then_some(1);
        for text in breaks {
            if step.is_none() && view.is(at, text.as_bytes())? {
                step = Some(text.len());
            }
        }
        match step {
            Some(step) => at += step,
            None => break,
        }
    }
    Ok((at > from).then_some(at))
}

fn folded(view: &View<'_>, from: usize, bytes: &[u8]) -> Result<Option<usize>, More> {
    let rest = view.bytes.get(from..).unwrap_or_default();
    let len = rest.len().min(bytes.len());
    let same = rest[..len].eq_ignore_ascii_case(&bytes[..len]);
    if same && len < bytes.len() && !view.ended {
        return Err(More);
    }
    Ok((same && len == bytes.len()).then_some(from + len))
}

fn cases(byte: u8) -> Vec<Vec<u8>> {
    let mut cases = vec![vec![byte.to_ascii_lowercase()], vec![byte.to_ascii_uppercase()]];
    cases.dedup();
    cases
}

/// Every sequence of `N` bytes that the units can start with; `None` when they are too short, too many or start with a gap.
fn variants<const N: usize>(units: &[Unit]) -> Option<Vec<[u8; N]>> {
    let mut done: Vec<[u8; N]> = Vec::new();
    let mut open: Vec<Vec<u8>> = vec![Vec::new()];
    for unit in units {
        let Unit::OneOf(spellings) = unit else { return None };
        let mut longer = Vec::new();
        for (head, spelling) in open
            .iter()
            .flat_map(|head| spellings.iter().map(move |spelling| (head, spelling)))
        {
            let text = [head.as_slice(), spelling].concat();
            match text.first_chunk::<N>() {
                Some(start) => done.push(*start),
                None => longer.push(text),
            }
        }
        open = longer;
        if open.is_empty() {
            done.sort_unstable();
            done.dedup();
            return Some(done);
        }
        if done.len() + open.len() > MOST_VARIANTS {
            return None;
        }
    }
    None
}
