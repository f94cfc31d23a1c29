//! GraphQL: root fields, what mutations answer, reports, and the schema made of them.
//!
//! The face of a room has the room's name and holds no rules. Objects that name one another in circles, and what they refer to, are in the crate `objects`:
//! the face of a room names its part of them again.

pub use objects::{files, graphql, jobs, keyed_filters, numbering, packs, periods, references, short_lists, sorts, tenancy};

use ::graphql::{connection, live, merged_object, tenant_rows, wraps_object};
use objects::{dated_filter, in_units, keyed_filter, named, payload, seen_payload, step};

pub mod audit;
pub mod identity;
pub mod access;
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
pub mod media;
pub mod exchange;
pub mod export_schedules;
pub mod labels;
pub mod backups;
pub mod scan;
pub mod search;
pub mod insight;
pub mod demand;
pub mod forecasting;
pub mod anomalies;
pub mod replenishment;
pub mod suggestions;
pub mod reports;
pub mod liquidation;
pub mod notes;
pub mod attachments;
pub mod tagging;
pub mod history;
pub mod saved_views;
pub mod papers;

/// Merges the rooms' roots and prints the SDL.
pub mod schema;
