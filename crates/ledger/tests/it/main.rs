//! What the ledger promises, tested from outside.

mod chains;
mod crash;
mod cursors;
mod damage;
mod faults;
mod frames;
mod races;
mod retention;
mod scene;
mod verify;
