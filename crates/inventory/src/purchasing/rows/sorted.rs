//! What lists of purchase orders are sorted by.

use platform::paging::{Key, SortBy, Sorted};

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
pub type PurchaseSorted = Sorted<PurchaseSort>;

/// The day of orders that have none, as the index of migration 134 has it.
const NEVER: i32 = i32::MAX;

impl SortBy for PurchaseSort {
    type Row = PurchaseOrder;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Number, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Number => ("NUMBER", &["o.number", "o.id"]),
            Self::CreatedAt => ("CREATED_AT", &["o.created_at", "o.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["o.updated_at", "o.id"]),
            Self::ExpectedOn => {
                ("EXPECTED_ON", &["(CASE WHEN o.expected_on IS NULL THEN 2147483647 ELSE o.expected_on END)", "o.id"])
            }
            Self::Total => ("TOTAL", &["o.currency", "(o.goods_minor + o.charges_minor)", "o.id"]),
        }
    }
    fn keys(self, order: &PurchaseOrder) -> Vec<Key> {
        let one = |key: i64| vec![Key::Int(key), order.id.into()];
        match self {
            Self::Number => one(order.number.get()),
            Self::CreatedAt => one(order.created_at.micros()),
            Self::UpdatedAt => one(order.updated_at.micros()),
            Self::ExpectedOn => one(i64::from(order.expected_on.unwrap_or(NEVER))),
            Self::Total => {
                let total = order.goods.minor.saturating_add(order.charges_sum.minor);
                vec![Key::Text(order.currency.as_str().to_owned()), Key::Int(total), order.id.into()]
            }
        }
    }
}
