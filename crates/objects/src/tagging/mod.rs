//! Tags and custom data in GraphQL: fields of the objects, and one mutation for all of them.

pub mod loaders;

pub use loaders::{Rows, metadata_of, tags_of};
