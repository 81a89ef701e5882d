//! Checks everything: chains, trail, key, and what was kept elsewhere. Needs the files and the public key.

mod chain;
pub(crate) mod finding;
pub(crate) mod heads;
mod outside;
mod segment;
mod state;
mod window;
mod work;

pub use finding::{Finding, Memory, Place, Remark, Remarkable, Wrong};
pub use outside::Outside;

use crate::ChainId;
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::key::PublicKey;
use crate::layout::{QUARANTINE, list};
use crate::note::Head;
use crate::root::Root;
use crate::tree::Hash;
use chain::Joined;
use heads::Heads;
use sitelog_model::TenantId;
use std::collections::BTreeSet;
use work::Work;

/// What is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All chains of all tenants.
    #[default]
    All,
    /// One tenant's chains.
    Tenant(TenantId),
    /// One chain.
    Chain(ChainId),
}

impl Scope {
    fn holds(&self, chain: &ChainId) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(tenant) => chain.tenant == *tenant,
            Self::Chain(one) => chain == one,
        }
    }
}

/// Called with the bytes done and the bytes there are, from several threads.
pub type OnProgress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// A check to be made; the default checks all against the installation's own key.
#[derive(Clone, Copy, Default)]
pub struct Check<'a> {
    /// What is checked. The trail always is.
    pub scope: Option<&'a Scope>,
    /// The key that must have signed; without one, the installation's own, which somebody may have swapped.
    pub key: Option<&'a PublicKey>,
    /// Checkpoints that were kept elsewhere.
    pub outside: &'a [Outside],
    /// Whether to stop at the first finding.
    pub first_only: bool,
    /// Who wants to know how far it is.
    pub progress: Option<OnProgress<'a>>,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is not what was written, in the order of chains and frames.
    pub findings: Vec<Finding>,
    /// What is worth knowing besides.
    pub remarks: Vec<Remark>,
    /// The chains that were checked.
    pub chains: Vec<ChainReport>,
    /// The trail's last checkpoint.
    pub trail: Option<Head>,
    /// Bytes of segments that were read.
    pub bytes: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// How a chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// Which.
    pub chain: ChainId,
    /// Index of its first frame that is there.
    pub first: u64,
    /// Index behind its last frame.
    pub frames: u64,
    /// Its last sound checkpoint.
    pub checkpoint: Option<Checkpoint>,
}

/// How far a chain had come, as somebody knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    size: u64,
    root: Hash,
    memory: Memory,
}

pub(crate) fn check(root: &Root, check: &Check<'_>) -> Result<Report, Error> {
    let disk = &*root.disk;
    let mut report = Report::default();
    let installed = PublicKey::load(disk, &root.layout.keys());
    let key = match (check.key, installed) {
        (Some(key), installed) => {
            // Files that were copied elsewhere come without a key.
            let is_other = match &installed {
                Ok(installed) => installed != key,
                Err(error) => !error.is_missing(),
            };
            if is_other {
                report.installation(Wrong::KeySwapped);
            }
            key.clone()
        }
        (None, installed) => installed?,
    };
    let everything = Scope::All;
    let scope = check.scope.unwrap_or(&everything);
    // The trail first: a chain that goes on meanwhile knows more than the trail, never less.
    let mut heads = Heads::read(disk, &root.layout.trail(), &key)?;
    let mut chains: BTreeSet<ChainId> = heads.chains.keys().cloned().collect();
    for tenant in root.layout.list_tenants(disk)? {
        chains.extend(root.layout.list_chains(disk, &tenant)?);
    }
    chains.extend(check.outside.iter().filter_map(Outside::chain));
    chains.retain(|chain| scope.holds(chain));
    let chains: Vec<ChainId> = chains.into_iter().collect();
    let known: Vec<Vec<Known>> = chains
        .iter()
        .map(|chain| outside::known(chain, &heads, check.outside, &key))
        .collect();
    let work = Work::new(root, &key, &chains, &known)?;
    report.bytes = work.bytes();
    let mut inspected = work.run(check)?;
    for (at, chain) in chains.iter().enumerate() {
        let mut joined = Joined::new(chain);
        let segments = std::mem::take(&mut inspected.chains[at]);
        joined.add_all(segments, &|number, header| work.again(at, number, header))?;
        if inspected.is_stopped(at) {
            report.take(joined);
            break;
        }
        let stated = (joined.findings.len(), joined.remarks.len());
        joined.compare(heads.chains.get(chain), &known[at]);
        if joined.findings[stated.0..]
            .iter()
            .any(|finding| finding.wrong.is_absence())
        {
            // Retention may have erased it since the trail was read; it says so before.
            heads = Heads::read(disk, &root.layout.trail(), &key)?;
            joined.findings.truncate(stated.0);
            joined.remarks.truncate(stated.1);
            joined.compare(heads.chains.get(chain), &known[at]);
        }
        report.quarantined(root, chain)?;
        report.take(joined);
        if check.first_only && !report.findings.is_empty() {
            break;
        }
    }
    let ended = |chain: &ChainReport| chain.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.end);
    if !heads.exists && report.chains.iter().any(ended) {
        report.installation(Wrong::TrailMissing);
    }
    report.trail = heads.head.as_ref().map(|(head, _)| head.clone());
    outside::compare(&heads, check.outside, &key, &chains, &mut report);
    report.findings.append(&mut heads.findings);
    report.remarks.append(&mut heads.remarks);
    if check.first_only {
        report.findings.truncate(1);
    }
    Ok(report)
}

impl Wrong {
    /// Whether retention could be the reason, had it said so.
    fn is_absence(&self) -> bool {
        matches!(self, Self::BeginningMissing { .. } | Self::ChainMissing { .. })
    }
}

impl Report {
    fn installation(&mut self, wrong: Wrong) {
        let place = Place::default();
        self.findings.push(Finding { place, wrong });
    }

    fn take(&mut self, mut joined: Joined<'_>) {
        joined.findings.sort_by_key(|finding| finding.place.frame.unwrap_or(0));
        self.findings.extend(joined.findings);
        self.remarks.extend(joined.remarks);
        self.chains.push(joined.report);
    }

    fn quarantined(&mut self, root: &Root, chain: &ChainId) -> Result<(), Error> {
        let files = list(&*root.disk, &root.layout.chain(chain).join(QUARANTINE))?.len() as u64;
        if files > 0 {
            let place = Place {
                chain: Some(chain.clone()),
                ..Place::default()
            };
            let what = Remarkable::Quarantined { files };
            self.remarks.push(Remark { place, what });
        }
        Ok(())
    }
}
