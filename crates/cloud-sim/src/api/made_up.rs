//! Texts of a realistic size that follow from a seed: what real histories have most of their bytes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::random::{Random, mix};
use crate::world::StackPath;

const PEOPLE: &[(&str, &str)] = &[
    ("dana", "Dana Fuentes"),
    ("kofi-m", "Kofi Mensah"),
    ("lindqvist", "Åsa Lindqvist"),
    ("release-bot", "Release Bot"),
];
const SUBJECTS: &[&str] = &[
    "Raise the number of replicas before the sale",
    "Merge pull request #4127 from acme/rotate-database-certificates",
    "Let the queue's dead letters expire after a fortnight",
    "Move the bucket's lifecycle rules into the component",
    "Pin the provider, and say why",
];

/// `UserInfo`.
pub(super) fn user(seed: u64) -> Value {
    let (login, name) = Random::new(seed).pick(PEOPLE);
    user_named(login, name)
}

pub(super) fn user_named(login: &str, name: &str) -> Value {
    json!({
        "name": name,
        "githubLogin": login,
        "avatarUrl": format!("https://avatars.example/{login}.png"),
    })
}

/// A commit's subject and body.
pub(super) fn message(seed: u64) -> String {
    let mut random = Random::new(mix(seed, 10));
    format!("{}\n\nRefs: OPS-{}", random.pick(SUBJECTS), random.below(9_000))
}

/// `environment` as the CLI sends it from CI.
pub(super) fn environment(seed: u64, path: &StackPath) -> Value {
    let mut random = Random::new(mix(seed, 11));
    let commit = format!(
        "{:016x}{:016x}{:08x}",
        random.number(),
        random.number(),
        random.number() >> 32
    );
    let run = random.below(10_000_000);
    json!({
        "ci.build.id": run.to_string(),
        "ci.build.number": (run % 10_000).to_string(),
        "ci.build.type": "push",
        "ci.build.url": format!("https://ci.example/{}/{}/runs/{run}", path.org, path.project),
        "ci.pr.headSHA": commit,
        "ci.system": "GitHub",
        "exec.kind": "cli",
        "git.author": "Dana Fuentes",
        "git.author.email": "dana@acme.example",
        "git.committer": "GitHub",
        "git.dirty": run.is_multiple_of(2).to_string(),
        "git.head": commit,
        "git.headName": "refs/heads/main",
        "pulumi.arch": "x86_64",
        "pulumi.os": "linux",
        "pulumi.version": "v3.207.0",
        "stack.environments": "[]",
        "updatePlan": "false",
        "vcs.kind": "github.com",
        "vcs.owner": path.org,
        "vcs.repo": path.project,
    })
}

/// `config` with a plain value, an object and a secret (ciphertext, as the service keeps it).
pub(super) fn config(seed: u64, path: &StackPath) -> Value {
    let mut random = Random::new(mix(seed, 12));
    let ciphertext = format!(
        "AAAB{:016x}{:016x}{:016x}==",
        random.number(),
        random.number(),
        random.number()
    );
    let value =
        |string: String, secret: bool, object: bool| json!({ "string": string, "secret": secret, "object": object });
    json!({
        "aws:region": value("eu-central-1".to_owned(), false, false),
        format!("{}:replicas", path.project): value(random.below(12).to_string(), false, false),
        format!("{}:tags", path.project): value(r#"{"owner":"platform","tier":"2"}"#.to_owned(), false, true),
        format!("{}:databasePassword", path.project): value(ciphertext, true, false),
    })
}

/// RFC 3339.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}
