//! Behaviour of the exporter against a simulated Pulumi Cloud.
