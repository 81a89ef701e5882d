//! Writes a bundle.

use super::line::{ChainLine, FrameLine, Line, ORIGIN, ProofLine, StartLine, TrailLine, VERSION};
use crate::ChainId;
use crate::check::heads::Heads;
use crate::check::{Check, OnProgress, Scope, check};
use crate::checkpoint::{Checkpoint, origin};
use crate::disk::read_full_at;
use crate::error::Error;
use crate::layout::segment_path;
use crate::note::{Head, to_base64};
use crate::root::Root;
use crate::segment::SegmentHeader;
use crate::trail::Entry;
use crate::tree::{Hash, Nodes};
use crate::walk::{Found, Step, Walk};
use crate::witness::durable_heads;
use aws_lc_rs::digest::{Context, SHA256};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// What of a chain is exported.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The chain.
    pub chain: ChainId,
    /// Indexes of the frames; all of them when `None`.
    pub frames: Option<BTreeSet<u64>>,
}

/// What was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Chains.
    pub chains: u64,
    /// Frames.
    pub frames: u64,
    /// Bytes of the bundle.
    pub bytes: u64,
}

/// Writes lines, and keeps what the last one signs.
struct Lines<'a> {
    out: &'a mut dyn Write,
    digest: Context,
    count: u64,
    bytes: u64,
}

impl Lines<'_> {
    fn put(&mut self, line: &Line) -> Result<(), Error> {
        let mut text = serde_json::to_string(line).map_err(|error| Error::Bundle(error.into()))?;
        text.push('\n');
        self.digest.update(text.as_bytes());
        self.out.write_all(text.as_bytes()).map_err(Error::Bundle)?;
        (self.count, self.bytes) = (self.count + 1, self.bytes + text.len() as u64);
        Ok(())
    }
}

/// The frames of a chain, as far as they are exported.
struct Survey {
    start: SegmentHeader,
    nodes: Nodes,
    /// The checkpoint that covers the frames.
    note: String,
    size: u64,
}

pub(crate) fn export(
    root: &Root,
    chosen: &[Selection],
    out: &mut dyn Write,
    progress: Option<OnProgress<'_>>,
) -> Result<Exported, Error> {
    let key = root.key()?;
    let heads = durable_heads(root)?;
    let mut lines = Lines {
        out,
        digest: Context::new(&SHA256),
        count: 0,
        bytes: 0,
    };
    let mut done = Exported::default();
    lines.put(&Line::Bundle {
        version: VERSION,
        key: key.public().to_string(),
    })?;
    for selection in chosen {
        let scope = Scope::Chain(selection.chain.clone());
        let check = check(
            root,
            &Check {
                scope: Some(&scope),
                first_only: true,
                progress,
                ..Check::default()
            },
        )?;
        if let Some(finding) = check.findings.into_iter().next() {
            return Err(Error::Unsound(Box::new(finding)));
        }
        let total = check.chains.first().map_or(0, |report| report.frames);
        if total == 0 {
            return Err(Error::NoChain(selection.chain.clone()));
        }
        done.frames += chain(root, selection, total, &heads, &mut lines)?;
        done.chains += 1;
    }
    let (size, mut hash) = (lines.count, [0; 32]);
    hash.copy_from_slice(lines.digest.clone().finish().as_ref());
    let head = Head {
        origin: ORIGIN.to_owned(),
        size,
        root: hash,
    };
    let note = crate::note::sign(&head.text(), ORIGIN, &key);
    lines.put(&Line::End { note })?;
    lines.out.flush().map_err(Error::Bundle)?;
    done.bytes = lines.bytes;
    Ok(done)
}

fn chain(root: &Root, selection: &Selection, total: u64, heads: &Heads, lines: &mut Lines<'_>) -> Result<u64, Error> {
    let id = &selection.chain;
    let folder = root.layout.chain(id);
    let survey = survey(root, id, &folder, total)?;
    let is_chosen = |index: u64| match &selection.frames {
        Some(frames) => frames.contains(&index) && index < survey.size,
        None => true,
    };
    let first = survey.start.tree.size();
    let count = (first..total).filter(|index| is_chosen(*index)).count() as u64;
    let start = selection.frames.is_none().then(|| StartLine {
        size: first,
        edge: survey.start.tree.edge().iter().map(|hash| to_base64(hash)).collect(),
        previous: to_base64(&survey.start.previous),
    });
    lines.put(&Line::Chain(ChainLine {
        chain: id.to_string(),
        frames: count,
        checkpoint: survey.note.clone(),
        start,
        trail: in_trail(heads, id),
    }))?;
    let mut previous = survey.start.previous;
    let mut walk = Walk::new(root.disk.clone(), id, folder.clone(), 0);
    while let Some(found) = next(&mut walk, total)? {
        let header = &found.header;
        if is_chosen(header.index) {
            let bytes = to_base64(&raw(&walk, &folder, &found)?);
            let proof = selection.frames.as_ref().and_then(|_| {
                let path = survey.nodes.inclusion(header.index, survey.size)?.path;
                let path = path.iter().map(|hash| to_base64(hash)).collect();
                let previous = to_base64(&previous);
                Some(ProofLine { previous, path })
            });
            lines.put(&Line::Frame(FrameLine { bytes, proof }))?;
        }
        previous = header.hash;
    }
    Ok(count)
}

/// The next frame before an index; damage was looked for before.
fn next(walk: &mut Walk, total: u64) -> Result<Option<Found>, Error> {
    loop {
        match walk.step()? {
            Step::Frame(found) => return Ok(Some(found).filter(|found| found.header.index < total)),
            Step::Segment(_) => {}
            Step::Damage(damage) => return Err(Error::Damage(damage)),
            Step::End { .. } => return Ok(None),
        }
    }
}

/// A frame's bytes as they are in the segment.
fn raw(walk: &Walk, folder: &Path, found: &Found) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; usize::try_from(found.header.frame_len()).unwrap_or(0)];
    if let Some(file) = walk.file() {
        let path = segment_path(folder, found.segment);
        read_full_at(&**file, &mut bytes, found.offset).map_err(Error::io("read", &path))?;
    }
    Ok(bytes)
}

fn survey(root: &Root, id: &ChainId, folder: &Path, total: u64) -> Result<Survey, Error> {
    let mut walk = Walk::new(root.disk.clone(), id, folder.to_owned(), 0);
    let (mut start, mut nodes) = (None, Nodes::default());
    let mut times: Option<(u64, u64)> = None;
    let mut last: Option<(Found, Vec<u8>)> = None;
    loop {
        match walk.step()? {
            Step::Segment(header) if start.is_none() => {
                nodes = Nodes::from_tree(&header.tree);
                start = Some(header);
            }
            Step::Segment(_) => {}
            Step::Frame(found) if found.header.index < total => {
                let header = &found.header;
                nodes.push(&header.hash);
                times = Some((times.map_or(header.time, |(from, _)| from), header.time));
                if header.kind == crate::frame::Kind::End {
                    let note = walk.payload(&found)?.unwrap_or_default();
                    last = Some((found, note));
                }
            }
            Step::Damage(damage) => return Err(Error::Damage(damage)),
            Step::Frame(_) | Step::End { .. } => break,
        }
    }
    let start = start.ok_or_else(|| Error::NoChain(id.clone()))?;
    let (size, note) = match last {
        Some((found, note)) => (found.header.index, String::from_utf8_lossy(&note).into_owned()),
        None => {
            // The chain goes on: what there is now is signed for the bundle.
            let (from, to) = times.unwrap_or_default();
            let checkpoint = Checkpoint {
                origin: origin(id),
                size: total,
                root: nodes.root(total).unwrap_or_default(),
                times: from..to,
                count: total - start.tree.size(),
                end: false,
            };
            (total, checkpoint.sign(&*root.key()?))
        }
    };
    Ok(Survey {
        start,
        nodes,
        note,
        size,
    })
}

/// The proof that a chain's end, or at least its beginning, is entered in the trail.
fn in_trail(heads: &Heads, id: &ChainId) -> Option<TrailLine> {
    let known = heads.chains.get(id)?;
    let chain = id.clone();
    let (entry, index): (Entry, u64) = match (known.sealed, known.begun) {
        (Some(sealed), _) => {
            let (size, root, last): (u64, Hash, Hash) = (sealed.size, sealed.root, sealed.last);
            (
                Entry::Sealed {
                    chain,
                    size,
                    root,
                    last,
                },
                sealed.entry,
            )
        }
        (None, Some((first, entry))) => (Entry::Begun { chain, first }, entry),
        (None, None) => return None,
    };
    let (head, note) = heads.head.as_ref()?;
    let proof = heads.nodes.inclusion(index, head.size)?;
    Some(TrailLine {
        entry: entry.to_string(),
        proof: proof.to_text(note),
    })
}
