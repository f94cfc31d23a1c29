//! The front before servers, and who signs in.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod certificates;
mod front;
mod identity;

#[path = "../support/mod.rs"]
mod support;

use support::{databases, world};
