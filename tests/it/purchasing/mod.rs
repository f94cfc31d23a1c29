//! Buying through GraphQL, on both databases, in the words of the business.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod added_charges;
pub mod office;
mod amendments;
mod archive;
mod at_once;
mod blanket_life;
mod blankets;
mod breaks;
mod carriers;
mod charge_currencies;
mod confirmations;
mod currencies;
mod deposits;
mod lists;
mod lock_order;
mod mail;
mod merges;
mod orders;
mod performance;
pub mod proofs;
mod receipts;
mod reorder;
mod returns;
mod rights;
mod speed;
mod stages;
mod states;
mod supply;
mod unmerges;
mod vectors;
