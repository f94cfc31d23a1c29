//! Orders with overdue fulfilments, and orders that wait for units that every store has rejected.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{alert, fulfilment_work, sales_order, store},
};
use platform::{
    clock,
    storage::{Fault, Finds, Reads},
};

use super::dated_subject::{DatedSubject, PAGE};
use crate::alerts::core::Subject;

/// Fulfilments with units left to ship, as the condition of their index.
pub(super) const IS_LIVE: &str = "w.status IN ('OPEN', 'ACCEPTED', 'PICKING', 'PICKED', 'PACKED', 'READY')";

/// Overdue fulfilments of an order in a store.
#[derive(Record)]
struct OverdueRow {
    #[record(of = fulfilment_work, alias = "w")]
    order_id: OrderId,
    #[record(of = fulfilment_work, alias = "w")]
    store_id: StoreId,
    #[record(sql = "min(w.due_at)")]
    due_at: i64,
    #[record(sql = "count(*)")]
    works: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<OverdueRow> for DatedSubject {
    /// The day is that of the shipping store.
    fn from(row: OverdueRow) -> Self {
        Self {
            subject: Subject::Order(row.order_id, row.store_id),
            day: clock::local_day(Timestamp(row.due_at), &row.time_zone),
            quantity: row.works,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Overdue fulfilments of an order that has an alert; no time if nothing is left to ship.
#[derive(Record)]
struct AlertedOverdue {
    #[record(of = alert, alias = "a", not_null)]
    order_id: OrderId,
    #[record(of = alert, alias = "a", not_null)]
    store_id: StoreId,
    #[record(sql = "min(CASE WHEN w.store_id = a.store_id THEN w.due_at END)")]
    due_at: Option<i64>,
    #[record(sql = "count(CASE WHEN w.store_id = a.store_id THEN w.id END)")]
    works: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<AlertedOverdue> for DatedSubject {
    fn from(row: AlertedOverdue) -> Self {
        Self {
            subject: Subject::Order(row.order_id, row.store_id),
            day: row.due_at.map_or(i32::MAX, |at| clock::local_day(Timestamp(at), &row.time_zone)),
            quantity: row.works,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Lines of an order that wait for units which stores have rejected.
#[derive(Record)]
struct RefusedRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(of = sales_order, alias = "o")]
    placed_at: Timestamp,
    #[record(sql = "count(DISTINCT l.position)")]
    lines: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<RefusedRow> for DatedSubject {
    /// The day is that on which the order was placed.
    fn from(row: RefusedRow) -> Self {
        Self {
            subject: Subject::Order(row.id, row.store_id),
            day: clock::local_day(row.placed_at, &row.time_zone),
            quantity: row.lines,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Returns the order and the store after which a page begins.
fn page_start(after: Option<&DatedSubject>) -> (OrderId, StoreId) {
    let ids = after.map(|last| last.subject.ids()).unwrap_or_default();
    (ids.order.unwrap_or(OrderId::NIL), ids.store.unwrap_or(StoreId::NIL))
}

/// Reads the next page of orders and stores with fulfilments that were due before a time, and
/// without an alert. CROSS JOIN makes SQLite begin with the stores: from the position of the page
/// it would read all fulfilments that ever were.
pub(super) async fn overdue_works(
    reads: &impl Reads,
    before: Timestamp,
    after: Option<&DatedSubject>,
) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {select} FROM store s CROSS JOIN fulfilment_work w
         WHERE s.tenant_id = $1 AND w.tenant_id = $1 AND w.store_id = s.id AND {IS_LIVE} AND w.due_at < $2 AND (w.order_id, w.store_id) > ($3, $4)
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.order_id = w.order_id AND a.store_id = w.store_id
             AND a.kind = 'FULFILMENT_OVERDUE' AND a.state <> 'RESOLVED')
         GROUP BY w.order_id, w.store_id, s.time_zone ORDER BY w.order_id, w.store_id LIMIT {PAGE}",
        select = OverdueRow::SELECT
    );
    let (order, store) = page_start(after);
    let rows = reads.records::<OverdueRow>(&sql, vec![before.micros().into(), order.into(), store.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// Reads the current state of orders that have such alerts; without fulfilments if the store has
/// nothing left to ship. Fulfilments are joined by order alone: by store, SQLite would read all of
/// the store's fulfilments for each alert.
pub(super) async fn alerted_overdue(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {select} FROM alert a JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
         LEFT JOIN fulfilment_work w ON w.tenant_id = $1 AND w.order_id = a.order_id AND {IS_LIVE}
         WHERE a.tenant_id = $1 AND a.kind = 'FULFILMENT_OVERDUE' AND a.state <> 'RESOLVED'
         GROUP BY a.order_id, a.store_id, s.time_zone",
        select = AlertedOverdue::SELECT
    );
    Ok(reads.records::<AlertedOverdue>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}

/// Reads the next page of orders that wait for units which stores have rejected, and that have no
/// alert.
pub(super) async fn rejected_orders(
    reads: &impl Reads,
    after: Option<&DatedSubject>,
) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {select} FROM order_line_barred b
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = b.order_id AND l.position = b.position AND l.backordered > 0
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = b.order_id JOIN store s ON s.tenant_id = $1 AND s.id = o.store_id
         WHERE b.tenant_id = $1 AND b.order_id > $2
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.order_id = b.order_id AND a.store_id = o.store_id
             AND a.kind = 'FULFILMENT_REJECTED' AND a.state <> 'RESOLVED')
         GROUP BY o.id, o.store_id, o.placed_at, s.time_zone ORDER BY o.id LIMIT {PAGE}",
        select = RefusedRow::SELECT
    );
    let rows = reads.records::<RefusedRow>(&sql, vec![page_start(after).0.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// Reads the current state of orders that have such alerts; an order that waits for nothing has no
/// lines.
pub(super) async fn alerted_rejected(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {select} FROM alert a JOIN sales_order o ON o.tenant_id = $1 AND o.id = a.order_id
         JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
         LEFT JOIN order_line_barred b ON b.tenant_id = $1 AND b.order_id = a.order_id
         LEFT JOIN order_line l ON l.tenant_id = $1 AND l.order_id = b.order_id AND l.position = b.position AND l.backordered > 0
         WHERE a.tenant_id = $1 AND a.kind = 'FULFILMENT_REJECTED' AND a.state <> 'RESOLVED'
         GROUP BY o.id, o.store_id, o.placed_at, s.time_zone",
        select = RefusedRow::SELECT
    );
    Ok(reads.records::<RefusedRow>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}

#[cfg(test)]
mod tests {
    use super::IS_LIVE;

    #[test]
    fn works_that_have_not_left_are_found_by_their_index() {
        let index = format!("WHERE {}", IS_LIVE.trim_start_matches("w."));
        assert!(include_str!("../../../../../migration/src/m0059/fulfilment.sql").contains(&index), "{index}");
    }
}
