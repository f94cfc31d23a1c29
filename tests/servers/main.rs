//! Servers as processes, the front before them, who signs in, and the ledger with the documents that move stock. `tests/it` has all other
//! scenarios: a target of its own, compiled at the same time (`docs/decisions/0301`).
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod certificates;
mod databases;
mod front;
mod fulfilment;
mod identity;
mod ledger;
mod moves;
mod orders;
mod payments;
mod process;
mod replay;
mod retailer;
mod returns;

#[path = "../support/mod.rs"]
mod support;

use support::world;
