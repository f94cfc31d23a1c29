//! Sorts of lists of purchase orders.

use platform::paging::{Key, SortBy, Sorted};

use crate::purchasing::core::PurchaseOrder;

/// Sort of purchase orders; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseSort {
    Number,
    CreatedAt,
    UpdatedAt,
    /// An order without an expected day comes after all others.
    ExpectedOn,
    /// By currency first: amounts of several currencies have no order.
    Total,
}

/// A sort of purchase orders and its direction.
pub type PurchaseSorted = Sorted<PurchaseSort>;

/// Sort value of orders without an expected day, as in the index of migration 134.
const NO_EXPECTED_DAY: i32 = i32::MAX;

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
        let key_pair = |key: i64| vec![Key::Int(key), order.id.into()];
        match self {
            Self::Number => key_pair(order.number.get()),
            Self::CreatedAt => key_pair(order.created_at.micros()),
            Self::UpdatedAt => key_pair(order.updated_at.micros()),
            Self::ExpectedOn => key_pair(i64::from(order.expected_on.unwrap_or(NO_EXPECTED_DAY))),
            Self::Total => {
                let total = order.goods.minor.saturating_add(order.charges_sum.minor);
                vec![Key::Text(order.currency.as_str().to_owned()), Key::Int(total), order.id.into()]
            }
        }
    }
}
