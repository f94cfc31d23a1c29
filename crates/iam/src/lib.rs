//! Identity and access management: the authenticated user, their permissions, and their tenant.
//!
//! Rooms, in reading order: each names only those before it.

/// Authentication: passwords, tokens, and the tenants a person belongs to.
pub mod identity;
/// Authorization: casbin's roles compiled to permission sets, and the permits that shells require.
pub mod access;
/// The tenant itself: its settings, its rows as files, its end.
pub mod tenancy;
