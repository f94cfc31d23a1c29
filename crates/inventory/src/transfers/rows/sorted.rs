//! What lists of transfers are sorted by.

use entity::prelude::Timestamp;
use platform::paging::{Key, SortBy, Sorted};

use crate::transfers::core::Transfer;

/// What transfers are sorted by; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferSort {
    Number,
    CreatedAt,
    UpdatedAt,
    /// A transfer without a time is expected after all others.
    ExpectedAt,
}

/// A sort of transfers and its direction.
pub type TransfersSorted = Sorted<TransferSort>;

/// The time of transfers that have none, as its column writes it.
const NEVER: i64 = i64::MAX;

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
            Self::ExpectedAt => transfer.expected_at.map_or(NEVER, Timestamp::micros),
        };
        vec![Key::Int(key), transfer.id.into()]
    }
}
