//! `pulumi-cloud-sim`: the simulation as a process of its own, for benchmarks.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Parser;
use sitelog_cloud_sim::{Plan, Sim, World};

/// Serves a simulated Pulumi Cloud until it is killed. `/_sim/stats`, `/_sim/rules` and `/_sim/changes` look at it and steer it.
#[derive(Debug, Parser)]
#[command(name = "pulumi-cloud-sim", version)]
struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Stacks in all.
    #[arg(long, default_value_t = 1_500)]
    stacks: u64,
    /// Finished updates of each stack.
    #[arg(long, default_value_t = 100)]
    updates: u64,
    /// Organizations: `acme`, `acme-2`, `acme-3` …
    #[arg(long, default_value_t = 1)]
    orgs: u64,
    /// What the world follows from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Percent of the stacks that have another update each period.
    #[arg(long, default_value_t = 0)]
    changing: u64,
    /// Time between changes.
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    period: Duration,
    /// Every answer comes so much later.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,
    /// Simulated seconds in a second.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The one token that is right; any token is when absent.
    #[arg(long)]
    token: Option<String>,
    /// Written with the URL when calls are answered.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut world = World::generate(&Plan {
        seed: options.seed,
        now: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64,
        organizations: Plan::organization_names(options.orgs),
        stacks: options.stacks,
        updates: options.updates,
    });
    world.let_run(options.speed);
    let sim = Sim::start_at(options.listen, world)?;
    sim.set_latency(options.latency);
    if let Some(token) = &options.token {
        sim.set_token(token);
    }
    writeln!(std::io::stdout(), "{}", sim.url()).context("cannot say the URL")?;
    if let Some(file) = &options.ready_file {
        std::fs::write(file, sim.url()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    loop {
        thread::sleep(options.period);
        if options.changing > 0 {
            sim.world().change_share(options.changing, options.seed);
        }
    }
}
