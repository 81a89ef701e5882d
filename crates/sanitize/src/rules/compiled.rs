//! The rules and the declared values as one scan needs them: everything hashed by four bytes.

use super::{BadRule, Check, Context, Find, Part, Rule, beside, blocks, families, people, user};
use crate::chars::{B64URL, Set};
use crate::declared::{self, Pattern};
use crate::filter::{GRAM, Grams, Sampled, commonness, gram};
use crate::found::Found;
use crate::keys::{self, Keys};
use crate::settings::Settings;
use crate::tally::Tally;
use crate::until::{Class, Until};
use crate::view::{More, View};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// What a place in the text may belong to: a pattern of a declared value, or an anchor of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Candidate {
    /// The pattern, and the unit that stands at the place.
    Pattern(u32, u32),
    /// The anchor, and the byte of it that stands at the place.
    Anchor(u32, u32),
    /// The matcher that is called for a single byte.
    Byte,
}

enum Act {
    Token(&'static [Part]),
    Near(Check),
    User(Arc<user::Pattern>),
}

struct Anchor {
    literal: Vec<u8>,
    rule: u16,
    act: Act,
}

/// All that a scan looks for, and who counts what it finds: several sanitizers may look for the same and count apart.
pub(crate) struct Compiled {
    tables: Arc<Tables>,
    /// Counts hits.
    pub(crate) tally: Arc<Tally>,
}

impl Deref for Compiled {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

/// All that a scan looks for.
pub(crate) struct Tables {
    /// Ids by place.
    pub(crate) ids: Vec<String>,
    /// The sensitive keys.
    pub(crate) keys: Keys,
    /// Whether a rule is on, by place.
    pub(crate) on: Vec<bool>,
    /// Names of the declared values; hits of theirs have places behind those of the rules.
    pub(crate) declared: Vec<String>,
    /// Finds candidates.
    pub(crate) grams: Grams<Candidate>,
    /// Tells whether there can be any.
    pub(super) sampled: Sampled,
    /// A byte whose matcher is called wherever it stands.
    pub(crate) byte: Option<(u8, Check, u16)>,
    /// How far from its end what has arrived may be the start of a pattern.
    pub(crate) longest: usize,
    patterns: Vec<Pattern>,
    /// The place of the declared value of each pattern.
    sources: Vec<u16>,
    anchors: Vec<Anchor>,
    starts: Grams<Candidate>,
    /// The first bytes and pairs of bytes of all patterns.
    first: Vec<bool>,
    pairs: Vec<bool>,
    tails: Vec<fn(&View<'_>) -> usize>,
}

fn start_key(bytes: [u8; 3]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
}

impl Compiled {
    pub(crate) fn new(settings: &Settings, tally: Arc<Tally>) -> Result<Self, BadRule> {
        let tables = Arc::new(Tables::new(settings)?);
        Ok(Self { tables, tally })
    }

    /// Looks for the same, and counts elsewhere.
    pub(crate) fn counting(&self, tally: Arc<Tally>) -> Self {
        let tables = Arc::clone(&self.tables);
        Self { tables, tally }
    }
}

impl Tables {
    fn new(settings: &Settings) -> Result<Self, BadRule> {
        let keys = Keys::new(&settings.keys);
        let rules: Vec<&'static Rule> = families::all().collect();
        let ids = user::ids(settings)?;
        let on: Vec<bool> = ids
            .iter()
            .map(|id| !settings.off.contains(id) && (id != "email" || settings.pii))
            .collect();
        let mut anchors = Vec::new();
        let mut byte = None;
        let mut tails: Vec<fn(&View<'_>) -> usize> = Vec::new();
        for (place, rule) in rules.iter().enumerate().filter(|(place, _)| on[*place]) {
            let place = place as u16;
            match &rule.find {
                Find::Token(parts) => {
                    let literal = match parts.first() {
                        Some(Part::Lit(literal)) => literal.as_bytes().to_vec(),
                        _ => continue,
                    };
                    anchors.push(Anchor {
                        literal,
                        rule: place,
                        act: Act::Token(parts),
                    });
                }
                Find::Near(words, check) => {
                    let near = |word: &&str| Anchor {
                        literal: word.as_bytes().to_vec(),
                        rule: place,
                        act: Act::Near(check.0),
                    };
                    anchors.extend(words.iter().map(near));
                    if rule.id == "key-value" {
                        let own = keys.extra_anchors().filter(|word| word.len() >= 3);
                        anchors.extend(own.map(|word| Anchor {
                            literal: word.to_vec(),
                            rule: place,
                            act: Act::Near(check.0),
                        }));
                    }
                    if rule.id == "terraform-token" {
                        tails.push(blocks::tail);
                    }
                }
                Find::At(at, check) => {
                    byte = Some((*at, check.0, place));
                    tails.push(people::tail);
                }
                Find::Declared => {}
            }
        }
        for (place, rule) in settings
            .rules
            .iter()
            .enumerate()
            .map(|(place, rule)| (place + rules.len(), rule))
        {
            let pattern = Arc::new(user::compile(rule, place - rules.len())?);
            if on[place] {
                anchors.extend(pattern.beginnings.iter().map(|literal| Anchor {
                    literal: literal.clone(),
                    rule: place as u16,
                    act: Act::User(Arc::clone(&pattern)),
                }));
            }
        }
        let mut patterns: Vec<(Pattern, u16)> = match on.first() {
            Some(true) => (ids.len()..)
                .zip(&settings.declared)
                .flat_map(|(place, declared)| {
                    // So many values have no name any more.
                    let place = u16::try_from(place).unwrap_or_default();
                    let patterns = declared::patterns(&declared.value, &keys).into_iter();
                    patterns.map(move |pattern| (pattern, place))
                })
                .collect(),
            _ => Vec::new(),
        };
        patterns.sort();
        patterns.dedup_by(|next, first| next.0 == first.0);
        let (patterns, sources): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let declared = settings.declared.iter().map(|declared| declared.name.clone());
        Ok(Self::index(Self {
            longest: declared::longest(&patterns).max(64),
            declared: declared.collect(),
            ids,
            keys,
            on,
            patterns,
            sources,
            anchors,
            byte,
            tails,
            grams: Grams::new(Vec::new()),
            sampled: Sampled::new(&[]),
            starts: Grams::new(Vec::new()),
            first: vec![false; 256],
            pairs: vec![false; 1 << 16],
        }))
    }

    fn index(mut self) -> Self {
        let (mut grams, mut sampled) = (Vec::new(), Vec::new());
        let mut starts: Vec<([u8; 3], Candidate)> = Vec::new();
        for (at, pattern) in self.patterns.iter().enumerate() {
            let at = at as u32;
            if let Some((unit, keys)) = pattern.anchor() {
                sampled.extend(pattern.beside(unit, &keys));
                grams.extend(keys.into_iter().map(|key| (key, Candidate::Pattern(at, unit as u32))));
            }
            starts.extend(
                pattern
                    .starts()
                    .into_iter()
                    .map(|bytes| (bytes, Candidate::Pattern(at, 0))),
            );
        }
        for (at, anchor) in self.anchors.iter().enumerate() {
            let (offset, keys) = anchor_grams(&anchor.literal, anchor.follows());
            sampled.extend(beside::of_literal(&anchor.literal, offset, &keys, anchor.follows()));
            grams.extend(
                keys.into_iter()
                    .map(|key| (key, Candidate::Anchor(at as u32, offset as u32))),
            );
            if anchor.hides_itself() {
                starts.extend(
                    anchor
                        .literal
                        .first_chunk::<3>()
                        .map(|bytes| (*bytes, Candidate::Anchor(at as u32, 0))),
                );
            }
        }
        for (bytes, _) in &starts {
            self.first[usize::from(bytes[0])] = true;
            self.pairs[usize::from(bytes[0]) << 8 | usize::from(bytes[1])] = true;
        }
        sampled.extend(grams.iter().map(|(key, _)| *key));
        self.sampled = Sampled::new(&sampled);
        self.grams = Grams::new(grams);
        self.starts = Grams::new(
            starts
                .into_iter()
                .map(|(bytes, what)| (start_key(bytes), what))
                .collect(),
        );
        self
    }

    /// The rule of a place, and the name of the declared value if it is one.
    pub(crate) fn rule_at(&self, place: u16) -> (String, Option<String>) {
        match self.ids.get(usize::from(place)) {
            Some(id) => (id.clone(), None),
            None => {
                let name = self.declared.get(usize::from(place) - self.ids.len());
                (self.ids.first().cloned().unwrap_or_default(), name.cloned())
            }
        }
    }

    /// Whether the rule at a place of the list is on.
    pub(crate) fn is_on(&self, place: u16) -> bool {
        self.on.get(usize::from(place)).is_some_and(|on| *on)
    }

    /// Looks at one candidate that stands at `at`.
    pub(crate) fn check(
        &self,
        view: &View<'_>,
        candidate: Candidate,
        at: usize,
        found: &mut Found,
    ) -> Result<(), More> {
        match candidate {
            Candidate::Pattern(index, unit) => {
                let Some(pattern) = self.patterns.get(index as usize) else {
                    return Ok(());
                };
                let Some(start) = pattern.backward(view, at, unit as usize) else {
                    return Ok(());
                };
                found.rule = self.sources.get(index as usize).copied().unwrap_or_default();
                found.hold_from(start);
                if let Some(end) = pattern.forward(view, at, unit as usize)? {
                    found.hide(start..end);
                }
                Ok(())
            }
            Candidate::Anchor(index, offset) => {
                let Some(anchor) = self.anchors.get(index as usize) else {
                    return Ok(());
                };
                let Some(start) = at.checked_sub(offset as usize) else {
                    return Ok(());
                };
                anchor.check(view, start, &Context { keys: &self.keys }, found)
            }
            Candidate::Byte => match self.byte {
                Some((_, check, rule)) => {
                    found.rule = rule;
                    check(view, at..at + 1, &Context { keys: &self.keys }, found)
                }
                None => Ok(()),
            },
        }
    }

    /// Whether an anchor or a pattern really stands at a place that may hold one.
    pub(super) fn stands(&self, view: &View<'_>, at: usize) -> bool {
        let Some(window) = view.bytes.get(at..).and_then(<[u8]>::first_chunk::<GRAM>) else {
            return false;
        };
        self.grams.of(gram(*window)).any(|candidate| match candidate {
            Candidate::Pattern(index, unit) => self.patterns.get(index as usize).is_some_and(|pattern| {
                let unit = unit as usize;
                pattern.backward(view, at, unit).is_some()
                    && pattern.forward(view, at, unit).is_ok_and(|end| end.is_some())
            }),
            Candidate::Anchor(index, offset) => self.anchors.get(index as usize).is_some_and(|anchor| {
                let start = at.checked_sub(offset as usize);
                let stands = |start| {
                    let end = start + anchor.literal.len();
                    let follows = |set: &Set| view.bytes.get(end).is_some_and(|next| set.has(*next));
                    view.slice(start..end).eq_ignore_ascii_case(&anchor.literal) && anchor.follows().is_none_or(follows)
                };
                start.is_some_and(stands)
            }),
            Candidate::Byte => true,
        })
    }

    /// Where a candidate's anchor stands, if it is one of keys and has arrived whole.
    pub(crate) fn key_anchor(&self, view: &View<'_>, candidate: Candidate, at: usize) -> Option<Range<usize>> {
        let Candidate::Anchor(index, offset) = candidate else {
            return None;
        };
        let anchor = self
            .anchors
            .get(index as usize)
            .filter(|anchor| anchor.rule == families::KEY_VALUE)?;
        let start = at.checked_sub(offset as usize)?;
        let range = start..start + anchor.literal.len();
        view.slice(range.clone())
            .eq_ignore_ascii_case(&anchor.literal)
            .then_some(range)
    }

    /// From where on the end of what has arrived may be the start of something to hide.
    pub(crate) fn tail(&self, view: &View<'_>, emitted: usize) -> usize {
        let end = view.bytes.len();
        let from = emitted.max(end.saturating_sub(self.longest));
        let partial = (from..end).find(|at| match view.bytes[*at..] {
            [first] => self.first[usize::from(first)] && self.may_start(view, *at),
            [first, second] => self.pairs[usize::from(first) << 8 | usize::from(second)] && self.may_start(view, *at),
            [first, second, third, ..] => self.goes_on(view, *at, start_key([first, second, third])),
            [] => false,
        });
        let tails = self.tails.iter().map(|tail| tail(view).max(emitted));
        tails.chain(partial).min().unwrap_or(end).min(end)
    }

    /// Whether a pattern can start here, or, if only tokens start with these bytes, whether a word can.
    fn may_start(&self, view: &View<'_>, at: usize) -> bool {
        !self.patterns.is_empty() || view.starts_word(at)
    }

    fn goes_on(&self, view: &View<'_>, at: usize, key: u32) -> bool {
        self.starts.may(key)
            && self.starts.of(key).any(|candidate| match candidate {
                Candidate::Pattern(index, _) => self
                    .patterns
                    .get(index as usize)
                    .is_some_and(|pattern| pattern.forward(view, at, 0).is_err()),
                Candidate::Anchor(index, _) => self.anchors.get(index as usize).is_some_and(|anchor| {
                    // One that has arrived is looked at when its gram has.
                    let unseen = at + GRAM > view.bytes.len();
                    view.starts_word(at) && view.is(at, &anchor.literal).map_or(true, |is| is && unseen)
                }),
                Candidate::Byte => false,
            })
    }
}

impl Anchor {
    /// What stands behind the literal of a token.
    fn token_follows(&self) -> Option<&'static Set> {
        match &self.act {
            Act::Token([_, Part::Run(set, 1.., _), ..]) => Some(set),
            _ => None,
        }
    }

    /// What may stand behind the literal, where that is known.
    fn follows(&self) -> Option<&'static Set> {
        match &self.act {
            Act::Token(_) => self.token_follows(),
            // A word of the user's may go on in any way.
            Act::Near(_) if self.literal == b"key" || self.literal == b"pwd" => Some(&keys::FOLLOWS),
            Act::Near(_) if self.literal == b"eyJ" => Some(&B64URL),
            _ => None,
        }
    }

    /// Whether the anchor itself is part of what is hidden.
    fn hides_itself(&self) -> bool {
        matches!(self.act, Act::Token(_) | Act::User(_)) || self.literal == b"eyJ"
    }

    fn check(&self, view: &View<'_>, start: usize, context: &Context<'_>, found: &mut Found) -> Result<(), More> {
        found.rule = self.rule;
        let end = start + self.literal.len();
        match &self.act {
            Act::Near(check) => {
                let there = view.slice(start..end.min(view.bytes.len()));
                if !there.eq_ignore_ascii_case(&self.literal[..there.len()]) {
                    return Ok(());
                }
                if there.len() < self.literal.len() {
                    return if view.ended { Ok(()) } else { Err(More) };
                }
                check(view, start..end, context, found)
            }
            Act::User(pattern) => {
                found.hold_from(start);
                if view.is(start, &self.literal)? {
                    user::check(view, pattern, start, found)
                } else {
                    Ok(())
                }
            }
            Act::Token(parts) => token(view, parts, start, found),
        }
    }
}

/// Whether a token lies in a run of its own characters that is hidden: it would end where that does.
fn in_hidden_run(parts: &[Part], start: usize, found: &Found) -> bool {
    match parts {
        [Part::Lit(literal), Part::Run(set, ..)] => {
            found.spans.cover(&Until::Not(Class(set)), start) && literal.bytes().all(|byte| set.has(byte))
        }
        _ => false,
    }
}

fn token(view: &View<'_>, parts: &[Part], start: usize, found: &mut Found) -> Result<(), More> {
    if !view.starts_word(start) || in_hidden_run(parts, start, found) {
        return Ok(());
    }
    found.hold_from(start);
    let mut at = start;
    for part in parts {
        match part {
            Part::Lit(literal) if view.is(at, literal.as_bytes())? => at += literal.len(),
            Part::Lit(_) => return Ok(()),
            Part::Run(set, min, max) => {
                let end = view.run(at, set, *min)?;
                if end - at < *min {
                    return Ok(());
                }
                at = end;
                if *max > *min {
                    found.hide(start..at);
                    found.open(at, Until::Not(Class(set)));
                    return Ok(());
                }
            }
        }
    }
    if !view.at(at)?.is_some_and(|byte| crate::chars::ALNUM.has(byte)) {
        found.hide(start..at);
    }
    Ok(())
}

/// The rarest gram of a literal, in either case; with one of three bytes goes what may follow it.
fn anchor_grams(literal: &[u8], follows: Option<&Set>) -> (usize, Vec<u32>) {
    if let Ok([a, b, c]) = <[u8; 3]>::try_from(literal) {
        let mut keys: Vec<u32> = (0..=255)
            .filter(|next| follows.is_none_or(|set| set.has(*next)))
            .map(|next| gram([a, b, c, next]))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        return (0, keys);
    }
    let windows = literal
        .windows(GRAM)
        .map(|window| [window[0], window[1], window[2], window[3]]);
    match windows.enumerate().min_by_key(|(_, window)| commonness(*window)) {
        Some((offset, window)) => (offset, vec![gram(window)]),
        None => (0, Vec::new()),
    }
}
