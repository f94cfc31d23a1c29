//! Sums by category on SQLite: of earlier and of later documents, side by side.

use std::fmt::Write;

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::Value;

use super::{SalesQuery, sales_at};
use crate::insight::core::{Group, Tally};

/// Orders from which on it is worth a look for the one in the middle, and two connections.
const ORDERS: i64 = 4_000;

/// When the order in the middle was placed, where documents are summed by halves. SQLite sorts all lines by their categories and tells documents apart line by
/// line, on one processor, however the statement is written; a document is of one half, so that what counts documents once adds up.
pub(super) async fn middle(reads: &impl Reads, query: &SalesQuery) -> Result<Option<Timestamp>, Fault> {
    if reads.backend() != Backend::Sqlite || query.group != Group::Category {
        return Ok(None);
    }
    let (mut within, mut values) = (String::new(), Vec::<Value>::new());
    for (bound, operator) in [(query.from, ">="), (query.to, "<")] {
        if let Some(at) = bound {
            values.push(at.micros().into());
            // Writing to a String cannot fail.
            let _ = write!(within, " AND o.placed_at {operator} ${}", values.len() + 1);
        }
    }
    let sql = format!("SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1{within}");
    let orders: i64 = first(reads, &sql, values.clone()).await?.unwrap_or_default();
    if orders < ORDERS {
        return Ok(None);
    }
    values.push((orders / 2).into());
    let sql = format!(
        "SELECT o.placed_at FROM sales_order o WHERE o.tenant_id = $1{within} ORDER BY o.placed_at LIMIT 1 OFFSET ${}",
        values.len() + 1
    );
    Ok(first(reads, &sql, values).await?.map(Timestamp))
}

async fn first(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Option<i64>, Fault> {
    reads.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// The sums of the documents before a moment of the query's span and of those from it on, by two statements at once; None where an event came between them, so
/// that they were of two states of the database. Both say which was the last event that they knew. They are not read again: where connections are few the
/// later half begins when the earlier one ends, and would each time be of another state.
pub async fn sales_in_halves(reads: &impl Reads, query: &SalesQuery, middle: Timestamp) -> Result<Option<Tally>, Fault> {
    let earlier = SalesQuery { to: Some(middle), ..query.clone() };
    let later = SalesQuery { from: Some(middle), ..query.clone() };
    let halves = tokio::try_join!(Box::pin(sales_at(reads, &earlier)), Box::pin(sales_at(reads, &later)))?;
    let ((mut tally, known_earlier), (more, known_later)) = halves;
    if known_earlier != known_later {
        return Ok(None);
    }
    for (key, sums) in more {
        tally.entry(key).or_default().add(&sums);
    }
    query.cut(&mut tally);
    Ok(Some(tally))
}
