//! Sorts of lists of product families.

use platform::paging::{Key, SortBy, Sorted};

use crate::catalog::core::family::FamilyRow;

/// Sort of a list of families; ties are broken by ID. No index: a tenant has few families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilySort {
    /// By their ids, which are given in the order of time.
    Id,
    /// Capitals of A to Z do not count, which both databases do alike.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type FamilySorted = Sorted<FamilySort>;

impl SortBy for FamilySort {
    type Row = FamilyRow;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Id, descending: false };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Id => ("ID", &["id"]),
            Self::Name => ("NAME", &["lower(name)", "id"]),
            Self::CreatedAt => ("CREATED_AT", &["created_at", "id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["updated_at", "id"]),
        }
    }
    fn keys(self, row: &FamilyRow) -> Vec<Key> {
        let first_key = match self {
            Self::Id => None,
            Self::Name => Some(Key::Text(row.name.to_ascii_lowercase())),
            Self::CreatedAt => Some(Key::Int(row.created_at.micros())),
            Self::UpdatedAt => Some(Key::Int(row.updated_at.micros())),
        };
        first_key.into_iter().chain([row.id.into()]).collect()
    }
}
