//! GraphQL: the faces of the rooms, and the schema made of them.
//!
//! A room's face has the room's name and holds no rules. Faces name one another, as the objects of the schema do.

pub mod graphql;

use ::graphql::{connection, live, merged_object, tenant_rows, wraps_object};

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
