//! A ledger's files as they are at one moment, to be changed and checked.

use crate::scene::{Scene, id, options};
use sitelog_ledger::disk::fault::FaultDisk;
use sitelog_ledger::disk::{Disk, Open};
use sitelog_ledger::{ChainId, Check, Finding, Kind, Ledger, Outside, Parsed, PublicKey, Report, parse_frame};
use sitelog_model::TenantId;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All files but the locks and the room put aside.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) key: PublicKey,
}

impl Image {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self::of_disk(&scene.disk, scene.ledger.public_key().unwrap())
    }

    pub(crate) fn of_disk(disk: &FaultDisk, key: PublicKey) -> Self {
        let mut files = BTreeMap::new();
        for path in disk.files() {
            let mut bytes = Vec::new();
            disk.tamper(&path, |now| bytes = now.clone());
            if !path.ends_with("reserve") {
                files.insert(path, bytes);
            }
        }
        Self { files, key }
    }

    /// A disk with these files.
    pub(crate) fn disk(&self) -> FaultDisk {
        let disk = FaultDisk::new();
        for (path, bytes) in &self.files {
            let folders: Vec<&Path> = path.ancestors().skip(1).collect();
            for folder in folders.into_iter().rev().filter(|folder| folder.parent().is_some()) {
                disk.create_dir(folder).unwrap();
            }
            disk.open(path, Open::CreateNew).unwrap();
            disk.tamper(path, |now| *now = bytes.clone());
        }
        disk
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::with_disk(Arc::new(self.disk()), "/data", options()).unwrap()
    }

    /// Checks all with the key that was kept elsewhere.
    pub(crate) fn check(&self, outside: &[Outside], first_only: bool) -> Report {
        let check = Check {
            key: Some(&self.key),
            outside,
            first_only,
            ..Check::default()
        };
        self.ledger().check(&check).unwrap()
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.check(&[], false).findings
    }

    pub(crate) fn segments(&self, chain: &ChainId) -> Vec<PathBuf> {
        let folder = folder(chain);
        let is_segment = |path: &&PathBuf| path.starts_with(&folder) && path.extension().is_some_and(|e| e == "seg");
        self.files.keys().filter(is_segment).cloned().collect()
    }

    /// The frames of a segment: where they are, and their indexes.
    pub(crate) fn frames(&self, segment: &Path) -> Vec<(Range<usize>, u64, Kind)> {
        let bytes = &self.files[segment];
        let mut at = 64 + usize::from(bytes[5]) * 32 + 4;
        let mut frames = Vec::new();
        while let Parsed::Frame(header, _) = parse_frame(&bytes[at..]) {
            let end = at + header.frame_len() as usize;
            frames.push((at..end, header.index, header.kind));
            at = end;
        }
        frames
    }

    pub(crate) fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut image = self.clone();
        change(image.files.get_mut(path).unwrap());
        image
    }

    pub(crate) fn without(&self, is_gone: impl Fn(&Path) -> bool) -> Self {
        let mut image = self.clone();
        image.files.retain(|path, _| !is_gone(path));
        image
    }
}

pub(crate) fn folder(chain: &ChainId) -> PathBuf {
    format!("/data/tenants/{}/{}", chain.tenant, chain.id).into()
}

pub(crate) fn chain_id(number: u128) -> ChainId {
    ChainId {
        tenant: TenantId::default(),
        id: id(number),
    }
}

/// The chain and the segment's number of a segment's path.
pub(crate) fn place(path: &Path) -> (String, u32) {
    let chain = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    (chain, path.file_stem().unwrap().to_str().unwrap().parse().unwrap())
}
