//! The installation's Ed25519 key: made at first use, by whichever process is first.

use crate::disk::{Disk, Open, read_file, write_all_at};
use crate::error::Error;
use crate::tree::{Hash, sha256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sitelog_model::Ulid;
use std::fmt;
use std::io;
use std::path::Path;

/// Signature type of Ed25519 in a signed note.
const ED25519_TYPE: u8 = 1;
const SECRET: &str = "ed25519.pk8";
const PUBLIC: &str = "ed25519.pub";
/// Key files are 83 bytes; more than this is no key.
const LIMIT: u64 = 4096;

/// The key that signs checkpoints.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The key that verifies them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// A new key pair, encoded, from the operating system's randomness. The library's own generator first gathers entropy from
/// the processor's jitter, which takes 60 ms: longer than most jobs on a fresh machine should be held up.
fn new_pkcs8() -> Option<aws_lc_rs::pkcs8::Document> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok()?;
    Ed25519KeyPair::from_seed_unchecked(&seed).ok()?.to_pkcs8().ok()
}

impl SigningKey {
    /// A new key; `None` when the machine gives no randomness.
    pub fn generate() -> Option<Self> {
        Self::from_pkcs8(new_pkcs8()?.as_ref())
    }

    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(bytes).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }

    /// Reads the installation's key from a folder, or makes it. Any number of processes may do so at once: all get the same.
    pub(crate) fn load(disk: &dyn Disk, folder: &Path) -> Result<Self, Error> {
        let path = folder.join(SECRET);
        let bytes = match disk.open(&path, Open::Read) {
            Ok(file) => read_file(&*file, LIMIT).map_err(Error::io("read", &path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(disk, folder)?,
            Err(error) => return Err(Error::io("open", &path)(error)),
        };
        let key = Self::from_pkcs8(&bytes).ok_or(Error::Key {
            path,
            why: "it is no Ed25519 key in PKCS #8",
        })?;
        key.publish(disk, folder)?;
        Ok(key)
    }

    /// Writes a new key beside the place and links it there: the first link wins, and nobody sees half a key.
    fn make(disk: &dyn Disk, folder: &Path) -> Result<Vec<u8>, Error> {
        let path = folder.join(SECRET);
        let no_randomness = || Error::Key {
            path: path.clone(),
            why: "the machine gives no randomness",
        };
        let pkcs8 = new_pkcs8().ok_or_else(no_randomness)?;
        let beside = put_beside(disk, &path, pkcs8.as_ref())?;
        let linked = disk.link(&beside, &path);
        disk.remove(&beside).map_err(Error::io("remove", &beside))?;
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("create", &path)(error)),
        }
        let file = disk.open(&path, Open::Read).map_err(Error::io("open", &path))?;
        read_file(&*file, LIMIT).map_err(Error::io("read", &path))
    }

    /// Writes the public half, once. That it is there also says that the secret one is durable: nothing may be signed
    /// by a key that a power loss takes away.
    fn publish(&self, disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
        let path = folder.join(PUBLIC);
        if disk.open(&path, Open::Read).is_ok() {
            return Ok(());
        }
        disk.sync_dir(folder).map_err(Error::io("sync", folder))?;
        let beside = put_beside(disk, &path, format!("{}\n", self.public).as_bytes())?;
        disk.rename(&beside, &path).map_err(Error::io("create", &path))
    }
}

/// Writes a durable file under a name of its own.
fn put_beside(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<std::path::PathBuf, Error> {
    let beside = path.with_extension(Ulid::generate().to_string());
    let file = disk
        .open(&beside, Open::CreateNew)
        .map_err(Error::io("create", &beside))?;
    let written = write_all_at(&*file, bytes, 0).and_then(|()| file.sync_data());
    written.map_err(Error::io("write", &beside))?;
    Ok(beside)
}

impl PublicKey {
    /// Reads a key file's text.
    pub fn parse(text: &str) -> Option<Self> {
        // Base64 has plus signs of its own: only the first two separate.
        let encoded = text.trim().splitn(3, '+').nth(2)?;
        let bytes = BASE64.decode(encoded).ok()?;
        let (&kind, key) = bytes.split_first()?;
        (kind == ED25519_TYPE).then_some(Self(key.try_into().ok()?))
    }

    /// Reads the installation's public key from the keys folder.
    pub(crate) fn load(disk: &dyn Disk, folder: &Path) -> Result<Self, Error> {
        let path = folder.join(PUBLIC);
        let file = disk.open(&path, Open::Read).map_err(Error::io("open", &path))?;
        let bytes = read_file(&*file, LIMIT).map_err(Error::io("read", &path))?;
        let text = std::str::from_utf8(&bytes).ok();
        let key = text.and_then(|text| Self::parse(text).filter(|key| format!("{key}\n") == text));
        key.ok_or(Error::Key {
            path,
            why: "it is no verifier key",
        })
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key itself.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's id under a name, as the signed-note specification computes it.
    pub(crate) fn id(&self, name: &str) -> [u8; 4] {
        let hash: Hash = sha256(&[name.as_bytes(), b"\n", &[ED25519_TYPE], &self.0].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    pub(crate) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(text, signature)
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    /// A verifier key in the form of the signed-note specification, under the name `sitelog`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id("sitelog"));
        write!(
            f,
            "sitelog+{id:08x}+{}",
            BASE64.encode([&[ED25519_TYPE], &self.0[..]].concat())
        )
    }
}
