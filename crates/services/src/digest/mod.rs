//! Hashes over versions of stock levels, by which a partner finds the few that differ from its copy.

pub mod core;
pub mod rows;
