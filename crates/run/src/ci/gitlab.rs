//! GitLab CI: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::{Ci, Environment};
use sitelog_model::attributes as name;

pub(super) fn read(env: &dyn Environment) -> Ci {
    let mut ci = Ci {
        task: env.get("CI_JOB_NAME"),
        task_run: env.get("CI_JOB_ID"),
        task_url: env.get("CI_JOB_URL"),
        actor: env.first(&["GITLAB_USER_LOGIN", "GITLAB_USER_ID"]),
        secrets: vec!["CI_JOB_TOKEN".to_owned(), "CI_REGISTRY_PASSWORD".to_owned()],
        ..Ci::default()
    };
    ci.put(
        name::CICD_PIPELINE_NAME,
        env.first(&["CI_PIPELINE_NAME", "CI_PROJECT_PATH"]),
    );
    ci.put(name::CICD_PIPELINE_RUN_ID, env.get("CI_PIPELINE_ID"));
    ci.put(name::CICD_PIPELINE_RUN_URL_FULL, env.get("CI_PIPELINE_URL"));
    ci.put(name::CICD_WORKER_ID, env.get("CI_RUNNER_ID"));
    ci.put(name::CICD_WORKER_NAME, env.get("CI_RUNNER_DESCRIPTION"));
    ci.put(
        name::VCS_REPOSITORY_URL_FULL,
        env.get("CI_PROJECT_URL").map(super::without_credentials),
    );
    ci.put(name::VCS_REF_HEAD_NAME, env.get("CI_COMMIT_REF_NAME"));
    ci.put(name::VCS_REF_HEAD_REVISION, env.get("CI_COMMIT_SHA"));
    ci.put(name::VCS_CHANGE_ID, env.get("CI_MERGE_REQUEST_IID"));
    ci.put(name::VCS_REF_BASE_NAME, env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"));
    ci.put(name::DEPLOYMENT_ENVIRONMENT_NAME, env.get("CI_ENVIRONMENT_NAME"));
    ci
}
