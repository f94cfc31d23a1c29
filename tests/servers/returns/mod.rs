//! Returns step by step, and backorders that fill themselves, through GraphQL, on both databases.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod backorders;
mod documents;
mod lists;
mod lots;
mod races;
mod refunds;
mod rights;
mod sourcing;
mod sourcing_rules;
mod stages;
mod states;
mod steps;
mod world;
