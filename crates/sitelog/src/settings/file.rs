//! The configuration file: `sitelog.yaml`.

use super::{CloudFile, GlobalSettings, LedgerSettings, MaptSettings, OtlpFile, RunSettings, SanitizeFile, ServeFile};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// `sitelog.yaml`: the same settings as the flags, in sections.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(title = "sitelog.yaml")]
pub(crate) struct File {
    /// Settings of every command.
    pub(crate) global: GlobalSettings,
    /// Where records are sent.
    pub(crate) otlp: OtlpFile,
    /// How the ledger behaves.
    pub(crate) ledger: LedgerSettings,
    /// How `sitelog run` runs and records a job.
    pub(crate) run: RunSettings,
    /// mapt's names and destination, for `sitelog run`.
    pub(crate) mapt: MaptSettings,
    /// What `sitelog cloud` does.
    pub(crate) cloud: CloudFile,
    /// What `sitelog serve` listens on, who may send to it, and how much.
    pub(crate) serve: ServeFile,
    /// What is hidden besides what sitelog knows.
    pub(crate) sanitize: SanitizeFile,
    /// Where it was read from.
    #[serde(skip)]
    pub(crate) path: String,
}

impl File {
    /// Reads the file that was named, else the user's, else the machine's; without one, nothing is set.
    ///
    /// # Errors
    /// One line with file, line and what is wrong.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, String> {
        match named {
            Some(path) => Self::from_path(path),
            None => places()
                .iter()
                .find(|path| path.exists())
                .map_or_else(|| Ok(Self::default()), |path| Self::from_path(path)),
        }
    }

    /// Some of the file's sections, as the text of a file of their own.
    ///
    /// # Errors
    /// One line with the file and what is wrong.
    pub(crate) fn sections(&self, wanted: &[&str]) -> Result<String, String> {
        if self.path.is_empty() {
            return Ok(String::new());
        }
        let path = &self.path;
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: cannot be read: {error}"))?;
        let mut sections: serde_json::Map<String, serde_json::Value> =
            from_yaml(&text).map_err(|(line, what)| format!("{path}:{line}: {what}"))?;
        sections.retain(|name, _| wanted.contains(&name.as_str()));
        Ok(serde_json::Value::Object(sections).to_string())
    }

    fn from_path(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("--config {name}: cannot be read: {error}"))?;
        Self::parse(&text, name)
    }

    fn parse(text: &str, path: String) -> Result<Self, String> {
        let file: Self = from_yaml(text)
            .map_err(|(line, what)| format!("{path}:{line}: {what}; `sitelog config schema` lists what can be set"))?;
        let cloud = file.cloud.placed(&path, text, &["cloud"]);
        Ok(Self { path, cloud, ..file })
    }
}

/// Reads YAML; an empty text sets nothing. The one place that knows which library is used.
///
/// # Errors
/// The line, and what is wrong in it.
pub(super) fn from_yaml<T: DeserializeOwned + Default>(text: &str) -> Result<T, (u64, String)> {
    if text.trim().is_empty() {
        return Ok(T::default());
    }
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let what = error.without_snippet().to_string();
        let what = what.split(" at line ").next().unwrap_or(&what);
        let what = what.lines().next().unwrap_or_default().trim_start_matches("error: ");
        (line, what.to_owned())
    })
}

/// Where a file is looked for when none is named. Not in the working folder: a repository that is built must not be able
/// to send its builder's records elsewhere.
fn places() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let user = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
    let user = user.map(|folder| folder.join("sitelog/sitelog.yaml"));
    user.into_iter()
        .chain([PathBuf::from("/etc/sitelog/sitelog.yaml")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read() {
        let text = "otlp:\n  endpoint: http://c:4317\n  logs:\n    protocol: grpc\nrun:\n  grace: 5s\n  attr: [a=b]\nledger:\n  max-bytes: 1GiB\n";
        let file = File::parse(text, "f.yaml".into()).unwrap();
        let given = file.otlp.given("f.yaml");
        assert_eq!(given[0].from, "f.yaml:2");
        assert_eq!((given[1].from.as_str(), given[1].value.as_str()), ("f.yaml:4", "grpc"));
        assert_eq!(file.run.grace.unwrap().0.as_secs(), 5);
        assert_eq!(file.ledger.max_bytes.unwrap().0, 1 << 30);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, what) in [
            ("run:\n  grace: soon\n", 2, "soon"),
            ("run:\n  graec: 5s\n", 2, "graec"),
            ("otlp:\n  endpont: x\n", 2, "endpont"),
            ("run: [\n", 1, "mapping"),
        ] {
            let error = File::parse(text, "f.yaml".into()).unwrap_err();
            assert!(
                error.starts_with(&format!("f.yaml:{line}: ")) && error.contains(what),
                "{error}"
            );
            assert_eq!(error.lines().count(), 1);
        }
    }
}
