//! Reports and proofs: reads every room, writes nothing.

pub mod core;
pub mod graph;
pub mod rows;
pub mod shell;
pub mod verify;
