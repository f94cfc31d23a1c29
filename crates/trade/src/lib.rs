//! GraphQL: root fields, inputs and answers of the catalogue, of stock, and of the documents that
//! move it.
//!
//! A room's GraphQL face has the room's name; its objects are in `objects`, and are re-exported
//! here.

pub use objects::{
    alerts, events, graphql, keyed_filters, nodes, numbering, packs, papers, periods, references, short_lists, sorts,
};

use ::graphql::{connection, live};
use objects::{convert_packs, dated_filter, keyed_filter, named, payload, row_names, seen_payload, step};

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

#[cfg(debug_assertions)]
pub mod compiled;
