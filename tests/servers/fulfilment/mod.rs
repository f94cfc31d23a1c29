//! Fulfilment of orders by stores, through GraphQL, on both databases.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod arrival;
mod carriers;
mod depot;
mod follow;
mod holds;
mod lots;
mod other_stores;
mod reject;
mod rights;
mod stages;
mod states;
pub mod steps;
mod together;
mod waves;
mod world;
