//! Pulumi: events over gRPC, by `PULUMI_OPTION_EVENT_LOG` (3.208 and later), on a socket of the operation's own.
//!
//! Flags: <https://www.pulumi.com/docs/iac/cli/commands/>. `--event-log` exists only while `PULUMI_DEBUG_COMMANDS` is set.

use super::{Arms, Asked, Says, Start, words};
use sitelog_provision::{Tool, Verb};
use std::io::Read;
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

/// The caller's own `--event-log` becomes ours; its events are forwarded to where it wanted them. Without one it is given
/// beside the variable, which 3.206 and 3.207 do not read yet.
pub(super) fn arm(start: &Start, socket: &Path) -> Arms {
    let address = address(socket);
    let mut args = start.args.clone();
    let mut replaced = false;
    let mut at = 0;
    while at < args.len() && args[at] != "--" {
        if args[at] == EVENT_LOG && at + 1 < args.len() {
            at += 1;
            args[at].clone_from(&address);
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
        && is_engine(start)
        && let Some((at, _)) = subcommand(&start.args)
    {
        args.insert(at + 1, format!("{EVENT_LOG}={address}"));
        replaced = true;
    }
    Arms {
        args: replaced.then_some(args),
        env: environment(socket).to_vec(),
    }
}

/// Whether the program is the engine itself: a script in its place may start it without its environment, and there the flag
/// is an error.
fn is_engine(start: &Start) -> bool {
    let mut magic = [0; 4];
    let read = std::fs::File::open(&start.program).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}

/// What makes an engine that is started with it hand out its events. Others ignore it.
pub(crate) fn environment(socket: &Path) -> [(String, String); 2] {
    [
        ("PULUMI_DEBUG_COMMANDS".to_owned(), "true".to_owned()),
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
}
