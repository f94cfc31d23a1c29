//! The catalogue, the ledger and the documents that move stock.
//!
//! Rooms, in reading order: each names only those before it.

/// What is sold and counted, from whom, to whom and where.
pub mod catalog;
/// Levels, the rules of the ledger, reservations.
pub mod stock;
/// Sales orders, fulfilments, returns.
pub mod orders;
/// What is bought, from whom, and when.
pub mod purchasing;
/// Goods on their way from one store to another.
pub mod transfers;
/// What is there, counted, and the books set right.
pub mod counts;
/// The one writer of stock and of the documents that move it.
pub mod ledger;
/// What stock is worth, and what it cost.
pub mod costing;
