//! What the stream of stock is not filtered by.

use super::StockFilter;
use crate::graphql::nested::{FieldNames, NestedFilter, first_given};

impl StockFilter {
    /// The place of the first condition, in it or in a filter inside it, that events of stock do not say.
    pub fn place_unheard(&self) -> Option<Vec<String>> {
        self.place_of(&["filter".to_owned()], &Self::unheard)
    }

    /// Events say which category a product has, and not that it has none.
    fn unheard(&self) -> Option<FieldNames> {
        let is_of_no_category = self.category.as_ref().is_some_and(|test| test.is_null.is_some());
        first_given(&[
            (is_of_no_category, &["category", "isNull"]),
            (self.category_tree.is_some(), &["categoryTree"]),
            (self.supplier.is_some(), &["supplier"]),
            (self.sku.is_some(), &["sku"]),
            (self.barcode.is_some(), &["barcode"]),
            (self.search.is_some(), &["search"]),
            (self.lot.is_some(), &["lot"]),
            (self.updated_at.is_some(), &["updatedAt"]),
        ])
    }
}
