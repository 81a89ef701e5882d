//! Where a run stands: its trace, its CI system, its person.

use crate::scene::{Scene, ended};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Scenario: a parent in TRACEPARENT. Guarantees: the run's span is below it, and the job gets the run's own.
#[test]
fn a_parent_is_accepted_and_the_job_gets_its_own() {
    let scene = Scene::new();
    let mut command = scene.run_command(&["--records", "records.jsonl"], &["sh", "-c", "echo $TRACEPARENT"]);
    let ran = {
        command.env("TRACEPARENT", PARENT);
        ended(command)
    };
    let recorded = scene.records("records.jsonl");
    let span = recorded.span();
    assert_eq!(
        (&span.trace[..], &span.parent[..]),
        ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    );
    ran.is(0, &format!("00-{}-{}-01\n", span.trace, span.id), "");
}

/// Scenario: no parent, and a TRACEPARENT that is none. Guarantees: a new trace, which the job is told.
#[test]
fn without_a_good_parent_a_trace_begins() {
    for parent in [
        "",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "nonsense",
    ] {
        let scene = Scene::new();
        let mut command = scene.run_command(&["--records", "records.jsonl"], &["sh", "-c", "echo $TRACEPARENT"]);
        let ran = {
            command.env("TRACEPARENT", parent);
            ended(command)
        };
        let recorded = scene.records("records.jsonl");
        let span = recorded.span();
        assert_eq!(span.parent, "");
        ran.is(0, &format!("00-{}-{}-01\n", span.trace, span.id), "");
    }
}

/// Buildkite's own parent counts only when the user says so.
#[test]
fn the_agents_parent_is_taken_when_asked_for() {
    for (flags, parent) in [
        (&[][..], "b7ad6b7169203331"),
        (&["--propagate-traceparent"][..], "00f067aa0ba902b7"),
    ] {
        let scene = Scene::new();
        let mut command = scene.run_command(&[flags, &["--records", "records.jsonl"]].concat(), &["true"]);
        command.env("BUILDKITE", "true").env("TRACEPARENT", PARENT);
        command.env(
            "BUILDKITE_TRACING_TRACEPARENT",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        );
        ended(command).is(0, "", "");
        assert_eq!(scene.records("records.jsonl").span().parent, parent);
    }
}

type Pairs = &'static [(&'static str, &'static str)];

/// A CI system's variables, and the resource attributes they become.
const SYSTEMS: [(Pairs, Pairs); 3] = [
    (
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_WORKFLOW", "deploy"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_JOB", "plan"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "acme/site"),
            ("GITHUB_SHA", "abc123"),
            ("GITHUB_REF_NAME", "main"),
            ("GITHUB_TRIGGERING_ACTOR", "ada"),
        ],
        &[
            ("cicd.system.name", "github_actions"),
            ("cicd.pipeline.name", "deploy"),
            (
                "cicd.pipeline.run.url.full",
                "https://github.example/acme/site/actions/runs/42",
            ),
            ("cicd.pipeline.task.name", "plan"),
            ("vcs.repository.url.full", "https://github.example/acme/site"),
            ("vcs.ref.head.name", "main"),
            ("vcs.ref.head.revision", "abc123"),
            ("user.id", "ada"),
            ("sitelog.actor.source", "ci"),
        ],
    ),
    (
        &[
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "acme/site"),
            ("CI_PROJECT_URL", "https://ci:token@gitlab.example/acme/site"),
            ("CI_PIPELINE_ID", "7"),
            ("CI_JOB_NAME", "apply"),
            ("CI_JOB_ID", "9"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_ENVIRONMENT_NAME", "prod"),
            ("GITLAB_USER_LOGIN", "ada"),
        ],
        &[
            ("cicd.system.name", "gitlab"),
            ("cicd.pipeline.name", "acme/site"),
            ("cicd.pipeline.run.id", "7"),
            ("cicd.pipeline.task.name", "apply"),
            ("cicd.pipeline.task.run.id", "9"),
            ("vcs.repository.url.full", "https://gitlab.example/acme/site"),
            ("vcs.ref.head.name", "main"),
            ("deployment.environment.name", "prod"),
            ("user.id", "ada"),
        ],
    ),
    (
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_PIPELINE_SLUG", "site"),
            ("BUILDKITE_BUILD_ID", "b1"),
            ("BUILDKITE_BUILD_URL", "https://buildkite.example/acme/site/builds/1"),
            ("BUILDKITE_LABEL", "apply"),
            ("BUILDKITE_JOB_ID", "j1"),
            ("BUILDKITE_AGENT_NAME", "agent-1"),
            ("BUILDKITE_BRANCH", "main"),
            ("BUILDKITE_COMMIT", "abc123"),
            ("BUILDKITE_BUILD_CREATOR", "ada"),
        ],
        &[
            ("cicd.system.name", "buildkite"),
            ("cicd.pipeline.name", "site"),
            ("cicd.pipeline.run.id", "b1"),
            (
                "cicd.pipeline.run.url.full",
                "https://buildkite.example/acme/site/builds/1",
            ),
            ("cicd.pipeline.task.name", "apply"),
            ("cicd.pipeline.task.run.id", "j1"),
            ("cicd.worker.name", "agent-1"),
            ("vcs.ref.head.name", "main"),
            ("vcs.ref.head.revision", "abc123"),
            ("user.id", "ada"),
        ],
    ),
];

/// Guarantees: the table of `records.md` ends as resource attributes of lines and span; a credential does not.
#[test]
fn ci_variables_become_resource_attributes() {
    for (variables, attributes) in SYSTEMS {
        let scene = Scene::new();
        let mut command = scene.run_command(&["--records", "records.jsonl"], &["echo", "line"]);
        command.envs(variables.iter().copied());
        ended(command).is(0, "line\n", "");
        let recorded = scene.records("records.jsonl");
        for resource in [&recorded.lines[0].resource, &recorded.span().resource] {
            for (name, value) in attributes {
                assert_eq!(
                    resource.get(*name).and_then(|value| value.as_str()),
                    Some(*value),
                    "{name}"
                );
            }
        }
        assert!(
            !std::fs::read_to_string(scene.path("records.jsonl"))
                .unwrap()
                .contains("ci:token")
        );
    }
}

/// Flags come before what is found; the tenant and the run's id are ours whatever anybody says.
#[test]
fn what_the_user_says_is_recorded() {
    let scene = Scene::new();
    let flags = [
        "--actor",
        "eve",
        "--operation",
        "apply",
        "--project",
        "p",
        "--stack",
        "s",
        "--tenant",
        "t1",
    ];
    let more = [
        "--attr",
        "team=infra",
        "--attr",
        "sitelog.tenant.id=other",
        "--records",
        "records.jsonl",
    ];
    let mut command = scene.run_command(&[&flags[..], &more].concat(), &["true"]);
    command
        .env("OTEL_RESOURCE_ATTRIBUTES", "region=eu,team=lost")
        .env("OTEL_SERVICE_NAME", "deploys");
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_ACTOR", "ada");
    ended(command).is(0, "", "");
    let resource = scene.records("records.jsonl").span().resource.clone();
    for (name, value) in [
        ("user.id", "eve"),
        ("sitelog.actor.source", "flag"),
        ("sitelog.operation.name", "apply"),
        ("sitelog.project", "p"),
        ("sitelog.stack", "s"),
        ("sitelog.tenant.id", "t1"),
        ("service.name", "deploys"),
        ("team", "infra"),
        ("region", "eu"),
    ] {
        assert_eq!(resource[name], value, "{name}");
    }
    assert!(scene.data().join("tenants/t1").is_dir());
}
