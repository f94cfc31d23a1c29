//! Lots where goods move between stores, are bought and are counted; and kits, through the whole schema, on both databases.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod blocked;
mod bought;
mod counted;
mod edited;
mod files;
pub mod shop;
mod kits;
mod late;
mod moved;
mod owed;
mod promised;
mod quoted;
mod returned;
mod stages;
mod tallied;
