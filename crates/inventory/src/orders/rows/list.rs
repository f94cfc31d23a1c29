//! Pages of orders: keyset, one statement each; their lines take one more.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted, keyset},
    storage::{Backend, Fault, Finds, Reads, Row},
};
use sea_orm::Value;

use super::{
    filter::{Filter, compile},
    load::{self, OrderRow},
};
use crate::orders::core::Order;

/// Sort fields of orders; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderSort {
    PlacedAt,
    Number,
    Total,
    UpdatedAt,
}

/// A sort and its direction.
pub type OrdersSorted = Sorted<OrderSort>;

impl SortBy for OrderSort {
    type Row = Order;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::PlacedAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::PlacedAt => ("PlacedAt", &["o.placed_at", "o.id"]),
            Self::Number => ("Number", &["o.number", "o.id"]),
            Self::Total => ("Total", &["o.total_minor", "o.id"]),
            Self::UpdatedAt => ("UpdatedAt", &["o.updated_at", "o.id"]),
        }
    }
    fn keys(self, order: &Order) -> Vec<Key> {
        let first_key = match self {
            Self::PlacedAt => order.placed_at.micros(),
            Self::Number => order.number.get(),
            Self::Total => order.total.minor,
            Self::UpdatedAt => order.updated_at.micros(),
        };
        vec![Key::Int(first_key), order.id.into()]
    }
}

/// Returns the statement of a page: orders without their lines, in the direction of the request,
/// one more than its limit.
pub fn page_statement(backend: Backend, filter: &Filter, sorted: OrdersSorted, request: &PageRequest) -> (String, Vec<Value>) {
    sorted.page(source(backend, filter), OrderRow::SELECT, request)
}

/// Returns the source of the filter's orders.
fn source(backend: Backend, filter: &Filter) -> ListSource {
    let (condition, values) = compile(filter, backend, 2);
    ListSource { from: format!("FROM sales_order o WHERE o.tenant_id = $1 AND {condition}"), values }
}

/// Returns the same orders for a count. Statuses that most orders may have are in no index, and
/// SQLite would scan all orders of the tenant by any index that has them, such as that of totals,
/// whose entries are scattered over the table. Ordered by time of placement, the oldest first, the
/// rows are adjacent, and most of the oldest have such a status.
pub fn counted_source(backend: Backend, filter: &Filter) -> ListSource {
    let mut source = source(backend, filter);
    if backend == Backend::Sqlite && filter.is_of_common_statuses() {
        source.from.push_str(" ORDER BY o.placed_at, o.id");
    }
    source
}

/// Returns a page of orders without their lines.
pub async fn page(reads: &impl Reads, filter: &Filter, sorted: OrdersSorted, request: &PageRequest) -> Result<Vec<Order>, Fault> {
    let (sql, values) = page_statement(reads.backend(), filter, sorted, request);
    reads.records::<OrderRow>(&sql, values).await?.into_iter().map(OrderRow::order).collect()
}

/// Maximum orders counted by a search: one more than `totalCount` counts unless a higher count is
/// requested.
pub const MAX_SEARCH_COUNT: usize = 1_001;

/// An order of a page, and the number of orders that the page's search finds.
#[derive(Record)]
struct SearchRow {
    of: OrderRow,
    #[record(sql = "CAST((SELECT count(*) FROM found) AS bigint) AS found_orders")]
    found: i64,
}

/// Returns a page of a search, without lines, and how many orders the search finds on all pages:
/// one statement, which searches once and reads whole rows only for the page. At most `MAX_SEARCH_COUNT`
/// orders are searched, in no order: if there are that many, the page may miss some. Returns None
/// if a page after a cursor is empty, since the number is unknown then.
pub async fn search_page(
    reads: &impl Reads,
    filter: &Filter,
    sorted: OrdersSorted,
    request: &PageRequest,
) -> Result<Option<(Vec<Order>, usize)>, Fault> {
    let (sql, values) = search_statement(reads.backend(), filter, sorted, request);
    let rows = reads.records::<SearchRow>(&sql, values).await?;
    let Some(first_row) = rows.first() else {
        let has_cursor = request.after.is_some() || request.before.is_some();
        return Ok((!has_cursor).then(|| (Vec::new(), 0)));
    };
    let match_count = usize::try_from(first_row.found).unwrap_or(MAX_SEARCH_COUNT);
    let orders = rows.into_iter().map(|row| row.of.order()).collect::<Result<Vec<Order>, Fault>>()?;
    Ok(Some((orders, match_count)))
}

/// Returns the statement of such a page. Found orders are sorted by their two keys alone.
fn search_statement(backend: Backend, filter: &Filter, sorted: OrdersSorted, request: &PageRequest) -> (String, Vec<Value>) {
    let ListSource { from, mut values } = source(backend, filter);
    let (bounds, tail, page_values) = keyset(&["f.place", "f.id"], sorted.descending, request, values.len() + 2);
    values.extend(page_values);
    let (place_column, select) = (sorted.columns()[0], SearchRow::SELECT);
    let sql = format!(
        "WITH found AS MATERIALIZED (SELECT {place_column} AS place, o.id AS id {from} LIMIT {MAX_SEARCH_COUNT})
         SELECT {select} FROM (SELECT f.place, f.id FROM found f WHERE TRUE{bounds}{tail}) f
         CROSS JOIN sales_order o WHERE o.tenant_id = $1 AND o.id = f.id{tail}"
    );
    (sql, values)
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, orders: &mut [Order]) -> Result<(), Fault> {
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let indexes: HashMap<OrderId, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    load::fill_order_lines(reads, &ids, &indexes, orders).await
}

/// Counts the orders, up to one more than `limit`.
pub async fn count(reads: &impl Reads, filter: &Filter, limit: i64) -> Result<i64, Fault> {
    counted_source(reads.backend(), filter).count(reads, limit).await
}

/// Returns the ID of an order by its number, or by its reference in a channel.
pub async fn order_id(reads: &impl Reads, name: &OrderName) -> Result<Option<OrderId>, Fault> {
    let (condition, values): (_, Vec<Value>) = match name {
        OrderName::Number(number) => ("o.number = $2", vec![(*number).into()]),
        OrderName::External(channel, reference) => {
            ("o.channel_id = $2 AND o.external_ref = $3", vec![(*channel).into(), reference.as_str().into()])
        }
    };
    let rows = reads.rows(&format!("SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND {condition}"), values).await?;
    rows.first().map(Row::scalar).transpose()
}

/// References to an order other than its ID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderName {
    Number(i64),
    External(ChannelId, String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::rows::IdColumn;

    #[test]
    fn a_search_is_looked_for_once_and_sorted_by_its_keys_alone() {
        let filter = Filter::Ids(IdColumn::Customer, vec![CustomerId::NIL.uuid()]);
        let request =
            PageRequest { limit: 2, backward: false, after: Some(vec![Key::Int(7), OrderId::NIL.into()]), before: None };
        let (sql, values) = search_statement(Backend::Postgres, &filter, OrdersSorted::default(), &request);
        assert_eq!((sql.matches("o.customer_id = $2").count(), values.len()), (1, 3), "{sql}");
        let tail = " ORDER BY f.place DESC, f.id DESC LIMIT 3";
        assert!(sql.contains(&format!("WHERE TRUE AND (f.place, f.id) < ($3, $4){tail}) f")) && sql.ends_with(tail), "{sql}");
        assert!(
            sql.starts_with("WITH found AS MATERIALIZED (SELECT o.placed_at AS place, o.id AS id FROM sales_order o"),
            "{sql}"
        );
    }

    #[test]
    fn only_orders_of_a_common_status_are_counted_in_an_order() {
        let fulfilled = || Filter::All(vec![Filter::Status(vec![OrderStatus::Fulfilled])]);
        let of_customer = Filter::Ids(IdColumn::Customer, vec![CustomerId::NIL.uuid()]);
        for (filter, is_ordered) in [
            (fulfilled(), true),
            (Filter::All(vec![fulfilled(), Filter::default()]), true),
            (Filter::Status(vec![OrderStatus::Draft, OrderStatus::Fulfilled]), true),
            (Filter::Status(vec![OrderStatus::Draft]), false),
            (Filter::All(vec![fulfilled(), of_customer]), false),
            (Filter::default(), false),
        ] {
            let counted = counted_source(Backend::Sqlite, &filter);
            assert_eq!(counted.from.ends_with(" ORDER BY o.placed_at, o.id"), is_ordered, "{filter:?}");
            assert_eq!(counted_source(Backend::Postgres, &filter), source(Backend::Postgres, &filter));
        }
    }
}
