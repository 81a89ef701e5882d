//! Pulumi: events over gRPC, by `PULUMI_OPTION_EVENT_LOG` (3.208 and later) or the flag (3.206), on a socket of the operation's
//! own; before, into a file.
//!
//! Flags: <https://www.pulumi.com/docs/iac/cli/commands/>. `--event-log` exists only while `PULUMI_DEBUG_COMMANDS` is set.

use super::{Arms, Asked, Says, Start, program, words};
use sitelog_provision::{Tool, Verb};
use std::path::Path;

/// Flags before the subcommand that take the next word.
const GLOBAL_WITH_VALUE: &[&str] = &[
    "-C",
    "--cwd",
    "--color",
    "-v",
    "--verbose",
    "--tracing",
    "--tracing-header",
    "--profiling",
    "--memprofilerate",
    "--otel-traces",
];
const EVENT_LOG: &str = "--event-log";
/// Without it there is no `--event-log`.
const DEBUG: (&str, &str) = ("PULUMI_DEBUG_COMMANDS", "true");
/// What every engine has in it: it talks to its plugins.
const ENGINE: &str = "/pulumirpc.";
/// What an engine has in it that sends its events (3.206 and later).
const SENDS: &str = "/pulumirpc.Events/StreamEvents";

pub(super) fn ask(start: &Start) -> Option<Asked> {
    let (at, subcommand) = subcommand(&start.args)?;
    let verb = match subcommand {
        "up" | "update" => Verb::Up,
        "preview" | "pre" => Verb::Preview,
        "destroy" | "down" | "dn" => Verb::Destroy,
        "refresh" => Verb::Refresh,
        "import" => Verb::Import,
        _ => return None,
    };
    let flags = &start.args[at + 1..];
    if words::is_on(start.args.iter().map(String::as_str), &["-h", "--help"]) {
        return None;
    }
    let json = words::is_on(flags.iter().map(String::as_str), &["--json", "-j"]);
    let says = match (json, verb) {
        (true, Verb::Preview) => Says::Document,
        (true, _) => Says::Messages,
        (false, _) => Says::Text,
    };
    let folder = words::value(&start.args, &["-C", "--cwd"]);
    let stack = words::value(flags, &["-s", "--stack"]);
    let wanted_by = words::value(flags, &[EVENT_LOG]).or_else(|| start.var("PULUMI_OPTION_EVENT_LOG"));
    Some(Asked {
        tool: Tool::Pulumi,
        verb,
        folder: folder.map_or_else(|| start.folder.clone(), |folder| start.folder.join(folder)),
        stack: stack.or_else(|| start.var("PULUMI_STACK")).map(str::to_owned),
        says,
        wanted_by: wanted_by.map(str::to_owned),
    })
}

/// The flag stands beside the variable, which 3.206 and 3.207 do not read yet.
pub(super) fn arm(start: &Start, socket: &Path) -> Arms {
    Arms {
        args: with_event_log(start, &address(socket)),
        env: environment(socket).to_vec(),
    }
}

/// The same for an engine that [knows files only](knows_files_only).
pub(super) fn arm_file(start: &Start, file: &Path) -> Arms {
    Arms {
        args: with_event_log(start, &file.display().to_string()),
        env: vec![(DEBUG.0.to_owned(), DEBUG.1.to_owned())],
    }
}

/// Whether this is an engine, and one from before 3.206. A launcher that starts another program is none: that one may know
/// more.
pub(super) fn knows_files_only(start: &Start) -> bool {
    let program = &start.program;
    program::is_binary(program) && !program::holds(program, SENDS) && program::holds(program, ENGINE)
}

/// The caller's own `--event-log` becomes ours; its events are forwarded to where it wanted them.
fn with_event_log(start: &Start, address: &str) -> Option<Vec<String>> {
    let mut args = start.args.clone();
    let mut replaced = false;
    let mut at = 0;
    while at < args.len() && args[at] != "--" {
        if args[at] == EVENT_LOG && at + 1 < args.len() {
            at += 1;
            address.clone_into(&mut args[at]);
            replaced = true;
        } else if args[at]
            .strip_prefix(EVENT_LOG)
            .is_some_and(|rest| rest.starts_with('='))
        {
            args[at] = format!("{EVENT_LOG}={address}");
            replaced = true;
        }
        at += 1;
    }
    if !replaced
        // A script in its place may start it without its environment, and there the flag is an error.
        && program::is_binary(&start.program)
        && let Some((at, _)) = subcommand(&start.args)
    {
        args.insert(at + 1, format!("{EVENT_LOG}={address}"));
        replaced = true;
    }
    replaced.then_some(args)
}

/// What makes an engine that is started with it hand out its events. Others ignore it.
pub(crate) fn environment(socket: &Path) -> [(String, String); 2] {
    [
        (DEBUG.0.to_owned(), DEBUG.1.to_owned()),
        ("PULUMI_OPTION_EVENT_LOG".to_owned(), address(socket)),
    ]
}

fn address(socket: &Path) -> String {
    format!("tcp://unix:{}", socket.display())
}

/// The first word that is no flag, and where it stands.
fn subcommand(args: &[String]) -> Option<(usize, &str)> {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        if GLOBAL_WITH_VALUE.contains(&word.as_str()) {
            at += 1;
        } else if !word.starts_with('-') {
            return Some((at, word));
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Stdout;
    use super::*;

    fn start(line: &str, env: &[(&str, &str)]) -> Start {
        Start {
            tool: "pulumi".into(),
            program: "/bin/pulumi".into(),
            args: line.split_whitespace().map(str::to_owned).collect(),
            folder: "/src".into(),
            env: env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            stdout: Stdout::Other,
        }
    }

    #[test]
    fn operations_are_told_from_all_else() {
        let asked = ask(&start("-C app --color never up -y -s acme/shop/prod --json", &[])).unwrap();
        assert_eq!((asked.verb, asked.says), (Verb::Up, Says::Messages));
        assert_eq!(asked.folder, Path::new("/src/app"));
        assert_eq!(asked.stack.as_deref(), Some("acme/shop/prod"));
        let asked = ask(&start("pre --json", &[("PULUMI_STACK", "dev")])).unwrap();
        assert_eq!((asked.verb, asked.says), (Verb::Preview, Says::Document));
        assert_eq!(asked.stack.as_deref(), Some("dev"));
        for other in [
            "",
            "version",
            "stack select up",
            "login up",
            "up --help",
            "--cwd up",
            "plugin ls",
        ] {
            assert_eq!(ask(&start(other, &[])), None, "{other}");
        }
    }

    #[test]
    fn the_callers_event_log_becomes_ours() {
        let given = start(
            "up --event-log a.log -y --event-log=tcp://127.0.0.1:9 -- --event-log x",
            &[],
        );
        assert_eq!(ask(&given).unwrap().wanted_by.as_deref(), Some("tcp://127.0.0.1:9"));
        let arms = arm(&given, Path::new("/s"));
        let args = arms.args.unwrap().join(" ");
        assert_eq!(
            args,
            "up --event-log tcp://unix:/s -y --event-log=tcp://unix:/s -- --event-log x"
        );
        assert_eq!(arm(&start("up", &[]), Path::new("/s")).args, None);
    }

    #[test]
    fn an_engine_gets_the_flag_and_a_script_does_not() {
        let mut engine = start("-C app up -y -- x", &[]);
        engine.program = std::env::current_exe().unwrap();
        let args = arm(&engine, Path::new("/s")).args.unwrap().join(" ");
        assert_eq!(args, "-C app up --event-log=tcp://unix:/s -y -- x");
        let scratch = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(scratch.path(), "#!/bin/sh\n").unwrap();
        engine = start("up", &[]);
        engine.program = scratch.path().to_owned();
        assert_eq!(arm(&engine, Path::new("/s")).args, None);
    }

    #[test]
    fn an_engine_without_streams_gets_a_file() {
        let scratch = tempfile::tempdir().unwrap();
        let known = |name: &str, holds: &str| {
            let mut engine = start("up --event-log mine", &[]);
            engine.program = scratch.path().join(name);
            std::fs::write(&engine.program, holds).unwrap();
            knows_files_only(&engine)
        };
        assert!(known("old", "\x7fELF /pulumirpc.Engine/Log"));
        assert!(!known(
            "new",
            "\x7fELF /pulumirpc.Engine/Log /pulumirpc.Events/StreamEvents"
        ));
        assert!(!known("launcher", "\x7fELF execve"));
        assert!(!known("script", "#!/bin/sh\n# /pulumirpc.Engine/Log"));
        let arms = arm_file(&start("up --event-log mine", &[]), Path::new("/m"));
        assert_eq!(arms.args.unwrap().join(" "), "up --event-log /m");
        assert_eq!(arms.env.len(), 1);
    }
}
