//! From a cursor to a destination: joining frames to requests, several of them in flight, each tried until it is judged,
//! and the cursor moved over what is done.
//!
//! | file | its one concept |
//! | --- | --- |
//! | `piece` | a request and the records of the ledger it stands for; splitting it |
//! | `records` | choosing records of an encoded request |
//! | `collect` | joining frames to a piece |
//! | `gate` | when a destination may be asked again |
//! | `window` | how many requests may be on their way to a destination |
//! | `pool` | the memory for requests, shared by all |
//! | `route` | a destination of one signal: backend, gate, window, counters |
//! | `settle` | trying a piece until every record of it is delivered or refused |
//! | `lane` | one cursor on its way to one route |
//! | `setback` | how long is waited after the ledger failed |

pub(crate) mod collect;
pub(crate) mod gate;
pub(crate) mod lane;
pub(crate) mod piece;
pub(crate) mod pool;
pub(crate) mod records;
pub(crate) mod route;
pub(crate) mod setback;
pub(crate) mod settle;
pub(crate) mod window;
