//! What lists of purchase orders are sorted by.

use platform::paging::{Key, ListSource, PageRequest};
use sea_orm::Value;

use crate::purchasing::core::PurchaseOrder;

/// What purchase orders are sorted by; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseSort {
    Number,
    CreatedAt,
    UpdatedAt,
    /// An order without a day is expected after all others.
    ExpectedOn,
    /// By currency first: amounts of several have no order.
    Total,
}

/// A sort of purchase orders and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseSorted {
    pub by: PurchaseSort,
    pub descending: bool,
}

/// The day of orders that have none, as the index of migration 134 has it.
const NEVER: i32 = i32::MAX;

impl PurchaseSorted {
    /// The order where none is asked for.
    pub const NEWEST: Self = Self { by: PurchaseSort::Number, descending: true };

    /// Names the sort in cursors: one of another sort does not open.
    pub fn kind(self) -> String {
        let by = match self.by {
            PurchaseSort::Number => "NUMBER",
            PurchaseSort::CreatedAt => "CREATED_AT",
            PurchaseSort::UpdatedAt => "UPDATED_AT",
            PurchaseSort::ExpectedOn => "EXPECTED_ON",
            PurchaseSort::Total => "TOTAL",
        };
        format!("{}:{by}:{}", super::PURCHASES, if self.descending { "DESC" } else { "ASC" })
    }

    /// Where an order stands in its list.
    pub fn keys(self, order: &PurchaseOrder) -> Vec<Key> {
        let one = |key: i64| vec![Key::Int(key), order.id.into()];
        match self.by {
            PurchaseSort::Number => one(order.number.get()),
            PurchaseSort::CreatedAt => one(order.created_at.micros()),
            PurchaseSort::UpdatedAt => one(order.updated_at.micros()),
            PurchaseSort::ExpectedOn => one(i64::from(order.expected_on.unwrap_or(NEVER))),
            PurchaseSort::Total => {
                let total = order.goods.minor.saturating_add(order.charges_sum.minor);
                vec![Key::Text(order.currency.as_str().to_owned()), Key::Int(total), order.id.into()]
            }
        }
    }

    const fn columns(self) -> &'static [&'static str] {
        match self.by {
            PurchaseSort::Number => &["o.number", "o.id"],
            PurchaseSort::CreatedAt => &["o.created_at", "o.id"],
            PurchaseSort::UpdatedAt => &["o.updated_at", "o.id"],
            PurchaseSort::ExpectedOn => &["(CASE WHEN o.expected_on IS NULL THEN 2147483647 ELSE o.expected_on END)", "o.id"],
            PurchaseSort::Total => &["o.currency", "(o.goods_minor + o.charges_minor)", "o.id"],
        }
    }

    /// The statement of a page in this order, of orders as `o`.
    pub(super) fn page(self, source: ListSource, select: &str, request: &PageRequest) -> (String, Vec<Value>) {
        source.page(select, self.columns(), self.descending, request)
    }
}
