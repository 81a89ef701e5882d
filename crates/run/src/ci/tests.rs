use super::*;

fn detect(variables: &[(&str, &str)]) -> Ci {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Ci::detect(&move |name: &str| variables.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
}

fn attribute<'a>(ci: &'a Ci, name: &str) -> Option<&'a str> {
    ci.attributes
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn github_actions_is_read_by_its_table() {
    let ci = detect(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKFLOW", "deploy"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_JOB", "plan"),
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_REPOSITORY", "acme/site"),
        ("GITHUB_REF", "refs/pull/17/merge"),
        ("GITHUB_HEAD_REF", ""),
        ("GITHUB_REF_NAME", "17/merge"),
        ("GITHUB_ACTOR", "ada"),
        ("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]);
    assert_eq!(attribute(&ci, "cicd.system.name"), Some("github_actions"));
    assert_eq!(attribute(&ci, "cicd.pipeline.run.id"), Some("42/2"));
    assert_eq!(
        attribute(&ci, "cicd.pipeline.run.url.full"),
        Some("https://github.example/acme/site/actions/runs/42")
    );
    assert_eq!(attribute(&ci, "vcs.change.id"), Some("17"));
    assert_eq!(attribute(&ci, "vcs.ref.head.name"), Some("17/merge"));
    assert_eq!(
        (ci.task.as_deref(), ci.task_run.as_deref(), ci.actor.as_deref()),
        (Some("plan"), Some("42/2/plan"), Some("ada"))
    );
    assert!(ci.traceparent.is_some());
}

#[test]
fn gitlab_is_read_by_its_table() {
    let ci = detect(&[
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_PATH", "acme/site"),
        ("CI_PROJECT_URL", "https://ci:secret@gitlab.example/acme/site"),
        ("CI_JOB_NAME", "apply"),
        ("CI_JOB_ID", "9"),
        ("CI_ENVIRONMENT_NAME", "prod"),
        ("GITLAB_USER_LOGIN", "ada"),
    ]);
    assert_eq!(attribute(&ci, "cicd.pipeline.name"), Some("acme/site"));
    assert_eq!(
        attribute(&ci, "vcs.repository.url.full"),
        Some("https://gitlab.example/acme/site")
    );
    assert_eq!(attribute(&ci, "deployment.environment.name"), Some("prod"));
    assert_eq!((ci.task_run.as_deref(), ci.actor.as_deref()), (Some("9"), Some("ada")));
}

#[test]
fn buildkite_is_read_by_its_table() {
    let ci = detect(&[
        ("BUILDKITE", "true"),
        ("BUILDKITE_PIPELINE_SLUG", "site"),
        ("BUILDKITE_BUILD_URL", "https://buildkite.example/acme/site/builds/1"),
        ("BUILDKITE_JOB_ID", "j1"),
        ("BUILDKITE_STEP_KEY", "step"),
        ("BUILDKITE_PULL_REQUEST", "false"),
        ("BUILDKITE_COMMIT", "abc123"),
        ("BUILDKITE_REDACTED_VARS", "*_PASSWORD, MY_VAR"),
        ("BUILDKITE_TRACING_TRACEPARENT", "from-buildkite"),
        ("TRACEPARENT", "other"),
    ]);
    assert_eq!(attribute(&ci, "vcs.change.id"), None);
    assert_eq!(attribute(&ci, "vcs.ref.head.revision"), Some("abc123"));
    assert_eq!(
        ci.task_url.as_deref(),
        Some("https://buildkite.example/acme/site/builds/1#j1")
    );
    assert_eq!(ci.secrets, ["BUILDKITE_AGENT_ACCESS_TOKEN", "*_PASSWORD", "MY_VAR"]);
    assert_eq!(
        (ci.agent_traceparent.as_deref(), ci.traceparent.as_deref()),
        (Some("from-buildkite"), Some("other"))
    );
}

#[test]
fn without_a_ci_system_only_the_parent_is_read() {
    let ci = detect(&[("TRACEPARENT", "x"), ("GITHUB_JOB", "not under github")]);
    assert_eq!(
        ci,
        Ci {
            traceparent: Some("x".into()),
            ..Ci::default()
        }
    );
}

#[test]
fn credentials_leave_a_url() {
    let strip = |url: &str| without_credentials(url.to_owned());
    assert_eq!(strip("https://u:p@h.example/x@y"), "https://h.example/x@y");
    assert_eq!(strip("https://h.example"), "https://h.example");
    assert_eq!(strip("git@h.example:acme/site.git"), "git@h.example:acme/site.git");
}
