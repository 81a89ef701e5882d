//! Terraform: what it says on its stdout, as JSON when the user asks for that, else as text for people.
//!
//! Commands: <https://developer.hashicorp.com/terraform/cli/commands>. OpenTofu has the same.

use super::{Asked, Says, Start, words};
use sitelog_provision::{Tool, Verb};

pub(super) fn ask(start: &Start, tool: Tool) -> Option<Asked> {
    let (at, subcommand) = subcommand(&start.args)?;
    let added = added(start, subcommand);
    let all = || {
        let given = start.args[at + 1..].iter().map(String::as_str);
        added.iter().map(String::as_str).chain(given)
    };
    if words::is_on(start.args.iter().map(String::as_str), &["-help", "--help", "-h"]) {
        return None;
    }
    let destroys = words::is_on(all(), &["-destroy", "--destroy"]);
    let verb = match subcommand {
        "apply" if destroys => Verb::Destroy,
        "apply" => Verb::Apply,
        "plan" => Verb::Plan,
        "destroy" => Verb::Destroy,
        "refresh" => Verb::Refresh,
        "import" => Verb::Import,
        _ => return None,
    };
    let says = match words::is_on(all(), &["-json", "--json"]) {
        true => Says::Messages,
        false => Says::Text,
    };
    let folder = words::value(&start.args[..at], &["-chdir", "--chdir"]);
    Some(Asked {
        tool,
        verb,
        folder: folder.map_or_else(|| start.folder.clone(), |folder| start.folder.join(folder)),
        stack: start.var("TF_WORKSPACE").map(str::to_owned),
        says,
        wanted_by: None,
    })
}

/// The subcommand: the first word that is no flag. Flags before it have their values behind `=`.
pub(super) fn subcommand(args: &[String]) -> Option<(usize, &str)> {
    let at = args.iter().position(|word| !word.starts_with('-'))?;
    Some((at, &args[at]))
}

/// Words that the environment adds to the subcommand's (`TF_CLI_ARGS`, `TF_CLI_ARGS_apply`).
pub(super) fn added(start: &Start, subcommand: &str) -> Vec<String> {
    let own = format!("TF_CLI_ARGS_{subcommand}");
    let texts = [start.var("TF_CLI_ARGS"), start.var(&own)];
    let words = texts.into_iter().flatten().flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Stdout;
    use super::*;
    use std::path::Path;

    fn asked(line: &str, env: &[(&str, &str)]) -> Option<Asked> {
        let start = Start {
            tool: "terraform".into(),
            program: "/bin/terraform".into(),
            args: line.split_whitespace().map(str::to_owned).collect(),
            folder: "/src".into(),
            env: env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            stdout: Stdout::Other,
        };
        ask(&start, Tool::Terraform)
    }

    #[test]
    fn operations_are_told_from_all_else() {
        let apply = asked("-chdir=infra apply -json -auto-approve", &[("TF_WORKSPACE", "prod")]).unwrap();
        assert_eq!((apply.verb, apply.says), (Verb::Apply, Says::Messages));
        assert_eq!(apply.folder, Path::new("/src/infra"));
        assert_eq!(apply.stack.as_deref(), Some("prod"));
        assert_eq!(asked("apply -destroy", &[]).unwrap().verb, Verb::Destroy);
        let by_env = asked("plan", &[("TF_CLI_ARGS_plan", "-no-color -json")]).unwrap();
        assert_eq!((by_env.verb, by_env.says), (Verb::Plan, Says::Messages));
        for other in [
            "",
            "init",
            "-version",
            "workspace select apply",
            "apply -help",
            "state mv apply plan",
        ] {
            assert_eq!(asked(other, &[]), None, "{other}");
        }
    }
}
