//! Tokens that `sitelog tenants` makes: one file in the data folder, readable by its owner alone, replaced whole.

use crate::settings::bytes_of;
use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};
use sitelog_model::TenantId;
use sitelog_receive::{Role, Token, hash};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
const NAME: &str = "access.json";
/// What tokens begin with, so that scanners know one that was left somewhere.
const PREFIX: &str = "slg_";

/// All tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    /// In the order in which they were made.
    pub(crate) tokens: Vec<Entry>,
}

/// One token as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// What it is called when it is revoked: no secret.
    pub(crate) id: String,
    /// SHA-256, hex.
    pub(crate) sha256: String,
    pub(crate) tenant: String,
    pub(crate) role: String,
    /// Unix seconds.
    pub(crate) created: u64,
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<u64>,
}

/// A token that was just made; shown once.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Access {
    /// Where it is.
    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(NAME)
    }

    /// Reads it; without a file there is no token.
    ///
    /// # Errors
    /// One line with the file and what is wrong.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, String> {
        let path = Self::path(data_dir);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other.map_err(|error| format!("{}: cannot be read: {error}", path.display()))?,
        };
        serde_json::from_str(&text).map_err(|error| format!("{}:{}: {error}", path.display(), error.line()))
    }

    /// Changes it while nobody else does.
    ///
    /// # Errors
    /// As [`Access::read`], and the disk's.
    pub(crate) fn change<T>(data_dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, String> {
        let path = Self::path(data_dir);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        let lock = File::create(data_dir.join("access.lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut access = Self::read(data_dir)?;
        let changed = change(&mut access);
        access.write(data_dir).map_err(failed)?;
        Ok(changed)
    }

    fn write(&self, data_dir: &Path) -> io::Result<()> {
        let (path, new) = (Self::path(data_dir), data_dir.join("access.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(data_dir)?.sync_all()
    }

    /// Makes a token.
    pub(crate) fn add(&mut self, tenant: &TenantId, role: Role, expires: Option<u64>, now: u64) -> Made {
        let (token, id) = (PREFIX.to_owned() + &random::<32>(), random::<4>());
        self.tokens.push(Entry {
            id: id.clone(),
            sha256: hex(&hash(token.as_bytes())),
            tenant: tenant.to_string(),
            role: role.name().to_owned(),
            created: now,
            expires,
        });
        Made { id, token }
    }

    /// The tokens as the gateway takes them. One that this program does not understand opens nothing.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.tokens.iter().filter_map(|entry| {
            Some(Token {
                hash: bytes_of(&entry.sha256)?,
                tenant: TenantId::new(entry.tenant.clone()).ok()?,
                role: Role::from_name(&entry.role)?,
                expires: entry.expires,
            })
        })
    }
}

/// So many random bytes, hex.
fn random<const N: usize>() -> String {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).unwrap_or_else(|_| unreachable!("the system's random numbers never end"));
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sitelog_receive::Tokens;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_kept_as_its_hash_and_opens_its_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = TenantId::new("a").unwrap();
        let made = Access::change(folder.path(), |access| access.add(&tenant, Role::Auditor, Some(50), 10)).unwrap();
        let text = std::fs::read_to_string(Access::path(folder.path())).unwrap();
        assert!(!text.contains(&made.token) && text.contains(&made.id));
        let mode = std::fs::metadata(Access::path(folder.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let tokens = Tokens::new(Access::read(folder.path()).unwrap().tokens());
        let identity = tokens.identify(made.token.as_bytes(), 20).unwrap();
        assert_eq!((identity.tenant, identity.role), (tenant, Role::Auditor));
        assert!(tokens.identify(made.token.as_bytes(), 50).is_err());
    }

    #[test]
    fn many_at_once_lose_no_token() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = folder.path();
                scope.spawn(move || {
                    let tenant = TenantId::new(format!("t{n}")).unwrap();
                    Access::change(path, |access| access.add(&tenant, Role::TenantWriter, None, 0)).unwrap();
                });
            }
        });
        assert_eq!(Access::read(folder.path()).unwrap().tokens.len(), 8);
    }

    #[test]
    fn a_file_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(Access::path(folder.path()), "{\n\"tokens\": 1}").unwrap();
        assert!(Access::read(folder.path()).unwrap_err().contains("access.json:2:"));
    }
}
