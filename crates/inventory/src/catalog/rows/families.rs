//! Sorts of lists of product families.

use platform::paging::Key;

use crate::catalog::core::family::FamilyRow;

/// What a list of families is sorted by; the id breaks ties. No index: a tenant has few families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilySort {
    /// Capitals of A to Z do not count, which both databases do alike.
    Name,
    CreatedAt,
    UpdatedAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilySorted {
    pub by: FamilySort,
    pub descending: bool,
}

/// The cursors of the list by ID, which is the order where none is asked for.
pub const FAMILIES: &str = "productFamilies";

impl FamilySorted {
    /// Names the sort in cursors: one of another sort does not open.
    pub fn kind(self) -> String {
        let by = match self.by {
            FamilySort::Name => "NAME",
            FamilySort::CreatedAt => "CREATED_AT",
            FamilySort::UpdatedAt => "UPDATED_AT",
        };
        format!("{FAMILIES}:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }

    pub(crate) const fn columns(self) -> &'static [&'static str] {
        match self.by {
            FamilySort::Name => &["lower(name)", "id"],
            FamilySort::CreatedAt => &["created_at", "id"],
            FamilySort::UpdatedAt => &["updated_at", "id"],
        }
    }

    /// Where the row stands in this sort.
    pub fn keys(self, row: &FamilyRow) -> Vec<Key> {
        let first = match self.by {
            FamilySort::Name => Key::Text(row.name.to_ascii_lowercase()),
            FamilySort::CreatedAt => Key::Int(row.created_at.micros()),
            FamilySort::UpdatedAt => Key::Int(row.updated_at.micros()),
        };
        vec![first, row.id.into()]
    }
}
