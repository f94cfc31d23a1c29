//! Filters as canonical JSON: what cursors and streams keep of what a client asked for.

pub use ::graphql::canonical::*;
use ::graphql::live::stream::{self, FilterName};
use serde_json::{Value, json};

/// What a list or a stream is asked for, as its cursors keep it: the words of the schema, and ids, with what rights and groups make of it.
pub trait Canonical {
    /// Nulls stand for what is not said.
    fn canonical(&self) -> Value;
}

impl Canonical for Option<Vec<String>> {
    fn canonical(&self) -> Value {
        json!(self)
    }
}

/// The digest of what is asked for.
pub fn name(filter: &impl Canonical) -> [u8; 32] {
    digest_of(filter.canonical())
}

/// The name of a filter in cursors of streams.
pub fn filter_name(filter: &(impl Canonical + std::fmt::Debug)) -> FilterName {
    stream::filter_name(filter.canonical(), &format!("{filter:?}"))
}
