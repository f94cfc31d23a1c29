//! Tags and custom data in GraphQL: fields of the objects, and one mutation for all of them.

pub use objects::tagging::*;

mod mutation;

pub use mutation::{NodeTagsMutation, NodeTagsPayload, NodeTagsSetInput};
