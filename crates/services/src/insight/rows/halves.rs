//! Documents that are read in two halves, side by side: the one way in which all reports do it.

use std::fmt::Write;

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::{QueryResult, TryGetable, Value};
use uuid::Uuid;

/// Orders from which a search for the middle one, and a second connection, pay off.
const MIN_SPLIT_ORDERS: i64 = 4_000;

/// Point at which documents are divided into two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitPoint {
    /// Documents placed or made before a moment, and those from it on.
    At(Timestamp),
    /// Documents with an ID before this one, and those from it on.
    By(Uuid),
}

/// The documents that are read in two halves: a setting among the extensions of a database. A
/// service sets none, which means `From` 4,000 orders; tests set a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitSetting {
    Never,
    /// With at least this number of orders, cut at the middle one.
    From(i64),
    /// Cut here, on both databases and for any number of orders.
    At(SplitPoint),
}

impl SplitSetting {
    pub fn of(reads: &impl Reads) -> Self {
        reads.extensions().get().unwrap_or(Self::From(MIN_SPLIT_ORDERS))
    }
}

/// The documents with an ID before one, or from it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdRange {
    Before(Uuid),
    From(Uuid),
}

impl IdRange {
    /// The ID, which is the parameter `mark` of `id_condition`.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Before(id) | Self::From(id) => id,
        }
    }
    /// A condition that a column is the ID of one of the documents, to append to other conditions.
    pub fn id_condition(self, column: &str, mark: &str) -> String {
        let operator = match self {
            Self::Before(_) => "<",
            Self::From(_) => ">=",
        };
        format!(" AND {column} {operator} {mark}")
    }
}

/// A condition that orders `o` were placed in a span, and its values.
fn placed_within((from, to): (Option<Timestamp>, Option<Timestamp>)) -> (String, Vec<Value>) {
    let (mut condition, mut values) = (String::new(), Vec::<Value>::new());
    for (bound, operator) in [(from, ">="), (to, "<")] {
        if let Some(moment) = bound {
            values.push(moment.micros().into());
            // Writing to a String cannot fail.
            let _ = write!(condition, " AND o.placed_at {operator} ${}", values.len() + 1);
        }
    }
    (condition, values)
}

/// Returns the time of the middle order among those placed in a span; None if there are fewer than
/// `min_orders`.
pub(super) async fn middle_moment(
    reads: &impl Reads,
    period: (Option<Timestamp>, Option<Timestamp>),
    min_orders: i64,
) -> Result<Option<Timestamp>, Fault> {
    Ok(median_value::<i64>(reads, "placed_at", period, min_orders).await?.map(Timestamp))
}

/// The ID in the middle of the orders that were placed in a span; None if there are fewer than
/// `min_orders`.
pub async fn middle_order(
    reads: &impl Reads,
    period: (Option<Timestamp>, Option<Timestamp>),
    min_orders: i64,
) -> Result<Option<Uuid>, Fault> {
    if reads.backend() == Backend::Sqlite {
        return median_value(reads, "id", period, min_orders).await;
    }
    let (condition, mut values) = placed_within(period);
    values.push(min_orders.into());
    // The index of placed orders has all columns of this query.
    let sql = format!(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY o.id) FROM sales_order o WHERE o.tenant_id = $1{condition} HAVING count(*) >= ${}",
        values.len() + 1
    );
    read_first_value(reads, &sql, values).await
}

/// The value in the middle of a column of the orders that were placed in a span; None if there are
/// fewer than `min_orders`.
async fn median_value<T: TryGetable>(
    reads: &impl Reads,
    column: &str,
    period: (Option<Timestamp>, Option<Timestamp>),
    min_orders: i64,
) -> Result<Option<T>, Fault> {
    let (condition, mut values) = placed_within(period);
    let sql = format!("SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1{condition}");
    let orders = read_first_value::<i64>(reads, &sql, values.clone()).await?.unwrap_or_default();
    if orders < min_orders {
        return Ok(None);
    }
    values.push(((orders - 1) / 2).into());
    let sql = format!(
        "SELECT o.{column} FROM sales_order o WHERE o.tenant_id = $1{condition} ORDER BY o.{column} LIMIT 1 OFFSET ${}",
        values.len() + 1
    );
    read_first_value(reads, &sql, values).await
}

/// Whether at most `limit` orders were placed in a span.
pub(super) async fn has_at_most(
    reads: &impl Reads,
    period: (Option<Timestamp>, Option<Timestamp>),
    limit: i64,
) -> Result<bool, Fault> {
    let (condition, values) = placed_within(period);
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 FROM sales_order o WHERE o.tenant_id = $1{condition} LIMIT {}) n", limit + 1);
    let orders = read_first_value::<i64>(reads, &sql, values).await?.unwrap_or_default();
    Ok(orders <= limit)
}

async fn read_first_value<T: TryGetable>(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<Option<T>, Fault> {
    reads.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// The rows of a statement with `columns` columns, and the last event of its snapshot.
pub async fn rows_and_head(
    reads: &impl Reads,
    statement: (&str, usize),
    values: Vec<Value>,
) -> Result<(Vec<QueryResult>, Option<i64>), Fault> {
    let head = "SELECT c.head AS known FROM tenant_counter c WHERE c.tenant_id = $1";
    rows_and_state(reads, statement, ("bigint", head), values).await
}

/// Returns the rows of a statement with `columns` columns, and the state of the database by a
/// second expression, whose value has the type `kind`. The state is a column beside the others, so
/// that a half without rows has it as well.
pub async fn rows_and_state<K: TryGetable>(
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
    // It is the last row, except if Postgres reads both sides of the union at once.
    for index in (0..rows.len()).rev() {
        if let Some(state_value) = rows[index].try_get::<Option<K>>("", "known")? {
            rows.remove(index);
            return Ok((rows, Some(state_value)));
        }
    }
    Ok((rows, None))
}

/// Reads two halves at once; None if a change was committed between them, so that they are of two
/// states of the database. Each half returns the state that it read, such as the last event. They
/// are not read again: if connections are few, the later half begins when the earlier one ends, and
/// would read another state each time.
pub async fn read_consistent<T, K: PartialEq>(
    earlier: impl Future<Output = Result<(T, Option<K>), Fault>>,
    later: impl Future<Output = Result<(T, Option<K>), Fault>>,
) -> Result<Option<[T; 2]>, Fault> {
    let ((earlier, earlier_state), (later, later_state)) = tokio::try_join!(Box::pin(earlier), Box::pin(later))?;
    Ok((earlier_state.is_some() && earlier_state == later_state).then_some([earlier, later]))
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
            assert_eq!(read_consistent(half(1, earlier), half(2, later)).await.unwrap(), whole, "{heads:?}");
        }
        let broken = async || Err::<(u8, Option<i64>), _>(Fault::Broken("the later half".to_owned()));
        assert!(read_consistent(half(1, Some(7)), broken()).await.is_err());
    }
}
