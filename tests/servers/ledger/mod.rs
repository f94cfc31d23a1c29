//! The proofs of the ledger: rules as tables, a model beside random commands, races, and what `verify` finds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests fails its test")]

mod by_database;
mod world;
mod broken;
mod followers;
mod heavy;
mod journal;
mod kitted;
mod large;
mod lot_histories;
mod lots;
mod factory;
mod model;
mod media;
mod moves;
mod paid;
mod order_rules;
mod order_steps;
mod properties;
mod races;
mod replan;
mod rules;
mod scenario;
mod shared_proofs;
mod timeline;
mod together;
mod torn;
mod turns;
mod undone;
mod works;
