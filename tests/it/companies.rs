//! Companies, their members, secrets and logs, and their jobs, webhooks and scheduled exports; and
//! a plain model of a company's stock.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod access;
mod audit;
mod audit_cost;
mod databases;
mod export_schedules;
mod s3;
mod history;
mod jobs;
mod model;
mod moments;
mod persons;
mod secret_stores;
mod secrets;
mod tenancy;
mod transactions;
mod upserts;
mod webhooks;

// Modules of other test targets that this one shares.
#[path = "authorization/shared.rs"]
mod authorization;
mod catalog {
    pub mod world;
}
mod costing {
    pub mod world;
}
mod demand {
    mod past;

    pub mod days {
        pub use super::past::{days_ago, update_book};
    }
}
mod purchasing {
    pub mod office;
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
