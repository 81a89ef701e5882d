//! What the engine was asked to do, as far as it changes how a recording is played.

use crate::capture::Capture;

/// The command line and the environment.
pub(crate) struct Invocation {
    /// `pulumi`, `terraform`, `tofu`.
    pub(crate) tool: String,
    /// All words after the program's name.
    pub(crate) words: Vec<String>,
    /// `up`, `preview`, `apply` …; the first word that is no flag.
    pub(crate) subcommand: String,
    /// Where events go.
    pub(crate) event_log: Option<String>,
}

/// Flags of Pulumi and Terraform that take the next word, when they come before the subcommand or matter here.
const WITH_VALUE: &[&str] = &["-C", "--cwd", "--color", "-v", "--verbose", "--tracing", "--profiling"];

impl Invocation {
    /// Reads our own command line; the error is what the engine would say.
    pub(crate) fn read() -> Result<Self, String> {
        let mut words = std::env::args();
        let path = words.next().unwrap_or_default();
        let tool = path.rsplit('/').next().unwrap_or_default().to_owned();
        let words: Vec<String> = words.collect();
        let mut subcommand = String::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if WITH_VALUE.contains(&word.as_str()) {
                rest.next();
            } else if !word.starts_with('-') {
                subcommand.clone_from(word);
                break;
            }
        }
        let event_log = if tool == "pulumi" {
            pulumi_event_log(&words)?
        } else {
            json_into(&words, &subcommand)
        };
        Ok(Self {
            tool,
            words,
            subcommand,
            event_log,
        })
    }

    /// Whether a recording is one of the same command.
    pub(crate) fn is_of(&self, capture: &Capture) -> bool {
        let same = |recorded: &str| match self.subcommand.as_str() {
            "update" => recorded == "up",
            "pre" => recorded == "preview",
            "down" | "dn" => recorded == "destroy",
            word => recorded == word,
        };
        capture.tool() == self.tool && same(capture.subcommand())
    }
}

/// The last of several flags wins; a flag wins over the environment; both need the debug switch.
fn pulumi_event_log(words: &[String]) -> Result<Option<String>, String> {
    let version = version();
    let debug = std::env::var("PULUMI_DEBUG_COMMANDS").is_ok_and(|value| value == "true" || value == "1");
    let flag = last_value(words, "--event-log");
    if flag.is_some() && !debug {
        return Err("unknown flag: --event-log".to_owned());
    }
    let from_env = || {
        std::env::var("PULUMI_OPTION_EVENT_LOG")
            .ok()
            .filter(|_| debug && version >= (3, 208))
    };
    let log = flag.or_else(from_env);
    // Before, an address was taken for a file's name.
    Ok(log.map(|log| match log.strip_prefix("tcp://") {
        Some(address) if version < (3, 206) => format!("./tcp:{address}"),
        _ => log,
    }))
}

/// OpenTofu's, also from `TF_CLI_ARGS` and `TF_CLI_ARGS_<subcommand>`.
fn json_into(words: &[String], subcommand: &str) -> Option<String> {
    let from_env = |name: String| {
        let words = std::env::var(name).ok()?;
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        last_value(&words, "-json-into")
    };
    last_value(words, "-json-into")
        .or_else(|| from_env(format!("TF_CLI_ARGS_{subcommand}")))
        .or_else(|| from_env("TF_CLI_ARGS".to_owned()))
}

fn last_value(words: &[String], flag: &str) -> Option<String> {
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        if word == flag {
            found = words.get(at + 1).cloned();
        } else if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.to_owned());
        }
    }
    found
}

/// `REPLAY_VERSION`, major and minor.
pub(crate) fn version() -> (u32, u32) {
    let text = version_text();
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// `REPLAY_VERSION`, or the version that was recorded.
pub(crate) fn version_text() -> String {
    std::env::var("REPLAY_VERSION").unwrap_or_else(|_| "3.260.0".to_owned())
}
