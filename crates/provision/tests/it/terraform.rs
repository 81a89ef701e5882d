//! The readers of Terraform and OpenTofu: recorded runs, real ones, and whatever else may stand on a line.

mod captures;
mod hostile;
mod operation;
mod program;
mod real;
mod state;
mod tally;
