//! Notes in GraphQL: one mechanism for every kind of node.

mod mutation;
mod note;
mod query;
mod node_access;

pub use mutation::{NoteAddInput, NoteMutation, NotePayload, NoteUpdateInput, check_write};
pub use node_access::{NodeAccess, access_of, named_node, node_access};
pub use note::{Note, NoteAudience, NoteConnection, NoteEdge, NoteEdit, find_note};
pub use query::NoteQuery;
