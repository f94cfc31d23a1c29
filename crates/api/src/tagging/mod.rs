//! Tags and custom data in GraphQL: fields of the objects, and one mutation for all of them.

mod loaders;
mod mutation;

pub use loaders::{Rows, metadata_of, tags_of};
pub use mutation::{NodeTagsMutation, NodeTagsPayload, NodeTagsSetInput};
