//! Pages of orders: keyset, one statement each; lines come with one more.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Reads, Row},
};
use sea_orm::Value;

use super::{
    filter::{Filter, IdColumn, compile},
    load::{self, OrderRow},
};
use crate::orders::core::Order;

/// What a list of orders is sorted by; the id breaks ties.
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
        let first = match self {
            Self::PlacedAt => order.placed_at.micros(),
            Self::Number => order.number.get(),
            Self::Total => order.total.minor,
            Self::UpdatedAt => order.updated_at.micros(),
        };
        vec![Key::Int(first), order.id.into()]
    }
}

/// The statement of a page: orders without their lines, in the direction of the request, one more than its limit.
pub fn page_statement(backend: Backend, filter: &Filter, sorted: OrdersSorted, request: &PageRequest) -> (String, Vec<Value>) {
    sorted.page(source(backend, filter), OrderRow::SELECT, request)
}

/// The orders that the filter is about.
pub fn source(backend: Backend, filter: &Filter) -> ListSource {
    let (condition, values) = compile(filter, backend, 2);
    ListSource { from: format!("FROM sales_order o WHERE o.tenant_id = $1 AND {condition}"), values }
}

/// A page of orders without their lines.
pub async fn page(reads: &impl Reads, filter: &Filter, sorted: OrdersSorted, request: &PageRequest) -> Result<Vec<Order>, Fault> {
    let (sql, values) = page_statement(reads.backend(), filter, sorted, request);
    reads.records::<OrderRow>(&sql, values).await?.into_iter().map(OrderRow::order).collect()
}

/// As many orders of a search as say that there are more than `totalCount` counts unless it is asked to count further.
pub const MOST_FOUND: usize = 1_001;

/// Orders that were found, and where each stands in its list.
pub type Found = Vec<(OrderId, Vec<Key>)>;
/// Orders of a page, and where each stands in its list.
pub type ListedOrders = (Vec<Order>, Vec<Vec<Key>>);

/// An order that was found, with the number that it is sorted by.
#[derive(Record)]
struct FoundRow {
    #[record(sql = "{by}")]
    at: i64,
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
}

/// The orders that a search finds, in no order and at most `MOST_FOUND`.
pub async fn find(reads: &impl Reads, filter: &Filter, sorted: OrdersSorted) -> Result<Found, Fault> {
    let ListSource { from, values } = source(reads.backend(), filter);
    let by = sorted.columns()[0];
    let select = FoundRow::SELECT.replace("{by}", by);
    let rows = reads.records::<FoundRow>(&format!("SELECT {select} {from} LIMIT {MOST_FOUND}"), values).await?;
    Ok(rows.into_iter().map(|FoundRow { at, id }| (id, vec![Key::Int(at), id.into()])).collect())
}

/// A page among all orders that a search has found, in the direction of the request. Each stands where it was found, even if it has changed since then.
pub async fn page_of_found(
    reads: &impl Reads,
    mut found: Found,
    sorted: OrdersSorted,
    request: &PageRequest,
) -> Result<ListedOrders, Fault> {
    found.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
    let picked = if sorted.descending { turned(request).pick(found) } else { request.pick(found) };
    if picked.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let ids = Filter::Ids(IdColumn::Order, picked.iter().map(|(id, _)| id.uuid()).collect());
    let all = PageRequest { after: None, before: None, ..request.clone() };
    let orders = page(reads, &ids, sorted, &all).await?.into_iter().map(|order| (order.id, order));
    let mut orders: HashMap<OrderId, Order> = orders.collect();
    Ok(picked.into_iter().filter_map(|(id, keys)| Some((orders.remove(&id)?, keys))).unzip())
}

/// The request of the same page where the list is read from its end.
fn turned(request: &PageRequest) -> PageRequest {
    let (after, before) = (request.before.clone(), request.after.clone());
    PageRequest { limit: request.limit, backward: !request.backward, after, before }
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, orders: &mut [Order]) -> Result<(), Fault> {
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let places: HashMap<OrderId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    load::fill(reads, &ids, &places, orders).await
}

/// How many orders there are, counted up to one more than `most`.
pub async fn count(reads: &impl Reads, filter: &Filter, most: i64) -> Result<i64, Fault> {
    source(reads.backend(), filter).count(reads, most).await
}

/// The id of an order by its number, or by its reference in a channel.
pub async fn order_id(reads: &impl Reads, by: &OrderName) -> Result<Option<OrderId>, Fault> {
    let (condition, values): (_, Vec<Value>) = match by {
        OrderName::Number(number) => ("o.number = $2", vec![(*number).into()]),
        OrderName::External(channel, reference) => {
            ("o.channel_id = $2 AND o.external_ref = $3", vec![(*channel).into(), reference.as_str().into()])
        }
    };
    let rows = reads.rows(&format!("SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND {condition}"), values).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Names of an order that are not its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderName {
    Number(i64),
    External(ChannelId, String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_descends_is_picked_from_its_end() {
        let all = || (1..=5).map(|n| (n, vec![Key::Int(n)])).collect::<Vec<_>>();
        let picked = |backward, after: Option<i64>, before: Option<i64>| {
            let [after, before] = [after, before].map(|key| key.map(|n| vec![Key::Int(n)]));
            let request = PageRequest { limit: 2, backward, after, before };
            turned(&request).pick(all()).into_iter().map(|(n, _)| n).collect::<Vec<_>>()
        };
        assert_eq!(picked(false, None, None), [5, 4, 3]);
        assert_eq!(picked(false, Some(4), None), [3, 2, 1]);
        assert_eq!(picked(true, None, None), [1, 2, 3]);
        assert_eq!(picked(true, None, Some(2)), [3, 4, 5]);
        assert_eq!(picked(false, Some(5), Some(2)), [4, 3]);
    }
}
