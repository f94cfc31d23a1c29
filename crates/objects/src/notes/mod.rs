//! Notes in GraphQL: one mechanism for every kind of node.

pub mod note;
pub mod node_access;

pub use node_access::{NodeAccess, access_of, named_node, node_access};
pub use note::{Note, NoteAudience, NoteConnection, NoteEdge, NoteEdit, find_note};
