//! Checks of the source, of the whole schema, and of who may call what: the ones to run first. Rooms of `tests/it` are in five targets, each with a list
//! like this one (`docs/decisions/0384`).
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod api_versions;
mod authorization;
mod cut_lists;
mod databases;
mod earlier_names;
mod events;
mod filter_operators;
mod identities;
mod lean;
mod listed_documents;
mod mutations;
mod nested_filters;
mod plans;
mod row_security;
mod sdl;
mod sorted_lists;
mod tidy;
mod totals;
mod words;

// Modules of other test targets that this one shares.
mod access {
    pub mod world;
}
mod catalog {
    pub mod world;
}
mod costing {
    pub mod world;
}
mod purchasing {
    pub mod office;
}
mod reversals {
    pub mod undo;
}
mod stock {
    mod full_schema;

    pub mod page {
        pub use super::full_schema::{execute_on, given, whole_schema};
    }
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
