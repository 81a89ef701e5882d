//! The project's own chores. `cargo xtask` lists them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the person who started it: results on stdout, progress on stderr"
)]

mod bench;
mod cache;
mod check;
mod components;
mod false_positives;
mod fuzz;
mod generate;
mod process;
mod test;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask CHORE

  test                    everything that must pass: format, house rules, lints, licences, all tests, some fuzzing
  check                   the house rules alone: file sizes, READMEs, paths, names, security checklist, generated files
  generate                write the generated files anew
  components NAME...      install what the tests and the bench talk to; prints the path of each binary
  fuzz [--seconds N]      run every fuzz target for N seconds (default 30); needs a nightly toolchain
  false-positives [PATH...]  count what the sanitizer hits in files without secrets (default: this checkout and
                          the sources of all crates at hand); prints the places
  bench run [OPTION...]   measure `sitelog run` beside its peers; prints a markdown table (bench/README.md)
  bench gateway [OPTION...]
                          measure `sitelog serve` beside the Collector; prints a line a case

What they install goes to $SITELOG_CACHE (default: the user's cache folder, `sitelog`); it can be deleted at any time.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run(),
        ["check"] => check::run(),
        ["generate"] => generate::run(),
        ["components", names @ ..] if !names.is_empty() => components::run(names),
        ["fuzz"] => fuzz::run("30"),
        ["fuzz", "--seconds", seconds] => fuzz::run(seconds),
        ["false-positives", paths @ ..] => false_positives::run(paths),
        ["bench", "run", options @ ..] => bench::run(options),
        ["bench", "gateway", options @ ..] => bench::gateway(options),
        ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
