//! Arguments of queries: sizes of pages, and IDs.

use async_graphql::ID;
use entity::id::Id;

use crate::graphql::fault::TopError;

/// Nodes a page has at most.
pub const MAX_PAGE_SIZE: u32 = 250;

/// An id of an argument of a query; another kind is refused before anything is read.
pub fn argument<K: entity::id::Kind>(id: &ID, field: impl FnOnce() -> Vec<String>) -> Result<Id<K>, TopError> {
    id.parse().map_err(|error: entity::id::IdError| TopError::bad_input(error.to_string(), field()))
}
