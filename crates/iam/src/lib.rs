//! Identity and access management: who somebody is, what they may do, and the tenant that they do it in.
//!
//! Rooms, in reading order: each names only those before it.

/// Who: passwords, tokens, and the tenants a person belongs to.
pub mod identity;
/// May they: casbin's roles compiled to permission sets, and the permits that shells ask for.
pub mod access;
/// The tenant itself: its settings, its rows as files, its end.
pub mod tenancy;
