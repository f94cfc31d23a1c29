//! Entrepot, a multi-tenant inventory and order platform, GraphQL first.

/// Loads a retailer's file through the public API and compares its totals.
pub mod replay;

/// The demo's retailer: data made from a seed.
pub mod demo;
