//! Documents that are read in two halves, side by side: the one way in which all reports do it.

use std::fmt::Write;

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::{QueryResult, TryGetable, Value};
use uuid::Uuid;

/// Orders from which on it is worth a look for the one in the middle, and two connections.
const MANY_ORDERS: i64 = 4_000;

/// Where documents are cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Those placed, or made, before a moment, and those from it on.
    At(Timestamp),
    /// Those with an ID before one, and those from it on.
    By(Uuid),
}

/// The documents that are read in two halves: a setting among the extensions of a database. A service leaves none, which is `From` 4,000 orders; tests set a
/// place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halving {
    Never,
    /// From so many orders on, by the one in the middle.
    From(i64),
    /// At this place, on either database and however few there are.
    At(Cut),
}

impl Halving {
    pub fn of(reads: &impl Reads) -> Self {
        reads.extensions().get().unwrap_or(Self::From(MANY_ORDERS))
    }
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

/// When the order in the middle was placed, of those that were placed in a span; None where there are fewer than `least`.
pub(super) async fn middle_moment(
    reads: &impl Reads,
    placed: (Option<Timestamp>, Option<Timestamp>),
    least: i64,
) -> Result<Option<Timestamp>, Fault> {
    Ok(middle::<i64>(reads, "placed_at", placed, least).await?.map(Timestamp))
}

/// The ID in the middle of the orders that were placed in a span; None where there are fewer than `least`.
pub async fn middle_order(
    reads: &impl Reads,
    placed: (Option<Timestamp>, Option<Timestamp>),
    least: i64,
) -> Result<Option<Uuid>, Fault> {
    if reads.backend() == Backend::Sqlite {
        return middle(reads, "id", placed, least).await;
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

/// The value in the middle of a column of the orders that were placed in a span; None where there are fewer than `least`.
async fn middle<T: TryGetable>(
    reads: &impl Reads,
    column: &str,
    placed: (Option<Timestamp>, Option<Timestamp>),
    least: i64,
) -> Result<Option<T>, Fault> {
    let (within, mut values) = placed_within(placed);
    let sql = format!("SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1{within}");
    let orders = first::<i64>(reads, &sql, values.clone()).await?.unwrap_or_default();
    if orders < least {
        return Ok(None);
    }
    values.push(((orders - 1) / 2).into());
    let sql = format!(
        "SELECT o.{column} FROM sales_order o WHERE o.tenant_id = $1{within} ORDER BY o.{column} LIMIT 1 OFFSET ${}",
        values.len() + 1
    );
    first(reads, &sql, values).await
}

/// Whether at most so many orders were placed in a span.
pub(super) async fn are_at_most(
    reads: &impl Reads,
    placed: (Option<Timestamp>, Option<Timestamp>),
    most: i64,
) -> Result<bool, Fault> {
    let (within, values) = placed_within(placed);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM sales_order o WHERE o.tenant_id = $1{within} LIMIT {}) n", most + 1);
    let orders = first::<i64>(reads, &sql, values).await?.unwrap_or_default();
    Ok(orders <= most)
}

async fn first<T: TryGetable>(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Option<T>, Fault> {
    reads.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// The rows of a statement with so many columns, and the last event that it knew.
pub async fn rows_and_head(
    reads: &impl Reads,
    statement: (&str, usize),
    values: Vec<Value>,
) -> Result<(Vec<QueryResult>, Option<i64>), Fault> {
    let head = "SELECT c.head AS known FROM tenant_counter c WHERE c.tenant_id = $1";
    rows_and_known(reads, statement, ("bigint", head), values).await
}

/// The rows of a statement with so many columns, and what it knew by another one, whose column `known` is of this type: in a row beside the others, so that a
/// half without rows has it as well.
pub async fn rows_and_known<K: TryGetable>(
    reads: &impl Reads,
    (sql, columns): (&str, usize),
    (kind, state): (&str, &str),
    values: Vec<Value>,
) -> Result<(Vec<QueryResult>, Option<K>), Fault> {
    let nulls = "NULL, ".repeat(columns);
    let sql = format!(
        "SELECT n.*, CAST(NULL AS {kind}) AS known FROM ({sql}) n
         UNION ALL SELECT {nulls}s.known FROM ({state}) s"
    );
    let mut rows = reads.rows(&sql, values).await?;
    // It is the last row, but where Postgres reads both sides of the union at once.
    for place in (0..rows.len()).rev() {
        if let Some(known) = rows[place].try_get::<Option<K>>("", "known")? {
            rows.remove(place);
            return Ok((rows, Some(known)));
        }
    }
    Ok((rows, None))
}

/// Reads two halves at once; None where something came between them, so that they are of two states of the database. Each says which state it knew, such as the
/// last event. They are not read again: where connections are few the later half begins when the earlier one ends, and would each time be of another state.
pub async fn of_one_state<T, K: PartialEq>(
    earlier: impl Future<Output = Result<(T, Option<K>), Fault>>,
    later: impl Future<Output = Result<(T, Option<K>), Fault>>,
) -> Result<Option<[T; 2]>, Fault> {
    let ((earlier, known), (later, known_later)) = tokio::try_join!(Box::pin(earlier), Box::pin(later))?;
    Ok((known.is_some() && known == known_later).then_some([earlier, later]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn halves_that_an_event_came_between_are_no_whole() {
        let half = async |found: u8, head: Option<i64>| Ok::<_, Fault>((found, head));
        for (heads, whole) in
            [([Some(7), Some(7)], Some([1, 2])), ([Some(7), Some(8)], None), ([Some(7), None], None), ([None, None], None)]
        {
            let [earlier, later] = heads;
            assert_eq!(of_one_state(half(1, earlier), half(2, later)).await.unwrap(), whole, "{heads:?}");
        }
        let broken = async || Err::<(u8, Option<i64>), _>(Fault::Broken("the later half".to_owned()));
        assert!(of_one_state(half(1, Some(7)), broken()).await.is_err());
    }
}
