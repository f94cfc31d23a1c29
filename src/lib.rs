//! Entrepot: a multi-tenant inventory and order platform, GraphQL first. The rooms, in reading order:

/// May they: casbin's roles compiled to permission sets, and the permits that shells ask for.
pub mod access;
/// The only place that reads the time and draws randomness.
pub mod clock;
/// What every room's GraphQL shares.
pub mod graphql;
/// The one writer of stock and of the documents that move it.
pub mod ledger;
/// Sales orders, fulfilments, returns.
pub mod orders;
/// Merges the rooms' roots and prints the SDL.
pub mod schema;
/// Levels, the ledger, reservations.
pub mod stock;
/// The one door to the database: tenants' rows, transactions, group commit, journal, idempotency.
pub mod storage;
