//! Search over all kinds of things, in GraphQL.

mod query;
mod result;

pub use query::SearchQuery;
pub use result::{SearchResult, SearchResults, SearchTier};
