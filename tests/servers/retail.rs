//! The ledger, and a retailer with the documents that move stock.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod fulfilment;
mod ledger;
mod moves;
mod orders;
mod payments;
mod retailer;
mod returns;

#[path = "../support/mod.rs"]
mod support;

use support::{databases, world};
