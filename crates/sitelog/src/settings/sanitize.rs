//! What is hidden besides what sitelog knows: the file's `sanitize:` section, and flags over it.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use sitelog_sanitize::rules::{BadRule, Culprit};
use sitelog_sanitize::{Declared, Sanitizer, Settings, UserRule};

/// Flags of the sanitizer.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SanitizeFlags {
    /// Also hide email addresses
    #[arg(long, env = "SITELOG_PII", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) pii: Option<bool>,
    /// Also hide values under this key, in any spelling (repeatable)
    #[arg(long, env = "SITELOG_SENSITIVE_KEY", value_name = "KEY", value_delimiter = ',')]
    pub(crate) sensitive_key: Vec<String>,
    /// Turn a rule off by its id (repeatable); `sitelog redact --rules` lists them
    #[arg(long, env = "SITELOG_RULE_OFF", value_name = "ID", value_delimiter = ',')]
    pub(crate) rule_off: Vec<String>,
}

/// The file's `sanitize:` section.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct SanitizeFile {
    /// Hide email addresses too.
    pub(crate) pii: Option<bool>,
    /// Variables whose values are hidden, besides those whose names say so (* and ?).
    #[serde(alias = "secret_env")]
    pub(crate) secret_env: Vec<String>,
    /// Further sensitive keys, in any spelling: `crown jewel` finds `crownJewel` and `X_CROWN_JEWEL`.
    pub(crate) keys: Vec<String>,
    /// Ids of rules that are off.
    #[schemars(with = "Vec<String>")]
    pub(crate) off: Vec<Spanned<String>>,
    /// Further rules.
    pub(crate) rules: Vec<RuleFile>,
}

/// A rule of the user's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RuleFile {
    /// Its id, unique among all rules: letters, digits, - _ and .
    #[schemars(with = "String")]
    pub(crate) id: Spanned<String>,
    /// Why it is there.
    #[serde(default)]
    pub(crate) why: String,
    /// A regular expression that begins with three fixed characters or more; what it matches is hidden.
    pub(crate) pattern: String,
    /// Texts that show what it does; they are tried.
    #[serde(default)]
    pub(crate) examples: ExamplesFile,
}

/// Texts that show what a rule does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ExamplesFile {
    /// It must hit these.
    #[serde(alias = "hits")]
    pub(crate) hit: Vec<String>,
    /// It must not hit these.
    #[serde(alias = "misses")]
    pub(crate) miss: Vec<String>,
}

impl SanitizeFile {
    /// A sanitizer by flags before file, with values that are known to be secret.
    ///
    /// # Errors
    /// One line with the flag, or file and line, and what is wrong.
    pub(crate) fn sanitizer(
        &self,
        flags: &SanitizeFlags,
        declared: Vec<Declared>,
        file: &str,
    ) -> Result<Sanitizer, String> {
        let or = |flags: &[String], file: Vec<String>| if flags.is_empty() { file } else { flags.to_vec() };
        let off = self.off.iter().map(|id| id.value.clone()).collect();
        let settings = Settings {
            declared,
            pii: flags.pii.or(self.pii).unwrap_or(false),
            off: or(&flags.rule_off, off),
            keys: or(&flags.sensitive_key, self.keys.clone()),
            rules: self.rules.iter().map(RuleFile::rule).collect(),
        };
        Sanitizer::try_new(settings).map_err(|bad| format!("{}: {bad}", self.place(&bad, flags, file)))
    }

    /// Whether nothing is set.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = self.secret_env.is_empty() && self.keys.is_empty() && self.off.is_empty();
        lists && self.pii.is_none() && self.rules.is_empty()
    }

    /// This, and what another section adds to it.
    pub(crate) fn with(&self, more: &Self) -> Self {
        let mut both = self.clone();
        both.pii = more.pii.or(both.pii);
        both.secret_env.extend_from_slice(&more.secret_env);
        both.keys.extend_from_slice(&more.keys);
        both.off.extend_from_slice(&more.off);
        both.rules.extend_from_slice(&more.rules);
        both
    }

    fn place(&self, bad: &BadRule, flags: &SanitizeFlags, file: &str) -> String {
        let line = match bad.at() {
            Culprit::Rule(place) => self.rules.get(place).map(|rule| rule.id.referenced.line()),
            Culprit::Off(_) if !flags.rule_off.is_empty() => return "--rule-off".to_owned(),
            Culprit::Off(place) => self.off.get(place).map(|id| id.referenced.line()),
        };
        format!("{file}:{}", line.unwrap_or(1))
    }

    /// What is in force, for `config print`.
    pub(crate) fn effective(&self, flags: &SanitizeFlags) -> serde_json::Value {
        let or = |flags: &[String], file: Vec<&str>| match flags {
            [] => serde_json::json!(file),
            flags => serde_json::json!(flags),
        };
        let rules = self
            .rules
            .iter()
            .map(|rule| serde_json::json!({ "id": rule.id.value, "pattern": rule.pattern, "why": rule.why }));
        serde_json::json!({
            "pii": flags.pii.or(self.pii).unwrap_or(false),
            "secret-env": self.secret_env,
            "keys": or(&flags.sensitive_key, self.keys.iter().map(String::as_str).collect()),
            "off": or(&flags.rule_off, self.off.iter().map(|id| id.value.as_str()).collect()),
            "rules": rules.collect::<Vec<_>>(),
        })
    }
}

impl RuleFile {
    fn rule(&self) -> UserRule {
        UserRule {
            id: self.id.value.clone(),
            why: self.why.clone(),
            pattern: self.pattern.clone(),
            hits: self.examples.hit.clone(),
            misses: self.examples.miss.clone(),
        }
    }
}
