//! Witnesses: somebody else remembers how far the trail had come (<https://c2sp.org/tlog-witness>). Speaks no HTTP: it makes the
//! bytes to be sent and takes the answer.

mod cosigner;

pub use cosigner::CosignerKey;

use crate::check::heads::Heads;
use crate::disk::{Open, read_file, write_all_at};
use crate::error::Error;
use crate::layout::create_durable_dirs;
use crate::note::{self, Head};
use crate::root::Root;
use crate::trail::Patience;
use crate::tree::lines;
use std::path::{Path, PathBuf};

/// Notes longer than this are not read: a checkpoint with many cosignatures has a few kilobytes.
const MAX_NOTE: u64 = 64 << 10;

/// What to send to a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessRequest {
    /// The body of `POST <submission prefix>/add-checkpoint`.
    pub body: String,
    /// The trail's size that is to be cosigned.
    pub size: u64,
    note: String,
}

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// It has cosigned; that is kept beside the trail.
    Cosigned {
        /// When, in Unix seconds, as the witness says.
        time: u64,
    },
    /// It knows the trail up to another size: ask again from there. A size beyond the trail's own says that the trail was
    /// put back to an older copy.
    Knows {
        /// Up to which size.
        size: u64,
    },
    /// It does not cosign.
    Refused {
        /// Its status.
        status: u16,
        /// What that means.
        why: &'static str,
    },
}

/// The trail, read, whole and durable: what is about to leave the machine must not be forgotten by it.
pub(crate) fn durable_heads(root: &Root) -> Result<Heads, Error> {
    let heads = Heads::read(&*root.disk, &root.layout.trail(), root.key()?.public())?;
    if root.syncs() && heads.exists {
        // After reading, so that all that was read is durable, and so that no job's end waits for the reading.
        root.trail()?.lock(Patience::Long)?.sync()?;
    }
    match heads.findings.first() {
        Some(finding) => Err(Error::Unsound(Box::new(finding.clone()))),
        None => Ok(heads),
    }
}

pub(crate) fn note(root: &Root) -> Result<String, Error> {
    durable_heads(root)?.head.map(|(_, note)| note).ok_or(Error::NoTrail)
}

pub(crate) fn append_note(root: &Root, path: &Path) -> Result<(), Error> {
    let note = note(root)?;
    let file = root.disk.open(path, Open::Create).map_err(Error::io("open", path))?;
    let written = file
        .len()
        .and_then(|len| write_all_at(&*file, note.as_bytes(), len))
        .and_then(|()| file.sync_data());
    written.map_err(Error::io("write", path))
}

fn cosigned_path(root: &Root, witness: &CosignerKey) -> PathBuf {
    root.layout
        .trail()
        .join("witnesses")
        .join(format!("{}.note", witness.id_hex()))
}

/// The size that a witness has cosigned last.
fn cosigned_size(root: &Root, witness: &CosignerKey) -> Result<u64, Error> {
    let path = cosigned_path(root, witness);
    let file = match root.disk.open(&path, Open::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(Error::io("open", &path))?,
    };
    let bytes = read_file(&*file, MAX_NOTE).map_err(Error::io("read", &path))?;
    let text = String::from_utf8_lossy(&bytes);
    // One that was changed is as good as none: the witness says itself what it knows.
    let is_ours = witness.time(&text).is_some();
    let head = Head::open(&text, root.key()?.public()).filter(|_| is_ours);
    Ok(head.map_or(0, |head| head.size))
}

pub(crate) fn request(root: &Root, witness: &CosignerKey, known: Option<u64>) -> Result<Option<WitnessRequest>, Error> {
    let heads = durable_heads(root)?;
    let (head, note) = heads.head.as_ref().ok_or(Error::NoTrail)?;
    let cosigned = cosigned_size(root, witness)?;
    let old = known.unwrap_or(cosigned);
    if known.is_none() && cosigned == head.size {
        return Ok(None);
    }
    // A witness that knows more than there is has to say so itself.
    let path = heads
        .nodes
        .consistency(old, head.size)
        .map_or(Vec::new(), |proof| proof.path);
    Ok(Some(WitnessRequest {
        body: format!("old {old}\n{}\n{note}", lines(&path)),
        size: head.size,
        note: note.clone(),
    }))
}

pub(crate) fn answer(
    root: &Root,
    witness: &CosignerKey,
    request: &WitnessRequest,
    status: u16,
    body: &str,
) -> Result<WitnessAnswer, Error> {
    let refused = |why| Ok(WitnessAnswer::Refused { status, why });
    match status {
        200 => {
            let mine = |line: &&str| witness.signs(request.note.as_str(), line).is_some();
            let Some(line) = body.lines().take(64).find(mine) else {
                return refused("it answered without a cosignature of the key that was given");
            };
            let cosigned = format!("{}{line}\n", request.note);
            keep(root, witness, &cosigned)?;
            let time = witness.time(&cosigned).unwrap_or(0);
            Ok(WitnessAnswer::Cosigned { time })
        }
        409 => match note::number(body.trim_end_matches('\n')) {
            Some(size) => Ok(WitnessAnswer::Knows { size }),
            None => refused("it knows another trail of this name"),
        },
        400 => refused("it does not understand the request"),
        403 => refused("it does not trust this installation's key"),
        404 => refused("it does not know this installation"),
        422 => refused("it knows another beginning of the trail: the trail was changed"),
        _ => refused("it failed"),
    }
}

/// Keeps the newest cosigned checkpoint, whole at any moment.
fn keep(root: &Root, witness: &CosignerKey, cosigned: &str) -> Result<(), Error> {
    let path = cosigned_path(root, witness);
    if let Some(folder) = path.parent() {
        create_durable_dirs(&*root.disk, folder)?;
    }
    let beside = path.with_extension("new");
    let file = root
        .disk
        .open(&beside, Open::Create)
        .map_err(Error::io("open", &beside))?;
    let written = file
        .truncate(0)
        .and_then(|()| write_all_at(&*file, cosigned.as_bytes(), 0))
        .and_then(|()| file.sync_data());
    written.map_err(Error::io("write", &beside))?;
    root.disk.rename(&beside, &path).map_err(Error::io("create", &path))
}
