//! The replay and the demo's data: the rule against totals of others, bad files, the order of documents, a model server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod again;
mod bad_input;
mod generator;
mod journeys;
mod model;
mod reports;
mod rules;
mod scheduler;
mod totals;
