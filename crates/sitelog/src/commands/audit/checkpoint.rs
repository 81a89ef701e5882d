//! `sitelog audit checkpoint`: prints or publishes how far the trail has come.

use super::print;
use crate::cli::AuditCheckpointArgs;
use crate::exit::{Failure, say};
use sitelog_ledger::{CosignerKey, Ledger, WitnessAnswer};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// A witness answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(ledger: &Ledger, args: &AuditCheckpointArgs) -> Result<ExitCode, Failure> {
    // What killed runs could not enter belongs into what is published.
    ledger.settle()?;
    if args.witness.is_empty() {
        print(&ledger.trail_note()?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut keys = args.witness_key.iter();
    for witness in &args.witness {
        if witness.starts_with("http://") || witness.starts_with("https://") {
            let key = keys.next().ok_or_else(|| {
                Failure::usage(format!(
                    "--witness {witness}: it needs its key in --witness-key (name+hash+base64)"
                ))
            })?;
            let key = CosignerKey::parse(key).ok_or_else(|| {
                Failure::usage(format!(
                    "--witness-key {key}: write the witness' verifier key (name+hash+base64)"
                ))
            })?;
            ask(ledger, witness, &key)?;
        } else {
            ledger.append_trail_note(Path::new(witness))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a witness to cosign; again from where it says it is.
fn ask(ledger: &Ledger, url: &str, key: &CosignerKey) -> Result<(), Failure> {
    let unreachable = |error: reqwest::Error| Failure::unavailable(format!("--witness {url}: {error}"));
    let client = reqwest::blocking::Client::builder()
        .timeout(PATIENCE)
        .build()
        .map_err(unreachable)?;
    let mut known = None;
    for _ in 0..3 {
        let Some(request) = ledger.witness_request(key, known)? else {
            return Ok(());
        };
        let endpoint = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let answer = client
            .post(endpoint)
            .body(request.body.clone())
            .send()
            .map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = answer.text().map_err(unreachable)?;
        match ledger.witness_answer(key, &request, status, &body)? {
            WitnessAnswer::Cosigned { time } => {
                say(&format!(
                    "{} has cosigned {} entries at {time}",
                    key.name(),
                    request.size
                ));
                return Ok(());
            }
            WitnessAnswer::Knows { size } if size > request.size => {
                return Err(Failure::found(format!(
                    "{} knows of {size} entries, the trail has {}: it was put back to an older copy",
                    key.name(),
                    request.size
                )));
            }
            WitnessAnswer::Knows { size } => known = Some(size),
            WitnessAnswer::Refused { status, why } => {
                return Err(Failure::unavailable(format!("--witness {url}: status {status}: {why}")));
            }
        }
    }
    Err(Failure::unavailable(format!(
        "--witness {url}: it does not say twice where it stands"
    )))
}
