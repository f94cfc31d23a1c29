//! Reports in GraphQL: each a page of rows, the totals of all of them, and how far its sources are.

pub mod enums;

pub use enums::*;
