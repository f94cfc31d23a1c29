//! Conditions that the stream of orders cannot filter by.

use super::filters::OrderFilter;
use crate::graphql::nested::{FieldNames, NestedFilter, first_present_field};

impl OrderFilter {
    /// The path of the first condition, in this filter or in one inside it, that cannot be
    /// evaluated from events of orders.
    pub fn path_not_streamable(&self) -> Option<Vec<String>> {
        self.find_path(&["filter".to_owned()], &Self::not_streamable)
    }

    /// Conditions that events cannot answer. Events have no lines, texts or stores of stock, and no
    /// earlier times: an order that leaves a range of times would leave without an event.
    fn not_streamable(&self) -> Option<FieldNames> {
        first_present_field(&[
            (self.product.is_some(), &["product"]),
            (self.sku.is_some(), &["sku"]),
            (self.allocated_store.is_some(), &["allocatedStore"]),
            (self.created_at.is_some(), &["createdAt"]),
            (self.updated_at.is_some(), &["updatedAt"]),
            (self.search.is_some(), &["search"]),
            (self.note.is_some(), &["note"]),
            (self.metadata.is_some(), &["metadata"]),
            (self.tag.is_some(), &["tag"]),
        ])
    }
}
