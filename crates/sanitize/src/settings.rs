//! What a sanitizer is built from.

use crate::keys::Keys;
use crate::placeholder;

/// Declared values shorter than this many bytes are not looked for in free text (R21).
pub const SHORTEST: usize = 6;

/// A value that somebody called a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Declared {
    /// The name it is known by: an environment variable, or what was given at registration.
    pub name: String,
    /// The secret.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Declared {
    /// The name only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Declared")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A rule that a user adds: what matches `pattern` is hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRule {
    /// Its id, unique among all rules.
    pub id: String,
    /// Why it is there.
    pub why: String,
    /// A regular expression (`regex` crate syntax, at most 1,000 bytes) that begins with three fixed characters or more.
    /// A match has at most 1,024 bytes and never goes over the end of a line.
    pub pattern: String,
    /// Texts that it must hit.
    pub hits: Vec<String>,
    /// Texts that it must not hit.
    pub misses: Vec<String>,
}

/// Which secrets are known, and which rules look for the others.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Values to hide wherever they occur.
    pub declared: Vec<Declared>,
    /// Hide email addresses in free text too (R8).
    pub pii: bool,
    /// Ids of rules that are off.
    pub off: Vec<String>,
    /// Further sensitive keys, in any spelling (`crown jewel` finds `crownJewel` and `X_CROWN_JEWEL`).
    pub keys: Vec<String>,
    /// Further rules.
    pub rules: Vec<UserRule>,
}

/// Takes from an environment what is declared secret by its name (R1, R6) or by one of `globs` (`*` and `?`, case-sensitive).
///
/// Returns the values, and the names of those too short to be looked for (R21), which the run warns about.
pub fn declared_from_env(
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    globs: &[String],
) -> (Vec<Declared>, Vec<String>) {
    let keys = Keys::default();
    let mut declared = Vec::new();
    let mut short = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        let value = value.into_encoded_bytes();
        let asked = globs.iter().any(|pattern| glob(pattern.as_bytes(), name.as_bytes()));
        if !(asked || is_secret(&keys, &name)) || placeholder::is_placeholder(&value) {
            continue;
        }
        if value.trim_ascii().len() < SHORTEST {
            short.push(name);
        } else {
            declared.push(Declared { name, value });
        }
    }
    (declared, short)
}

/// The shell's folders (POSIX), whose names end like a password's.
const FOLDERS: [&str; 2] = ["PWD", "OLDPWD"];

/// Identifiers are no secrets here: a user's name declared would shred the log, and so would the working folder.
fn is_secret(keys: &Keys, name: &str) -> bool {
    if FOLDERS.contains(&name) {
        return false;
    }
    keys.classify(name.as_bytes())
        .is_some_and(|found| found.kind != crate::keys::KeyKind::Identifier)
}

/// Whether a glob matches a whole name; linear but for the one star it goes back to.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(b'?') => (at, seen) = (at + 1, seen + 1),
            Some(byte) if *byte == name[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match &mut star {
                Some((star_at, upto)) => {
                    *upto += 1;
                    (at, seen) = (*star_at + 1, *upto);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_declares_by_name_and_by_glob() {
        let env = [
            ("API_KEY", "k-123456"),
            ("TOKEN", "t0ken"),
            ("PATH", "/usr/bin:/bin"),
            ("DEPLOY_STRING", "s3cret-value"),
            ("DB_PASSWORDS", "hunter22"),
            ("A_SECRET", ""),
            ("B_SECRET", "${UNSET}"),
            ("USERNAME", "runner"),
            ("PWD", "/srv/build"),
            ("OLDPWD", "/srv/other"),
            ("DB_PWD", "hunter23"),
        ];
        let env = env.map(|(name, value)| (name.into(), value.into()));
        let (declared, short) = declared_from_env(env.into_iter(), &["DEPLOY_*".to_owned()]);
        let names: Vec<_> = declared.iter().map(|declared| declared.name.as_str()).collect();
        assert_eq!(names, ["API_KEY", "DEPLOY_STRING", "DB_PASSWORDS", "DB_PWD"]);
        assert_eq!(short, ["TOKEN"]);
        assert!(!format!("{declared:?}").contains("hunter22"));
    }

    #[test]
    fn globs_match_whole_names() {
        for (pattern, name, want) in [
            ("*", "", true),
            ("A*", "ABC", true),
            ("*_PASS", "DB_PASS", true),
            ("A?C", "ABC", true),
            ("A?", "A", false),
            ("a*", "ABC", false),
            ("*A*B*", "xAyBz", true),
            ("AB", "ABC", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }
}
