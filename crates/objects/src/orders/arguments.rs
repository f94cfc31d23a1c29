//! Arguments of queries: sizes of pages, and IDs.

use async_graphql::ID;
use entity::id::Id;

use crate::graphql::fault::TopError;

/// Nodes a page has at most.
pub const MAX_A_PAGE: u32 = 250;

/// An id of an argument of a query; another kind is refused before anything is read.
pub fn argument<K: entity::id::Kind>(id: &ID, field: impl FnOnce() -> Vec<String>) -> Result<Id<K>, TopError> {
    id.parse().map_err(|err: entity::id::IdError| TopError::bad_input(err.to_string(), field()))
}
