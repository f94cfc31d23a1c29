//! Conditions that the stream of works cannot filter by.

use inventory::fulfilment::rows::WorkTests;
use platform::storage::Nested;

use super::query::FulfilmentWorkFilter;
use crate::graphql::{
    fault::{Answer, TopError},
    nested::{FieldNames, NestedFilter, first_present_field, read_nested},
};

impl FulfilmentWorkFilter {
    /// The tests for changes of works, whose events lack data of their orders. A condition that
    /// events cannot answer is refused at its path, in any part of the filter.
    pub fn read_for_stream(self) -> Answer<Nested<WorkTests>> {
        if let Some(test_path) = self.find_path(&["filter".to_owned()], &Self::not_streamable) {
            let message = match test_path.last().map(String::as_str) {
                Some("isLate") => "a work becomes late without a change: leave it out, or ask fulfilmentWorks",
                Some("product" | "sku") => {
                    "changes of works are not filtered by their lines: leave it out, or ask fulfilmentWorks"
                }
                Some("assignee") => "events do not say who had a work before: leave it out, or ask fulfilmentWorks",
                Some("updatedAt") => "events do not say when a work changed before: leave it out, or ask fulfilmentWorks",
                _ => "changes of works are not filtered by their orders: leave it out, or ask fulfilmentWorks",
            };
            return Err(TopError::bad_input(message, test_path));
        }
        read_nested(self, &mut |filter: Self, at| Ok(WorkTests { works: filter.work_tests(at)?, ..WorkTests::default() }))
    }

    /// Events have no orders, no lines and no assignee of before; a work that leaves a range of the times at which it changed would leave in silence.
    fn not_streamable(&self) -> Option<FieldNames> {
        first_present_field(&[
            (self.is_late.is_some(), &["isLate"]),
            (self.search.is_some(), &["search"]),
            (self.is_held.is_some(), &["isHeld"]),
            (self.delivery_method.is_some(), &["deliveryMethod"]),
            (self.product.is_some(), &["product"]),
            (self.sku.is_some(), &["sku"]),
            (self.assignee.is_some(), &["assignee"]),
            (self.updated_at.is_some(), &["updatedAt"]),
        ])
    }
}
