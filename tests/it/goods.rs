//! Products, their stock and its costs, lots, and their imports and exports.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod catalog;
mod costing;
mod databases;
mod exchange;
mod lots;
mod numbering;
mod stages;
mod stock;
mod suggestions;

// Modules of other test targets that this one shares.
mod access {
    pub mod world;
}
#[path = "authorization/shared.rs"]
mod authorization;
mod demand {
    mod past;

    pub mod days {
        pub use super::past::{days_ago, update_book};
    }
}
mod insight {
    pub mod world;
}
mod jobs {
    mod world;

    pub use world::{Works, wait_until};
}
mod purchasing {
    mod breaks;
    pub mod office;

    pub mod proofs {
        pub use super::breaks::{Break, each_is_named};
    }
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
