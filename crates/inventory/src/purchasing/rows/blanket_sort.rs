//! Sorts of lists of blanket orders.

use platform::paging::{Key, SortBy, Sorted};

use crate::purchasing::core::BlanketOrder;

/// Sort of blanket orders; ties are broken by ID, and those of days by number, as their index has
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlanketSort {
    Number,
    CreatedAt,
    UpdatedAt,
    /// The last day of call-offs.
    ValidTo,
}

/// A sort of blanket orders and its direction.
pub type BlanketSorted = Sorted<BlanketSort>;

impl SortBy for BlanketSort {
    type Row = BlanketOrder;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Number, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Number => ("NUMBER", &["b.number", "b.id"]),
            Self::CreatedAt => ("CREATED_AT", &["b.created_at", "b.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["b.updated_at", "b.id"]),
            Self::ValidTo => ("VALID_TO", &["b.valid_to", "b.number"]),
        }
    }
    fn keys(self, blanket: &BlanketOrder) -> Vec<Key> {
        let by_id = |key: i64| vec![Key::Int(key), blanket.id.into()];
        match self {
            Self::Number => by_id(blanket.number.get()),
            Self::CreatedAt => by_id(blanket.created_at.micros()),
            Self::UpdatedAt => by_id(blanket.updated_at.micros()),
            Self::ValidTo => vec![Key::Int(i64::from(blanket.valid_to)), Key::Int(blanket.number.get())],
        }
    }
}
