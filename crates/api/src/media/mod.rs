//! GraphQL of products' pictures and documents.

pub use objects::media::*;

mod inputs;
mod mutation;

pub use mutation::{MediaMutation, ProductDocumentPayload, ProductImagePayload};
