//! Orders and returns through GraphQL, on both databases.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod cancels;
mod charges;
mod create;
mod described;
mod details;
mod edits;
mod filters;
mod jobs;
mod lists;
mod numbers;
mod references;
mod registers;
mod returns;
mod rights;
mod stages;
mod states;
mod steps;
mod taxes;
pub mod world;
