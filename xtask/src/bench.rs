//! x
use anyhow::Result;
pub(crate) fn run(_options: &[&str]) -> Result<()> {
    Ok(())
}
