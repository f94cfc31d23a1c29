//! Reports and proofs: reads every room, writes nothing.

pub mod core;
pub mod rows;
pub mod shell;
pub mod verify;
