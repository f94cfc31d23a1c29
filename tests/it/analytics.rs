//! Facts, reports and forecasts, and the alerts, anomalies and scheduled views that are made from
//! them.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]
#![allow(clippy::pedantic, reason = "scenarios are read as stories; the product keeps the pedantic lints")]

mod alerts;
mod anomalies;
mod databases;
mod demand;
mod forecasting;
mod insight;
mod liquidation;
mod reports;
mod s3;
mod saved_views;

// Modules of other test targets that this one shares.
mod access {
    pub mod world;
}
#[path = "authorization/shared.rs"]
mod authorization;
mod costing {
    pub mod world;
}
mod jobs {
    mod world;

    pub use world::wait_until;
}
mod lots {
    pub mod shop;
}
mod purchasing {
    mod breaks;
    pub mod office;

    pub mod proofs {
        pub use super::breaks::{Break, each_is_named};
    }
}
mod replenishment {
    pub mod desk;
}

#[path = "../support/mod.rs"]
mod support;

use support::world;
