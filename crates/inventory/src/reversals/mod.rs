//! Undoing documents: a reversal is a document with a number of its own, which refers to the
//! document that it undoes and mirrors its postings.
//!
//! Each room of documents has the command that reverses its own documents, and uses this room for
//! the mirror and the reversal, and to store both. Nothing is cascaded: a reversal is rejected
//! while anything depends on its document.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Reversals, StoredReversal};
