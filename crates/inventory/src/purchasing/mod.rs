//! Purchasing: suppliers' catalogues, purchase orders from their draft to the last receipt, returns
//! to suppliers, and reorder suggestions.
//!
//! Commands on documents go through the ledger (`document`), because ordering and receiving move
//! stock; supplier catalogues and the policies of levels are written here.

pub mod core;
mod document;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
mod audit_log;

pub use document::{Purchases, StoredPurchase};
