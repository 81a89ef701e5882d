//! Pulumi's engine events.

use crate::Fact;
use crate::engine::{Malformed, Reader};

/// Reads one JSON engine event (`apitype.EngineEvent`) at a time.
#[derive(Debug, Default)]
pub struct Events;

impl Reader for Events {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let _ = (event, out);
        Ok(())
    }
}

/// Reads the one document that `preview --json` prints.
#[derive(Debug, Default)]
pub struct Document;

impl Reader for Document {
    fn read(&mut self, event: &[u8], out: &mut Vec<Fact>) -> Result<(), Malformed> {
        let _ = (event, out);
        Ok(())
    }
}
