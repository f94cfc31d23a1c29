//! Purchase orders and their plans, invoices and other papers, reversals, and how documents are
//! named and found.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod databases;
mod papers;
mod purchasing;
mod references;
mod replenishment;
mod reversals;
mod scan;
mod search;

// Modules of other test targets that this one shares.
#[path = "authorization/shared.rs"]
mod authorization;
mod costing {
    pub mod world;
}
mod demand {
    mod past;

    pub mod days {
        pub use super::past::days_ago;
    }
}
mod exchange {
    pub mod world;
}
mod jobs {
    mod world;

    pub use world::{Works, wait_until};
}
mod lots {
    pub mod shop;
}
mod totals {
    mod depot;

    pub use depot::of_the_depot;
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
