//! GitHub Actions: <https://docs.github.com/actions/reference/workflows-and-actions/variables>.

use super::{Ci, Environment};
use sitelog_model::attributes as name;

pub(super) fn read(env: &dyn Environment) -> Ci {
    let mut ci = Ci::default();
    let repository = env
        .get("GITHUB_SERVER_URL")
        .zip(env.get("GITHUB_REPOSITORY"))
        .map(|(server, path)| format!("{server}/{path}"));
    let id = env.get("GITHUB_RUN_ID");
    let attempt = env.get("GITHUB_RUN_ATTEMPT");
    let run = id.clone().map(|id| match &attempt {
        Some(attempt) => format!("{id}/{attempt}"),
        None => id,
    });
    let url = repository
        .clone()
        .zip(id)
        .map(|(repository, id)| format!("{repository}/actions/runs/{id}"));
    ci.task = env.get("GITHUB_JOB");
    ci.task_run = run
        .clone()
        .zip(ci.task.clone())
        .map(|(run, job)| format!("{run}/{job}"));
    ci.task_url = url.clone();
    ci.put(name::CICD_PIPELINE_NAME, env.get("GITHUB_WORKFLOW"));
    ci.put(name::CICD_PIPELINE_RUN_ID, run);
    ci.put(name::CICD_PIPELINE_RUN_URL_FULL, url);
    ci.put(name::CICD_WORKER_NAME, env.get("RUNNER_NAME"));
    ci.put(name::CICD_WORKER_ID, env.get("RUNNER_NAME"));
    ci.put(
        name::VCS_REPOSITORY_URL_FULL,
        repository.map(super::without_credentials),
    );
    ci.put(
        name::VCS_REF_HEAD_NAME,
        env.first(&["GITHUB_HEAD_REF", "GITHUB_REF_NAME"]),
    );
    ci.put(name::VCS_REF_HEAD_REVISION, env.get("GITHUB_SHA"));
    ci.put(name::VCS_REF_BASE_NAME, env.get("GITHUB_BASE_REF"));
    ci.put(
        name::VCS_CHANGE_ID,
        env.get("GITHUB_REF").as_deref().and_then(change).map(str::to_owned),
    );
    ci.actor = env.first(&["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR", "GITHUB_ACTOR_ID"]);
    // The runtime's and the OIDC request's tokens match R6 by their names already; a glob keeps later ones in.
    ci.secrets = vec!["GITHUB_TOKEN".to_owned(), "ACTIONS_*_TOKEN".to_owned()];
    ci
}

/// The number in `refs/pull/NUMBER/merge`.
fn change(reference: &str) -> Option<&str> {
    let number = reference.strip_prefix("refs/pull/")?.split('/').next()?;
    number.bytes().all(|digit| digit.is_ascii_digit()).then_some(number)
}
