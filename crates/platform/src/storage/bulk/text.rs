//! Parts of statements that name columns, and the types of columns in Postgres.

use entity::record::{Column, ColumnKind};

/// Returns a SELECT of the rows in arrays, the first of which is parameter `first`. Each array is
/// unnested in its own place of the list: `unnest` of several stores each column separately before
/// it joins the rows, which costs 2.5 µs more for a row of 25.
pub(super) fn unnest_select(columns: &[Column], first: usize) -> String {
    let column = |(i, c): (usize, &Column)| format!("unnest(${}::{}[]) AS {}", first + i, postgres_type(c.1), c.0);
    format!("SELECT {}", columns.iter().enumerate().map(column).collect::<Vec<_>>().join(", "))
}

/// Returns a SELECT of one row whose first value is parameter `first`. Postgres substitutes the
/// parameters for `v`, so that the plan contains no trace of it.
pub(super) fn single(columns: &[Column], first: usize) -> String {
    let column = |(i, c): (usize, &Column)| format!("${}::{} AS {}", first + i, postgres_type(c.1), c.0);
    format!("SELECT {}", columns.iter().enumerate().map(column).collect::<Vec<_>>().join(", "))
}

/// Returns the condition that the columns of `alias` equal those of `v`.
pub(super) fn equality_condition(columns: &[Column], alias: &str) -> String {
    columns.iter().map(|c| format!("{alias}.{0} = v.{0}", c.0)).collect::<Vec<_>>().join(" AND ")
}

pub(super) fn join_columns(columns: &[Column], text: impl Fn(&Column) -> String) -> String {
    columns.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// Returns the names of columns, each after `prefix`.
pub(super) fn with_prefix(prefix: &str, columns: &[Column]) -> String {
    let mut text = String::with_capacity(24 * columns.len());
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            text += ", ";
        }
        text += prefix;
        text += column.0;
    }
    text
}

pub(in crate::storage) fn postgres_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Id | ColumnKind::IdOrNull => "uuid",
        ColumnKind::Int | ColumnKind::IntOrNull => "bigint",
        ColumnKind::Small | ColumnKind::SmallOrNull => "integer",
        ColumnKind::Text | ColumnKind::TextOrNull => "text",
        ColumnKind::Bytes | ColumnKind::BytesOrNull => "bytea",
        ColumnKind::Bool | ColumnKind::BoolOrNull => "boolean",
    }
}
