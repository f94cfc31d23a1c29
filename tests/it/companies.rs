//! Companies, their people, secrets and logs, and what leaves them: jobs, webhooks, exports at set times; and a plain model of all that one does.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod access;
mod audit;
mod audit_cost;
mod databases;
mod export_schedules;
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

// What rooms of the other targets share.
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
        pub use super::past::{ago, kept};
    }
}
mod purchasing {
    pub mod office;
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
