//! Orders read in two halves, side by side.

use entity::prelude::*;
use platform::storage::{Fault, Reads, SideBySide};
use sea_orm::{QueryResult, Value};

use super::narrow::moments;
use crate::{
    insight::rows::{
        Cut, Halving, IdPart,
        halves::{of_one_state, rows_and_head},
        middle_order,
    },
    reports::core::Span,
};

/// The rows of the orders that were placed on some days, by a statement with so many columns. Of many orders those of the earlier and of the later half of
/// their IDs are read at once: Postgres has the lines of orders in the order of these, and SQLite has IDs in the index that it finds orders by, so that it
/// looks up the lines of a half alone. After an event between the two all are read once more.
pub(super) async fn order_rows(
    reads: &impl Reads,
    days: Span,
    columns: usize,
    statement: impl Fn(Option<IdPart>) -> (String, Vec<Value>),
) -> Result<Vec<QueryResult>, Fault> {
    let [since, until] = moments(days).map(|at| Some(Timestamp(at)));
    let middle = match Halving::of(reads) {
        Halving::Never | Halving::At(Cut::At(_)) => None,
        Halving::At(Cut::By(id)) => Some(id),
        Halving::From(least) => middle_order(reads, (since, until), least).await?,
    };
    if let Some(middle) = middle {
        let reads = &SideBySide(reads);
        let [(earlier, values), (later, more)] = [IdPart::Before(middle), IdPart::From(middle)].map(|part| statement(Some(part)));
        let earlier = rows_and_head(reads, (earlier.as_str(), columns), values);
        let later = rows_and_head(reads, (later.as_str(), columns), more);
        if let Some([mut rows, others]) = of_one_state(earlier, later).await? {
            rows.extend(others);
            return Ok(rows);
        }
    }
    let (sql, values) = statement(None);
    reads.rows(&sql, values).await
}
