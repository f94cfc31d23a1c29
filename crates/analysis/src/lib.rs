//! GraphQL: root fields and rows of computed values: costs, reports, forecasts, and their
//! proposals.
//!
//! The face of a room has the room's name; its objects are in `objects`, and are re-exported here.

pub use objects::{
    access, catalog, counts, events, graphql, keyed_filters, nodes, orders, periods, purchasing, references, sorts, stock,
    transfers,
};

use ::graphql::{connection, live};
use objects::{dated_filter, keyed_filter, named, payload, row_names};

pub mod costing;
pub mod insight;
pub mod demand;
pub mod forecasting;
pub mod anomalies;
pub mod replenishment;
pub mod suggestions;
pub mod reports;
pub mod liquidation;

#[cfg(debug_assertions)]
pub mod compiled;
