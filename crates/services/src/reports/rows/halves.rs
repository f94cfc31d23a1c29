//! Orders read in two halves, side by side.

use entity::prelude::*;
use platform::storage::{Fault, Reads};
use sea_orm::{QueryResult, Value};

use super::narrow::moments;
use crate::{
    insight::rows::{IdPart, MANY_ORDERS, middle_order},
    reports::core::Span,
};

/// The last column of a statement on orders, by its name: of a part of them the last event that it knew, by which two parts are of one state.
pub(super) const fn known(part: Option<IdPart>) -> &'static str {
    match part {
        None => "CAST(NULL AS bigint) AS known",
        Some(_) => "(SELECT c.head FROM tenant_counter c WHERE c.tenant_id = $1) AS known",
    }
}

/// The rows of the orders that were placed on some days, by the statement of all of them; of many, on Postgres, by those of the earlier and of the later half of
/// their IDs at once: it has the lines of orders in the order of these. Not where an event came between the two, or where a half has no rows to say so.
pub(super) async fn order_rows(
    reads: &impl Reads,
    days: Span,
    statement: impl Fn(Option<IdPart>) -> (String, Vec<Value>),
) -> Result<Vec<QueryResult>, Fault> {
    let [since, until] = moments(days).map(|at| Some(Timestamp(at)));
    if let Some(middle) = middle_order(reads, (since, until), MANY_ORDERS).await? {
        let [(earlier, values), (later, more)] = [IdPart::Before(middle), IdPart::From(middle)].map(|part| statement(Some(part)));
        let (mut rows, others) = tokio::try_join!(reads.rows(&earlier, values), reads.rows(&later, more))?;
        let (known, known_later) = (known_by(&rows)?, known_by(&others)?);
        if known.is_some() && known == known_later {
            rows.extend(others);
            return Ok(rows);
        }
    }
    let (sql, values) = statement(None);
    reads.rows(&sql, values).await
}

/// The last event that a statement knew; None without a row.
fn known_by(rows: &[QueryResult]) -> Result<Option<i64>, Fault> {
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(row.try_get("", "known")?)
}
