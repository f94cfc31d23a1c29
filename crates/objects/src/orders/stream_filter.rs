//! What the stream of orders is not filtered by.

use super::filters::OrderFilter;
use crate::graphql::nested::{FieldNames, NestedFilter, first_given};

impl OrderFilter {
    /// The place of the first condition, in it or in a filter inside it, that events of orders do not say.
    pub fn place_unheard(&self) -> Option<Vec<String>> {
        self.place_of(&["filter".to_owned()], &Self::unheard)
    }

    /// Events have no lines, no texts and no stores of stock, and keep no earlier times: an order that leaves a range of them would leave in silence.
    fn unheard(&self) -> Option<FieldNames> {
        first_given(&[
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
