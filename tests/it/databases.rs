//! The database of a test, and those in which a world has been set up.

pub mod furnished;

pub use crate::support::databases::*;
