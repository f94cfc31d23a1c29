//! Undoing documents through GraphQL, on both databases, in the words of the business.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

pub mod undo;
mod counts;
mod inspections;
mod packs;
mod proofs;
mod receipts;
mod refunds;
mod return_receipts;
mod returns;
mod sales;
mod shipments;
mod transfers;
