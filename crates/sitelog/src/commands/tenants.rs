//! `sitelog tenants`: who may send, by tokens that are made here.

use crate::cli::{TenantsAddArgs, TenantsCommand, TenantsListArgs, TenantsRotateArgs};
use crate::exit::Failure;
use crate::serve::access::{Access, Made};
use crate::settings::Period;
use crate::setup::Setup;
use crate::{cli::Format, table};
use sitelog_model::TenantId;
use sitelog_receive::Role;
use std::io::Write;
use std::process::ExitCode;

pub(super) fn run(setup: &Setup, command: &TenantsCommand) -> Result<ExitCode, Failure> {
    match command {
        TenantsCommand::Add(args) => add(setup, args),
        TenantsCommand::List(args) => list(setup, args),
        TenantsCommand::Rotate(args) => rotate(setup, args),
        TenantsCommand::Revoke(args) => revoke(setup, &args.id),
    }
}

fn now() -> u64 {
    sitelog_run::unix_nanos() / 1_000_000_000
}

fn expiry(after: Option<Period>) -> Option<u64> {
    after.map(|after| now().saturating_add(after.0.as_secs()))
}

fn add(setup: &Setup, args: &TenantsAddArgs) -> Result<ExitCode, Failure> {
    let tenant = TenantId::new(args.name.clone()).map_err(Failure::usage)?;
    let role = Role::from_name(&args.role).ok_or_else(|| {
        Failure::usage(format!(
            "--role: {:?} is no role; tenant-writer, auditor, operator or admin",
            args.role
        ))
    })?;
    let made = Access::change(&setup.data_dir(), |access| {
        access.add(&tenant, role, expiry(args.expires), now())
    });
    show(&made.map_err(Failure::input)?)
}

/// The token goes to stdout alone, once: it is kept nowhere.
fn show(made: &Made) -> Result<ExitCode, Failure> {
    crate::exit::say(&format!("token {} was made; it is shown this once", made.id));
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", made.token)?;
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn list(setup: &Setup, args: &TenantsListArgs) -> Result<ExitCode, Failure> {
    let access = Access::read(&setup.data_dir()).map_err(Failure::input)?;
    let text = match args.format {
        Format::Json => {
            let tokens = access.tokens.iter().map(|entry| {
                serde_json::json!({
                    "id": entry.id, "tenant": entry.tenant, "role": entry.role,
                    "created": entry.created, "expires": entry.expires,
                })
            });
            let tokens: Vec<_> = tokens.collect();
            serde_json::to_string_pretty(&tokens).map_err(anyhow::Error::from)? + "\n"
        }
        Format::Table => {
            let time = |seconds: u64| table::time(seconds.saturating_mul(1_000_000_000));
            let rows = access.tokens.iter().map(|entry| {
                let expires = match entry.expires {
                    None => "never".to_owned(),
                    Some(at) if at <= now() => format!("{} (over)", time(at)),
                    Some(at) => time(at),
                };
                vec![
                    entry.tenant.clone(),
                    entry.role.clone(),
                    entry.id.clone(),
                    time(entry.created),
                    expires,
                ]
            });
            table::render(
                &["TENANT", "ROLE", "TOKEN", "MADE", "EXPIRES"],
                &rows.collect::<Vec<_>>(),
            )
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// A new token in place of another one, which goes on for as long as is said.
fn rotate(setup: &Setup, args: &TenantsRotateArgs) -> Result<ExitCode, Failure> {
    let end = now().saturating_add(args.overlap.0.as_secs());
    let made = Access::change(&setup.data_dir(), |access| {
        let old = access.tokens.iter_mut().find(|entry| entry.id == args.id)?;
        let (tenant, role) = (TenantId::new(old.tenant.clone()).ok()?, Role::from_name(&old.role)?);
        old.expires = Some(old.expires.map_or(end, |known| known.min(end)));
        Some(access.add(&tenant, role, expiry(args.expires), now()))
    });
    match made.map_err(Failure::input)? {
        Some(made) => show(&made),
        None => Err(unknown(&args.id)),
    }
}

fn revoke(setup: &Setup, id: &str) -> Result<ExitCode, Failure> {
    let gone = Access::change(&setup.data_dir(), |access| {
        let before = access.tokens.len();
        access.tokens.retain(|entry| entry.id != id);
        before > access.tokens.len()
    });
    match gone.map_err(Failure::input)? {
        true => Ok(ExitCode::SUCCESS),
        false => Err(unknown(id)),
    }
}

fn unknown(id: &str) -> Failure {
    Failure::usage(format!("there is no token {id:?}; `sitelog tenants list` shows all"))
}
