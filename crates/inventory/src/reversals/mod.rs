//! Undoing documents: a reversal is a document with a number of its own, which names what it undoes and mirrors what that posted.
//!
//! Each room of documents has the command that reverses its own: it names this room for the mirror, for the reversal and for what both are
//! kept in. Nothing is cascaded: a reversal is refused while something rests on what it undoes.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Reversals, StoredReversal};
