//! GraphQL: the schema, and root fields, inputs and answers of the rooms around the stock.
//!
//! The face of a room has the room's name and holds no rules. It is spread over up to three crates:
//! objects that refer to one another in cycles, and the types that they use, are in `objects`; root
//! fields of the catalogue and of documents are in `trade`, those of calculations in `analysis`.
//! This crate re-exports them all.

pub use analysis::{anomalies, costing, demand, forecasting, insight, liquidation, replenishment, reports, suggestions};
pub use objects::{
    buckets, files, graphql, jobs, keyed_filters, numbering, packs, periods, references, short_lists, sorts, tenancy,
};
pub use trade::{catalog, counts, currency, fulfilment, orders, payments, purchasing, returns, reversals, stock, transfers};

use ::graphql::{connection, live, merged_object, wraps_object};
use objects::{dated_filter, keyed_filter, named, payload, row_names};

pub mod audit;
pub mod identity;
pub mod access;
pub mod alerts;
pub mod webhooks;
pub mod media;
pub mod exchange;
pub mod export_schedules;
pub mod labels;
pub mod backups;
pub mod scan;
pub mod search;
pub mod notes;
pub mod attachments;
pub mod tagging;
pub mod history;
pub mod saved_views;
pub mod papers;

/// Merges the rooms' roots and prints the SDL.
pub mod schema;
