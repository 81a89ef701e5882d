//! Which CI system the job runs under, and what its variables say (table in `records.md`).
//!
//! Only the variables named in the tables are read: the environment is never copied whole.

mod buildkite;
mod github;
mod gitlab;

use sitelog_model::attributes::CICD_SYSTEM_NAME;

/// Looks a variable up; an empty one counts as absent.
pub trait Environment {
    /// The value of a variable.
    fn get(&self, name: &str) -> Option<String>;

    /// The first of several that is set.
    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name).filter(|value| !value.is_empty())
    }
}

/// What a CI system says about the job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// Resource attributes, by name.
    pub attributes: Vec<(&'static str, String)>,
    /// Who started it: a name or an id.
    pub actor: Option<String>,
    /// The job or step.
    pub task: Option<String>,
    /// The job's run, and where a person sees it.
    pub task_run: Option<String>,
    /// Where a person sees the job.
    pub task_url: Option<String>,
    /// Variables whose values are secret besides those whose names say so.
    pub secrets: Vec<String>,
    /// The parent's `traceparent`.
    pub traceparent: Option<String>,
    /// The CI agent's own `traceparent`; it comes first where the user wants it (`--propagate-traceparent`).
    pub agent_traceparent: Option<String>,
}

/// A CI system sitelog knows.
struct System {
    /// `cicd.system.name`.
    name: &'static str,
    /// The variable that is set in each of its jobs.
    marker: &'static str,
    read: fn(&dyn Environment) -> Ci,
}

const SYSTEMS: [System; 3] = [
    System {
        name: "buildkite",
        marker: "BUILDKITE",
        read: buildkite::read,
    },
    System {
        name: "github_actions",
        marker: "GITHUB_ACTIONS",
        read: github::read,
    },
    System {
        name: "gitlab",
        marker: "GITLAB_CI",
        read: gitlab::read,
    },
];

impl Ci {
    /// Reads the variables of the system that the job runs under; without one, only `TRACEPARENT`.
    pub fn detect(env: &dyn Environment) -> Self {
        let known = SYSTEMS.iter().find(|system| env.get(system.marker).is_some());
        let mut ci = known.map(|system| (system.read)(env)).unwrap_or_default();
        if let Some(system) = known {
            ci.attributes.push((CICD_SYSTEM_NAME, system.name.to_owned()));
        }
        ci.traceparent = env.get("TRACEPARENT");
        ci
    }

    /// Adds an attribute that is known.
    fn put(&mut self, name: &'static str, value: Option<String>) {
        self.attributes.extend(value.map(|value| (name, value)));
    }
}

/// A repository's URL without user and password.
fn without_credentials(url: String) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url,
    }
}

#[cfg(test)]
mod tests;
