//! Rows of the ledger.

mod levels;
mod movements;
mod reservations;
mod write;

pub use levels::{closed_through, facts_for, lock_levels, read_levels};
pub use movements::{movement_of, movements_by_seq, reversed};
pub use reservations::{Which, reservations};
pub use write::{write_levels, write_movements, write_reservations};
