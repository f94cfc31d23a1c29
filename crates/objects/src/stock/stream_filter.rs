//! Conditions that the stream of stock cannot filter by.

use super::StockFilter;
use crate::graphql::nested::{FieldNames, NestedFilter, first_present_field};

impl StockFilter {
    /// The path of the first condition, in this filter or in one inside it, that cannot be
    /// evaluated from events of stock.
    pub fn path_not_streamable(&self) -> Option<Vec<String>> {
        self.find_path(&["filter".to_owned()], &Self::not_streamable)
    }

    /// Conditions that events cannot answer. Events have the category of a product, but cannot test
    /// that there is none.
    fn not_streamable(&self) -> Option<FieldNames> {
        let is_of_no_category = self.category.as_ref().is_some_and(|test| test.is_null.is_some());
        first_present_field(&[
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
