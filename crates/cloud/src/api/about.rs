//! What is recorded of an update besides what is counted. Whatever of it cannot be read is not there: it is no reason not to
//! count.

use crate::counting::About;
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde_json::Value;
use sitelog_model::attributes as name;

/// A value of any kind that is kept, or skipped where it stands.
#[derive(Debug, Default)]
pub(super) struct Told<const KEPT: bool>(pub(super) Value);

impl<'de, const KEPT: bool> Deserialize<'de> for Told<KEPT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match KEPT {
            true => Value::deserialize(deserializer).map(Self),
            false => IgnoredAny::deserialize(deserializer).map(|_| Self(Value::Null)),
        }
    }
}

/// Where an update came from: the CLI's words for it, and ours.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("git.head", name::VCS_REF_HEAD_REVISION),
    ("git.headName", name::VCS_REF_HEAD_NAME),
    ("ci.pr.number", name::VCS_CHANGE_ID),
    ("ci.build.id", name::CICD_PIPELINE_RUN_ID),
    ("ci.build.url", name::CICD_PIPELINE_RUN_URL_FULL),
];

pub(super) fn about(by: &Value, message: &Value, environment: &Value, config: &Value) -> About {
    let of = |key: &str| text(&environment[key]);
    let known = ENVIRONMENT.into_iter().filter_map(|(key, ours)| Some((ours, of(key)?)));
    let config = config.as_object();
    About {
        by: login(by),
        message: text(message),
        attributes: known.map(|(ours, value)| (ours, branch(&value))).collect(),
        config_keys: config
            .map(|config| config.keys().cloned().collect())
            .unwrap_or_default(),
        engine: of("pulumi.version"),
    }
}

/// Who a `UserInfo` is: by login, else by name. An e-mail address is a person's and left out.
pub(super) fn login(user: &Value) -> Option<String> {
    let said = ["githubLogin", "name"].into_iter().filter_map(|key| text(&user[key]));
    said.into_iter().find(|who| !who.contains('@'))
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::trim)?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn branch(name: &str) -> String {
    name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_read_is_taken_over_and_no_value_of_the_configuration() {
        let environment =
            json!({ "git.head": "abc", "git.headName": "refs/heads/main", "ci.build.id": 7, "pulumi.version": "v3" });
        let config = json!({ "aws:region": { "string": "eu" }, "app:password": { "string": "hidden" } });
        let by = json!({ "name": "Dana", "githubLogin": "dana" });
        let about = about(&by, &json!(" Why \n"), &environment, &config);
        assert_eq!(
            (about.by.as_deref(), about.message.as_deref()),
            (Some("dana"), Some("Why"))
        );
        assert_eq!(about.config_keys, ["app:password", "aws:region"]);
        let found = [
            (name::VCS_REF_HEAD_REVISION, "abc".to_owned()),
            (name::VCS_REF_HEAD_NAME, "main".to_owned()),
        ];
        assert_eq!(
            (about.attributes.as_slice(), about.engine.as_deref()),
            (&found[..], Some("v3"))
        );
        assert!(!format!("{about:?}").contains("hidden"));
    }

    #[test]
    fn nothing_is_a_reason_to_fail() {
        for odd in [json!(null), json!(7), json!([1]), json!("x")] {
            assert_eq!(about(&odd, &json!({}), &odd, &odd), About::default());
        }
        assert_eq!(
            login(&json!({ "githubLogin": "a@b.example", "name": "A B" })).as_deref(),
            Some("A B")
        );
        let _: Told<true> = serde_json::from_str("{\"a\": [1, null]}").unwrap();
        let skipped: Told<false> = serde_json::from_str("{\"a\": [1, null]}").unwrap();
        assert_eq!(skipped.0, Value::Null);
    }
}
