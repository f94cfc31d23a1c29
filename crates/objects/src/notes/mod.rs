//! Notes in GraphQL: one mechanism for every kind of node.

pub mod note;
pub mod node_access;

pub use node_access::{NodeAccess, find_target_node, node_access, node_access_by_id};
pub use note::{Note, NoteAudience, NoteConnection, NoteEdge, NoteEdit, find_note};
