//! A witness's name and key (<https://c2sp.org/tlog-cosignature>, Ed25519).

use crate::key::PublicKey;
use crate::note;
use crate::tree::sha256;
use std::fmt;

/// Signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE_TYPE: u8 = 4;

/// The key with which a witness cosigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    key: PublicKey,
}

impl CosignerKey {
    /// Reads a verifier key, `<name>+<id>+<base64>`, of signature type 4.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = note::from_base64(encoded)?;
        let (&kind, key) = bytes.split_first()?;
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        let key = Self {
            name: name.to_owned(),
            key: PublicKey::from_bytes(key.try_into().ok()?),
        };
        (kind == COSIGNATURE_TYPE && is_name && key.id_hex() == id).then_some(key)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let kind = [COSIGNATURE_TYPE];
        let hash = sha256(&[self.name.as_bytes(), b"\n", &kind, self.key.bytes()].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    pub(super) fn id_hex(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }

    /// When this witness cosigned a note, in Unix seconds; `None` when it did not.
    pub fn time(&self, note: &str) -> Option<u64> {
        let (_, signatures) = note::split(note)?;
        signatures.lines().find_map(|line| self.signs(note, line))
    }

    /// The time of one signature line, if it is this witness's and good.
    pub(super) fn signs(&self, note: &str, line: &str) -> Option<u64> {
        let (text, _) = note::split(note)?;
        note::signatures_by(line, &self.name).find_map(|bytes| {
            let (id, rest) = bytes.split_first_chunk::<4>()?;
            let (time, signature) = rest.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            let message = format!("cosignature/v1\ntime {time}\n{text}");
            (*id == self.id() && self.key.verifies(message.as_bytes(), signature)).then_some(time)
        })
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = note::to_base64(&[&[COSIGNATURE_TYPE], &self.key.bytes()[..]].concat());
        write!(f, "{}+{}+{encoded}", self.name, self.id_hex())
    }
}
