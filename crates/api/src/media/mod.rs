//! GraphQL of products' pictures and documents.

pub use objects::media::*;

mod inputs;
mod mutations;

pub use mutations::{MediaMutation, ProductDocumentPayload, ProductImagePayload};
