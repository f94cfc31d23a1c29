//! Orders read in two halves, side by side.

use entity::prelude::*;
use platform::storage::{Fault, Reads, SideBySide};
use sea_orm::{QueryResult, Value};

use super::narrow::moments;
use crate::{
    insight::rows::{
        IdRange, SplitPoint, SplitSetting,
        halves::{read_consistent, rows_and_head},
        middle_order,
    },
    reports::core::Span,
};

/// The rows of the orders that were placed on some days, by a statement with `columns` columns. If
/// there are many orders, those with the lower and the higher half of the IDs are read at once:
/// Postgres stores order lines in the order of IDs, and SQLite has the IDs in the index that finds
/// the orders, so that it looks up the lines of one half only. If an event is committed between the
/// two reads, all orders are read again.
pub(super) async fn order_rows(
    reads: &impl Reads,
    days: Span,
    columns: usize,
    statement: impl Fn(Option<IdRange>) -> (String, Vec<Value>),
) -> Result<Vec<QueryResult>, Fault> {
    let [since, until] = moments(days).map(|at| Some(Timestamp(at)));
    let middle = match SplitSetting::of(reads) {
        SplitSetting::Never | SplitSetting::At(SplitPoint::At(_)) => None,
        SplitSetting::At(SplitPoint::By(id)) => Some(id),
        SplitSetting::From(min_orders) => middle_order(reads, (since, until), min_orders).await?,
    };
    if let Some(middle) = middle {
        let reads = &SideBySide(reads);
        let [(earlier, values), (later, later_values)] =
            [IdRange::Before(middle), IdRange::From(middle)].map(|part| statement(Some(part)));
        let earlier = rows_and_head(reads, (earlier.as_str(), columns), values);
        let later = rows_and_head(reads, (later.as_str(), columns), later_values);
        if let Some([mut rows, later_rows]) = read_consistent(earlier, later).await? {
            rows.extend(later_rows);
            return Ok(rows);
        }
    }
    let (sql, values) = statement(None);
    reads.rows(&sql, values).await
}
