//! Formats of a tenant's document numbers, and the look-up of a document by its number.
//!
//! Documents keep their number as an integer; a pattern holds from a number on, so that a number
//! that was printed once keeps its format. `docs/numbers.md` has it in plain words,
//! `docs/decisions/0148` the reasons.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
