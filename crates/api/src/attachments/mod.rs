//! Attachments in GraphQL: one mechanism for every kind of node.

pub use objects::attachments::*;

mod mutation;
mod query;

pub use mutation::{AttachmentAddInput, AttachmentMutation, AttachmentPayload, AttachmentRemoveInput};
pub use query::AttachmentQuery;
