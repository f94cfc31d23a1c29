//! Conversions of arguments and inputs into the sorts of rows, and the points of sorts that have no
//! index.

use platform::path;

use crate::graphql::fault::{Answer, TopError};

/// The points of a sort that no index has, in a table that grows: all rows that pass are read and sorted for each page. `tests/it/plans` finds a sort that
/// has neither an index nor these points.
pub const UNINDEXED: &str = "5";

/// The order of a list, from the argument of either name.
///
/// # Errors
/// Both arguments are given.
pub fn order_of<O>(order_by: Option<O>, sort: Option<impl Into<O>>) -> Answer<Option<O>> {
    match (order_by, sort) {
        (Some(_), Some(_)) => Err(TopError::bad_input("sort or orderBy is expected, not both", path!["sort"])),
        (order_by, sort) => Ok(sort.map(Into::into).or(order_by)),
    }
}

/// Converts an input with a field and a direction into the sort of rows.
#[macro_export]
macro_rules! rows_sorted {
    ($sort:ident => $sorted:ty) => {
        $crate::sorts::rows_sorted!(from $sort => $sorted);
        impl $sort {
            /// The requested order of a list, or else its default.
            pub fn sorted(sort: Option<Self>) -> $sorted {
                sort.map(<$sorted>::from).unwrap_or_default()
            }
        }
    };
    (from $sort:ident => $sorted:ty) => {
        impl From<$sort> for $sorted {
            fn from(sort: $sort) -> Self {
                Self { by: sort.field.into(), descending: sort.direction == $crate::catalog::Direction::Desc }
            }
        }
    };
}
pub use rows_sorted;
