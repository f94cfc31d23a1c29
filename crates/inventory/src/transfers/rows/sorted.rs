//! Sorts of lists of transfers.

use entity::prelude::Timestamp;
use platform::paging::{Key, SortBy, Sorted};

use crate::transfers::core::Transfer;

/// Sort of transfers; ties are broken by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferSort {
    Number,
    CreatedAt,
    UpdatedAt,
    /// A transfer without an expected time comes after all others.
    ExpectedAt,
}

/// A sort of transfers and its direction.
pub type TransfersSorted = Sorted<TransferSort>;

/// Sort value of transfers without an expected time, as in its column.
const NO_EXPECTED_TIME: i64 = i64::MAX;

impl SortBy for TransferSort {
    type Row = Transfer;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::CreatedAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Number => ("NUMBER", &["t.number", "t.id"]),
            Self::CreatedAt => ("CREATED_AT", &["t.created_at", "t.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["t.updated_at", "t.id"]),
            Self::ExpectedAt => {
                ("EXPECTED_AT", &["(CASE WHEN t.expected_at IS NULL THEN 9223372036854775807 ELSE t.expected_at END)", "t.id"])
            }
        }
    }
    fn keys(self, transfer: &Transfer) -> Vec<Key> {
        let key = match self {
            Self::Number => transfer.number.get(),
            Self::CreatedAt => transfer.created_at.micros(),
            Self::UpdatedAt => transfer.updated_at.micros(),
            Self::ExpectedAt => transfer.expected_at.map_or(NO_EXPECTED_TIME, Timestamp::micros),
        };
        vec![Key::Int(key), transfer.id.into()]
    }
}
