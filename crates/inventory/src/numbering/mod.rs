//! What the numbers of a tenant's documents look like, and which document a number names.
//!
//! Documents keep their number as an integer; a pattern holds from a number on, so that what was printed once is never written another way.
//! `docs/numbers.md` has it in plain words, `docs/decisions/0148` the reasons.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
