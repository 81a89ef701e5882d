//! Who runs what, for whom: the resource of everything a run emits (`records.md`).

use crate::ci::{Ci, Environment};
use sitelog_model::attributes as name;
use sitelog_model::otlp::common::v1::KeyValue;
use sitelog_model::{TenantId, Ulid, key_value};

/// What the user said about the run.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Whose run it is.
    pub tenant: TenantId,
    /// `--actor`.
    pub actor: Option<String>,
    /// `--operation`.
    pub operation: Option<String>,
    /// `--project`.
    pub project: Option<String>,
    /// `--stack`.
    pub stack: Option<String>,
    /// `--attr KEY=VALUE`.
    pub attributes: Vec<(String, String)>,
}

/// Who, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A name or an id.
    pub id: String,
    /// `flag`, `ci`, `pulumi` or `os`.
    pub source: &'static str,
}

impl Identity {
    /// Flag before CI before the operating system's user.
    pub fn actor(&self, ci: &Ci) -> Option<Actor> {
        let flag = self.actor.clone().map(|id| Actor { id, source: "flag" });
        let ci = || ci.actor.clone().map(|id| Actor { id, source: "ci" });
        flag.or_else(ci)
            .or_else(|| os_user().map(|id| Actor { id, source: "os" }))
    }

    /// The resource of the run's records, spans and metrics, before it is sanitized.
    pub fn resource(&self, run: Ulid, ci: &Ci, env: &dyn Environment) -> Vec<KeyValue> {
        let mut resource = Resource::default();
        let service = env.get("OTEL_SERVICE_NAME");
        resource.put(
            name::SERVICE_NAME,
            Some(service.clone().unwrap_or_else(|| "sitelog".to_owned())),
        );
        resource.put(name::SERVICE_VERSION, Some(env!("CARGO_PKG_VERSION").to_owned()));
        resource.put(name::SERVICE_INSTANCE_ID, Some(run.to_string()));
        resource.put(
            name::HOST_NAME,
            nix::unistd::gethostname().ok().and_then(|host| host.into_string().ok()),
        );
        resource.put(
            name::OS_TYPE,
            Some(
                if cfg!(target_os = "macos") {
                    "darwin"
                } else {
                    std::env::consts::OS
                }
                .to_owned(),
            ),
        );
        for (key, value) in &ci.attributes {
            resource.put(key, Some(value.clone()));
        }
        resource.put(name::CICD_PIPELINE_TASK_NAME, ci.task.clone());
        resource.put(name::CICD_PIPELINE_TASK_RUN_ID, ci.task_run.clone());
        if let Some(actor) = self.actor(ci) {
            resource.put(name::USER_ID, Some(actor.id));
            resource.put(name::SITELOG_ACTOR_SOURCE, Some(actor.source.to_owned()));
        }
        resource.put(name::SITELOG_OPERATION_NAME, self.operation.clone());
        resource.put(name::SITELOG_PROJECT, self.project.clone());
        resource.put(name::SITELOG_STACK, self.stack.clone());
        for (key, value) in resource_attributes(&env.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()) {
            // OTEL_SERVICE_NAME has precedence over service.name in OTEL_RESOURCE_ATTRIBUTES (SDK specification).
            if key != name::SERVICE_NAME || service.is_none() {
                resource.put(&key, Some(value));
            }
        }
        for (key, value) in &self.attributes {
            resource.put(key, Some(value.clone()));
        }
        // Ours whatever anybody said before: which run and whose it is.
        resource.put(name::SITELOG_RUN_ID, Some(run.to_string()));
        resource.put(name::SITELOG_TENANT_ID, Some(self.tenant.to_string()));
        resource.0
    }
}

/// Who an operation's tool takes its user for, where the operating system alone says who runs it: that user is often shared.
/// An address is a person's, and is left out.
pub(crate) fn tools_user(resource: &mut Vec<KeyValue>, user: Option<&str>) {
    let by_system = resource.contains(&key_value::text(name::SITELOG_ACTOR_SOURCE, "os"));
    let Some(user) = user.filter(|user| by_system && !user.contains('@')) else {
        return;
    };
    let mut known = Resource(std::mem::take(resource));
    known.put(name::USER_ID, Some(user.to_owned()));
    known.put(name::SITELOG_ACTOR_SOURCE, Some("pulumi".to_owned()));
    *resource = known.0;
}

/// Attributes of which a later one replaces an earlier one of the same name.
#[derive(Default)]
struct Resource(Vec<KeyValue>);

impl Resource {
    fn put(&mut self, key: &str, value: Option<String>) {
        let Some(value) = value else { return };
        let attribute = key_value::text(key, value);
        match self.0.iter_mut().find(|known| known.key == key) {
            Some(known) => *known = attribute,
            None => self.0.push(attribute),
        }
    }
}

/// Reads `OTEL_RESOURCE_ATTRIBUTES`: `key=value` pairs with commas between, percent-encoded (W3C baggage).
pub fn resource_attributes(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text.trim())
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (decode(key), decode(value)))
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

fn os_user() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
    user.map(|user| user.name)
        .or_else(|| Some(nix::unistd::getuid().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sitelog_model::otlp::common::v1::any_value::Value;

    fn resource(identity: &Identity, variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let variables: Vec<(String, String)> = variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let env = move |name: &str| variables.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        let attributes = identity.resource(Ulid::nil(), &Ci::default(), &env).into_iter();
        attributes
            .map(|kv| match kv.value.and_then(|any| any.value) {
                Some(Value::StringValue(text)) => (kv.key, text),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn value<'a>(resource: &'a [(String, String)], key: &str) -> Option<&'a str> {
        let found: Vec<_> = resource.iter().filter(|(k, _)| k == key).collect();
        assert!(found.len() <= 1, "{key} stands twice");
        found.first().map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_user_has_the_last_word_but_not_about_the_tenant() {
        let identity = Identity {
            attributes: vec![
                ("team".into(), "infra".into()),
                ("sitelog.tenant.id".into(), "other".into()),
            ],
            actor: Some("ada".into()),
            ..Identity::default()
        };
        let env = [
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "team=x, a%20b=c%2Cd,broken,service.name=lost",
            ),
            ("OTEL_SERVICE_NAME", "deploys"),
        ];
        let resource = resource(&identity, &env);
        assert_eq!(value(&resource, "team"), Some("infra"));
        assert_eq!(value(&resource, "a b"), Some("c,d"));
        assert_eq!(value(&resource, "service.name"), Some("deploys"));
        assert_eq!(value(&resource, "sitelog.tenant.id"), Some("default"));
        assert_eq!(
            (value(&resource, "user.id"), value(&resource, "sitelog.actor.source")),
            (Some("ada"), Some("flag"))
        );
    }

    #[test]
    fn somebody_always_did_it() {
        let resource = resource(&Identity::default(), &[]);
        assert_eq!(value(&resource, "sitelog.actor.source"), Some("os"));
        assert!(value(&resource, "user.id").is_some_and(|user| !user.is_empty()));
    }
}
