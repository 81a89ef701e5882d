//! mapt's flags, with the meaning they have there: for what its users' backend expects (`records.md`, mapt profile).

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sitelog_export::config::{Given, Key};
use sitelog_run::Profile;
use sitelog_sanitize::Declared;

/// Settings of mapt's profile, which is on when a code and a token are given.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[command(next_help_heading = "mapt")]
pub(crate) struct MaptSettings {
    /// The application's code: resource attribute appcode
    #[arg(long, env = "SITELOG_OTEL_APP_CODE", value_name = "CODE")]
    pub(crate) otel_app_code: Option<String>,
    /// The token of the destination: header Authorization: Bearer
    #[arg(long, env = "SITELOG_OTEL_AUTH_TOKEN", value_name = "TOKEN")]
    pub(crate) otel_auth_token: Option<String>,
    /// The destination, unless --otlp.endpoint names another
    #[arg(long, env = "SITELOG_OTEL_ENDPOINT", value_name = "URL")]
    pub(crate) otel_endpoint: Option<String>,
    /// Resource attribute project-name [default: the tool's project]
    #[arg(long, env = "SITELOG_PROJECT_NAME", value_name = "NAME")]
    pub(crate) project_name: Option<String>,
    /// Attribute index of audit records
    #[arg(long, env = "SITELOG_OTEL_INDEX", value_name = "INDEX")]
    pub(crate) otel_index: Option<String>,
    /// More resource attributes (repeatable)
    #[arg(
        long,
        env = "SITELOG_OTEL_EXTRA_ATTRS",
        value_name = "KEY=VALUE",
        value_delimiter = ','
    )]
    pub(crate) otel_extra_attrs: Vec<String>,
    /// Also send the token as an attribute of every record, for a backend that reads it there
    #[arg(long, env = "SITELOG_OTEL_AUTH_TOKEN_ATTRIBUTE", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    pub(crate) otel_auth_token_attribute: Option<bool>,
}

/// What a backend once read the token from. It is put in on the way out and is never stored.
const TOKEN_ATTRIBUTE: &str = "com.redhat.otel.auth_token";

impl MaptSettings {
    fn token(&self) -> Option<&str> {
        self.otel_auth_token.as_deref().filter(|token| !token.is_empty())
    }

    fn code(&self) -> Option<&str> {
        self.otel_app_code.as_deref().filter(|code| !code.is_empty())
    }

    /// The names of its records; `None` when the profile is off.
    ///
    /// # Errors
    /// An extra attribute that is none.
    pub(crate) fn profile(&self) -> Result<Option<Profile>, String> {
        let (Some(code), Some(_)) = (self.code(), self.token()) else {
            return Ok(None);
        };
        let pair = |text: &String| {
            let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty())?;
            Some((key.to_owned(), value.to_owned()))
        };
        let wrong = |text: &String| format!("--otel-extra-attrs {text:?}: write KEY=VALUE,KEY=VALUE");
        let extra = self.otel_extra_attrs.iter();
        Ok(Some(Profile {
            app_code: code.to_owned(),
            project_name: self.project_name.clone(),
            index: self.otel_index.clone(),
            extra: extra
                .map(|text| pair(text).ok_or_else(|| wrong(text)))
                .collect::<Result<_, _>>()?,
        }))
    }

    /// What keeps the profile off although something of it was given.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match (self.code(), self.token()) {
            (Some(_), None) => Some("--otel-app-code without --otel-auth-token: mapt's attributes are left out"),
            (None, Some(_)) => Some("--otel-auth-token without --otel-app-code: neither is used"),
            _ => None,
        }
    }

    /// The destination, as the flag of sitelog's that it stands for.
    pub(crate) fn destination(&self) -> Option<Given> {
        let value = self.otel_endpoint.clone().filter(|url| !url.is_empty())?;
        Some(Given {
            key: Key::Endpoint,
            signal: None,
            value,
            from: "--otel-endpoint".to_owned(),
        })
    }

    /// The header with which records go out.
    pub(crate) fn authorization(&self) -> Option<String> {
        self.code()?;
        Some(format!("Bearer {}", self.token()?))
    }

    /// The attribute with which records go out, where it was asked for.
    pub(crate) fn token_attribute(&self) -> Option<(&'static str, &str)> {
        self.code()?;
        let asked = self.otel_auth_token_attribute == Some(true);
        Some((TOKEN_ATTRIBUTE, self.token().filter(|_| asked)?))
    }

    /// The token, which stands nowhere in what is recorded.
    pub(crate) fn declared(&self) -> Option<Declared> {
        let name = "otel-auth-token".to_owned();
        let value = self.token()?.as_bytes().to_vec();
        Some(Declared { name, value })
    }
}
