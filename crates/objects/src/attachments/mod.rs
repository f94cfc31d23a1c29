//! Attachments in GraphQL: one mechanism for every kind of node.

pub mod attachment;

pub use attachment::{Attachment, AttachmentConnection, AttachmentEdge, find_attachment};
