//! Clients of the public API: the replay of a year, and a live view of stock.
//!
//! Rooms, in reading order: each names only those before it.

/// Drives the public API with a real retailer's year and checks its totals.
pub mod replay;
/// Prints live stock and reconnects automatically: a client of the public API.
pub mod watch;
