//! GraphQL: objects of the schema that refer to one another in cycles, and their dependencies
//! (inputs, enums, look-ups, refusals).
//!
//! A room's objects are in a module with the room's name. Items that nothing here refers to (root
//! fields, payloads, reports) are in the crates above: `trade`, `analysis` and `api`.

pub mod graphql;

use ::graphql::{connection, live, tenant_rows};

pub mod audit;
pub mod identity;
pub mod access;
pub mod jobs;
pub mod tenancy;
pub mod numbering;
pub mod packs;
pub mod references;
pub mod keyed_filters;
pub mod periods;
pub mod short_lists;
pub mod sorts;
pub mod catalog;
pub mod stock;
pub mod orders;
pub mod fulfilment;
pub mod currency;
pub mod returns;
pub mod payments;
pub mod reversals;
pub mod purchasing;
pub mod transfers;
pub mod counts;
pub mod costing;
pub mod alerts;
pub mod webhooks;
pub mod files;
pub mod buckets;
pub mod media;
pub mod exchange;
pub mod scan;
pub mod forecasting;
pub mod anomalies;
pub mod replenishment;
pub mod reports;
pub mod liquidation;
pub mod notes;
pub mod attachments;
pub mod tagging;
pub mod history;
pub mod saved_views;
pub mod papers;

/// The events of all rooms.
pub mod events;
/// Finds objects by their IDs across rooms.
pub mod nodes;

#[cfg(debug_assertions)]
pub mod compiled;
