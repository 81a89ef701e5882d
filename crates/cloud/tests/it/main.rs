//! Behaviour of the exporter against a simulated Pulumi Cloud.

mod faults;
mod few_calls;
mod histories;
mod short_of_time;
mod special;
mod stage;
mod state;
