//! Buildkite: <https://buildkite.com/docs/pipelines/configure/environment-variables>.

use super::{Ci, Environment};
use sitelog_model::attributes as name;

pub(super) fn read(env: &dyn Environment) -> Ci {
    let mut secrets = vec!["BUILDKITE_AGENT_ACCESS_TOKEN".to_owned()];
    let listed = env.get("BUILDKITE_REDACTED_VARS").unwrap_or_default();
    secrets.extend(
        listed
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
    );
    let mut ci = Ci {
        task: env.first(&["BUILDKITE_LABEL", "BUILDKITE_STEP_KEY"]),
        task_run: env.get("BUILDKITE_JOB_ID"),
        actor: env.first(&["BUILDKITE_BUILD_CREATOR", "BUILDKITE_UNBLOCKER"]),
        agent_traceparent: env.get("BUILDKITE_TRACING_TRACEPARENT"),
        secrets,
        ..Ci::default()
    };
    let build = env.get("BUILDKITE_BUILD_URL");
    ci.task_url = build
        .clone()
        .zip(ci.task_run.clone())
        .map(|(build, job)| format!("{build}#{job}"));
    ci.put(
        name::CICD_PIPELINE_NAME,
        env.first(&["BUILDKITE_PIPELINE_NAME", "BUILDKITE_PIPELINE_SLUG"]),
    );
    ci.put(name::CICD_PIPELINE_RUN_ID, env.get("BUILDKITE_BUILD_ID"));
    ci.put(name::CICD_PIPELINE_RUN_URL_FULL, build);
    ci.put(name::CICD_WORKER_ID, env.get("BUILDKITE_AGENT_ID"));
    ci.put(name::CICD_WORKER_NAME, env.get("BUILDKITE_AGENT_NAME"));
    ci.put(
        name::VCS_REPOSITORY_URL_FULL,
        env.get("BUILDKITE_REPO").map(super::without_credentials),
    );
    ci.put(name::VCS_REF_HEAD_NAME, env.get("BUILDKITE_BRANCH"));
    // `HEAD` says nothing until somebody has asked git.
    let commit = env
        .get("BUILDKITE_COMMIT")
        .and_then(|commit| if commit == "HEAD" { head() } else { Some(commit) });
    ci.put(name::VCS_REF_HEAD_REVISION, commit);
    let change = env.get("BUILDKITE_PULL_REQUEST").filter(|number| number != "false");
    ci.put(name::VCS_CHANGE_ID, change);
    ci.put(name::VCS_REF_BASE_NAME, env.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH"));
    ci
}

/// The commit that is checked out here.
fn head() -> Option<String> {
    let output = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
