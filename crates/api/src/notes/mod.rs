//! Notes in GraphQL: one mechanism for every kind of node.

mod mutation;
mod note;
mod query;
mod sight;

pub use mutation::{NoteAddInput, NoteMutation, NotePayload, NoteUpdateInput};
pub use note::{Note, NoteAudience, NoteConnection, NoteEdge, NoteEdit, find_note};
pub use query::NoteQuery;
pub use sight::{Sight, sight};
