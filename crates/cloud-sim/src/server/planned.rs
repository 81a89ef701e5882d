//! Changes of the world that wait for a call.

use std::fmt;

use crate::api::Operation;
use crate::world::World;

type Change = Box<dyn FnOnce(&mut World) + Send>;

/// A change and the operation whose next answer it follows.
pub(super) struct Planned {
    operation: Operation,
    change: Change,
}

impl Planned {
    pub(super) fn new(operation: Operation, change: impl FnOnce(&mut World) + Send + 'static) -> Self {
        let change = Box::new(change);
        Self { operation, change }
    }
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {}", self.operation)
    }
}

/// The first change that waits for an operation.
pub(super) fn take(planned: &mut Vec<Planned>, operation: Operation) -> Option<Change> {
    let place = planned.iter().position(|planned| planned.operation == operation)?;
    Some(planned.remove(place).change)
}
