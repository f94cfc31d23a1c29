//! A subject with a date, as the pages of each kind have it.

use entity::prelude::*;

use crate::alerts::core::Subject;

/// Rows of a page.
pub(super) const PAGE: usize = 1_000;

/// A subject with a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedSubject {
    pub subject: Subject,
    pub day: i32,
    /// Units of a lot in a store, overdue lines of a purchase order, lines of a transfer that have
    /// not arrived, fulfilment works that have not left, or lines that wait because stores refused
    /// them. At 0 no alert is due.
    pub quantity: i64,
    pub time_zone: String,
    pub category: Option<CategoryId>,
}
