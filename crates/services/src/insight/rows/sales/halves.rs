//! Sums of earlier and of later documents, side by side.

use std::fmt::Write;

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::{TryGetable, Value};
use uuid::Uuid;

use super::{SalesFilter, SalesQuery, sales_at};
use crate::insight::core::{Group, Tally};

/// Orders from which on it is worth a look for the one in the middle, and two connections.
pub const MANY_ORDERS: i64 = 4_000;

/// Where documents are cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Those placed, or made, before a moment, and those from it on.
    At(Timestamp),
    /// Those with an ID before one, and those from it on.
    By(Uuid),
}

/// The documents with an ID before one, or from it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdPart {
    Before(Uuid),
    From(Uuid),
}

impl IdPart {
    /// The ID, which is the parameter `mark` of `fits`.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Before(id) | Self::From(id) => id,
        }
    }
    /// That a column is the ID of one of the documents, behind other conditions.
    pub fn fits(self, column: &str, mark: &str) -> String {
        let operator = match self {
            Self::Before(_) => "<",
            Self::From(_) => ">=",
        };
        format!(" AND {column} {operator} {mark}")
    }
}

impl SalesQuery {
    /// That a column is the ID of a document of the query's part; empty for all. Its parameter comes behind the moments.
    pub(super) fn in_part(&self, column: &str) -> String {
        let Some(part) = self.part else { return String::new() };
        let moments = [self.from, self.to].into_iter().flatten().count();
        let next = SalesFilter::FIRST + self.products.values.len() + self.filter.values.len() + 1 + moments;
        part.fits(column, &format!("${next}"))
    }
}

/// Where documents are cut, where they are summed by halves. Whichever way the statement is written, both databases tell the documents of a category apart on one
/// processor; a document is of one half, so that what counts documents once adds up. SQLite finds documents by their moments, and has a half's lines together
/// for each; Postgres reads lines in the order of their documents' IDs.
pub(super) async fn cut(reads: &impl Reads, query: &SalesQuery) -> Result<Option<Cut>, Fault> {
    if query.group != Group::Category {
        return Ok(None);
    }
    let placed = (query.from, query.to);
    Ok(match reads.backend() {
        Backend::Sqlite => middle(reads, placed).await?.map(Cut::At),
        Backend::Postgres => middle_order(reads, placed, MANY_ORDERS).await?.map(Cut::By),
    })
}

/// That orders `o` were placed in a span, and its values.
fn placed_within((from, to): (Option<Timestamp>, Option<Timestamp>)) -> (String, Vec<Value>) {
    let (mut within, mut values) = (String::new(), Vec::<Value>::new());
    for (bound, operator) in [(from, ">="), (to, "<")] {
        if let Some(at) = bound {
            values.push(at.micros().into());
            // Writing to a String cannot fail.
            let _ = write!(within, " AND o.placed_at {operator} ${}", values.len() + 1);
        }
    }
    (within, values)
}

/// When the order in the middle was placed, of those that were placed in a span.
async fn middle(reads: &impl Reads, placed: (Option<Timestamp>, Option<Timestamp>)) -> Result<Option<Timestamp>, Fault> {
    let (within, mut values) = placed_within(placed);
    let sql = format!("SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1{within}");
    let orders = first::<i64>(reads, &sql, values.clone()).await?.unwrap_or_default();
    if orders < MANY_ORDERS {
        return Ok(None);
    }
    values.push((orders / 2).into());
    let sql = format!(
        "SELECT o.placed_at FROM sales_order o WHERE o.tenant_id = $1{within} ORDER BY o.placed_at LIMIT 1 OFFSET ${}",
        values.len() + 1
    );
    Ok(first::<i64>(reads, &sql, values).await?.map(Timestamp))
}

/// The ID in the middle of the orders that were placed in a span, on Postgres and where there are so many of them.
pub async fn middle_order(
    reads: &impl Reads,
    placed: (Option<Timestamp>, Option<Timestamp>),
    least: i64,
) -> Result<Option<Uuid>, Fault> {
    if reads.backend() == Backend::Sqlite {
        return Ok(None);
    }
    let (within, mut values) = placed_within(placed);
    values.push(least.into());
    // All of it is in the index of placed orders.
    let sql = format!(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY o.id) FROM sales_order o WHERE o.tenant_id = $1{within} HAVING count(*) >= ${}",
        values.len() + 1
    );
    first(reads, &sql, values).await
}

async fn first<T: TryGetable>(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Option<T>, Fault> {
    reads.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// The sums of the documents of both halves, by two statements at once; None where an event came between them, so that they were of two states of the database.
/// Both say which was the last event that they knew. They are not read again: where connections are few the later half begins when the earlier one ends, and
/// would each time be of another state.
pub async fn sales_in_halves(reads: &impl Reads, query: &SalesQuery, cut: Cut) -> Result<Option<Tally>, Fault> {
    let [earlier, later] = match cut {
        Cut::At(middle) => [SalesQuery { to: Some(middle), ..query.clone() }, SalesQuery { from: Some(middle), ..query.clone() }],
        Cut::By(middle) => {
            [IdPart::Before(middle), IdPart::From(middle)].map(|part| SalesQuery { part: Some(part), ..query.clone() })
        }
    };
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
