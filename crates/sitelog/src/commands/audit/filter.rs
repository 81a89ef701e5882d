//! From flags to what the index is asked.

use crate::cli::FilterArgs;
use crate::exit::Failure;
use crate::setup::Setup;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sitelog_store::Filter;

const RESULTS: [&str; 5] = ["succeeded", "failed", "canceled", "interrupted", "running"];

pub(super) fn filter(setup: &Setup, args: &FilterArgs) -> Result<Filter, Failure> {
    if let Some(result) = args.result.as_deref().filter(|result| !RESULTS.contains(result)) {
        return Err(Failure::usage(format!(
            "--result {result:?}: write one of {}",
            RESULTS.join(", ")
        )));
    }
    let time = |flag: &str, text: &Option<String>| -> Result<Option<u64>, Failure> {
        text.as_deref().map(|text| time(flag, text)).transpose()
    };
    Ok(Filter {
        since: time("--since", &args.since)?,
        until: time("--until", &args.until)?,
        actor: args.actor.clone(),
        project: args.project.clone(),
        stack: args.stack.clone(),
        operation: args.operation.clone(),
        resource: args.resource.clone(),
        result: args.result.clone(),
        tenant: setup.global.tenant.clone(),
        run: args.run.as_deref().map(str::to_uppercase),
        limit: None,
    })
}

/// A time as people write it, Unix nanoseconds: RFC 3339, a local date or date and time, or how long ago.
fn time(flag: &str, text: &str) -> Result<u64, Failure> {
    let local = |time: DateTime| time.to_zoned(TimeZone::system()).ok();
    let at: Option<Timestamp> = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| Some(local(text.parse::<DateTime>().ok()?)?.timestamp()))
        .or_else(|| Some(local(text.parse::<Date>().ok()?.at(0, 0, 0, 0))?.timestamp()))
        .or_else(|| {
            let ago = humantime::parse_duration(text).ok()?;
            Some(Zoned::now().checked_sub(ago).ok()?.timestamp())
        });
    let nanos = at.and_then(|at| u64::try_from(at.as_nanosecond()).ok());
    nanos.ok_or_else(|| {
        Failure::usage(format!(
            "{flag} {text:?}: write a time (2026-11-21, 2026-11-21T08:00:00Z) or how long ago (30m, 7d)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_read_as_people_write_them() {
        let at = |text: &str| time("--since", text).unwrap();
        assert_eq!(at("1970-01-01T00:00:01Z"), 1_000_000_000);
        assert_eq!(at("1970-01-02T00:00:00+01:00"), 23 * 3_600_000_000_000);
        assert_eq!(at("2026-11-21"), at("2026-11-21T00:00"));
        assert!(at("7d") < at("30m"));
        for wrong in ["", "yesterday", "2026-13-01", "-5"] {
            assert_eq!(time("--since", wrong).unwrap_err().code, 64, "{wrong}");
        }
    }
}
