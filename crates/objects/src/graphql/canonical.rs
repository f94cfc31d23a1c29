//! Filters as canonical JSON, the form in which cursors and streams keep them.

pub use ::graphql::canonical::*;
use ::graphql::live::stream::{self, FilterName};
use serde_json::{Value, json};

/// Canonical form of the filter of a list or a stream, as its cursors store it: the words of the
/// schema, and IDs, as rights and groups resolve them.
pub trait Canonical {
    /// Conditions that are left out are null.
    fn canonical(&self) -> Value;
}

impl Canonical for Option<Vec<String>> {
    fn canonical(&self) -> Value {
        json!(self)
    }
}

/// The digest of a filter.
pub fn filter_digest(filter: &impl Canonical) -> [u8; 32] {
    digest_of(filter.canonical())
}

/// The name of a filter in cursors of streams.
pub fn filter_name(filter: &(impl Canonical + std::fmt::Debug)) -> FilterName {
    stream::filter_name(filter.canonical(), &format!("{filter:?}"))
}
