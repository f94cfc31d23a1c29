//! Notes in GraphQL: one mechanism for every kind of node.

pub use objects::notes::*;

mod mutation;
mod query;

pub use mutation::{NoteAddInput, NoteMutation, NotePayload, NoteUpdateInput, check_write_permission};
pub use query::NoteQuery;
