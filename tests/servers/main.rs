//! Servers as processes, the databases that they keep, and replays of a year. Rooms of `tests/servers` are in three targets, each with a list like this
//! one (`docs/decisions/0384`).
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod certificates;
mod databases;
mod process;
mod replay;

// Modules of other test targets that this one shares.
mod fulfilment {
    pub mod steps;
}
mod identity {
    mod emails;
    mod phone;

    pub mod factors {
        pub(crate) use super::phone::Phone;
    }
    pub mod world {
        pub use super::emails::{plain, token_in};
    }
}
mod retailer {
    mod inputs;

    pub use inputs::input_of;
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
