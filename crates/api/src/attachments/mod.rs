//! Attachments in GraphQL: one mechanism for every kind of node.

mod attachment;
mod mutation;
mod query;

pub use attachment::{Attachment, AttachmentConnection, AttachmentEdge, find_attachment};
pub use mutation::{AttachmentAddInput, AttachmentMutation, AttachmentPayload, AttachmentRemoveInput};
pub use query::AttachmentQuery;
