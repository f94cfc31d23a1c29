//! Demand facts: kept from the journal, rebuilt, verified and queried.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod query;
pub mod days;
mod past;
mod proofs;
mod rebuilt;
mod remembered;
mod stock;
mod trade;
