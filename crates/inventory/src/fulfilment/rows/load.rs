//! Loading and locking works.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment_work, fulfilment_work_line, order_line, order_line_barred, sales_order, store},
};
use platform::storage::{Fault, Finds, Global, Reads, Row, SUSPENDED};
use uuid::Uuid;

use super::parcels::fill_parcels;
use crate::{
    catalog::core::handling::HandlingTime,
    fulfilment::core::{Accepted, Ready, Rejected, StoreHandling, Work, WorkHead, WorkLine},
};

/// A work's row, without its lines.
#[derive(Record)]
#[record(of = fulfilment_work, alias = "w")]
pub(super) struct WorkRow {
    pub id: FulfilmentWorkId,
    pub order_id: OrderId,
    pub nth: i32,
    pub store_id: StoreId,
    pub status: WorkStatus,
    pub due_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub assignee_kind: Option<ActorKind>,
    pub assignee_id: Option<Uuid>,
    pub ready_at: Option<Timestamp>,
    pub collect_code: Option<String>,
    pub reject_reason: Option<RejectReason>,
    pub reject_note: Option<String>,
    pub moved_from: Option<FulfilmentWorkId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A work with its store's handling time.
#[derive(Record)]
struct StoreWorkRow {
    work: WorkRow,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = store, alias = "s")]
    handling_time: String,
}

/// A work with its store's handling time, joined with one of its lines, whose columns follow.
#[derive(Record)]
struct LockedRow {
    work: StoreWorkRow,
    /// None if the work has no lines.
    #[record(of = fulfilment_work_line, alias = "l", column = "work_id", outer)]
    of_line: Option<FulfilmentWorkId>,
}

/// Handling times of stores that state one.
pub type Handling = HashMap<StoreId, StoreHandling>;

#[derive(Record)]
#[record(of = fulfilment_work_line, alias = "l")]
struct LineRow {
    work_id: FulfilmentWorkId,
    nth: i32,
    position: i32,
    product_id: ProductId,
    open: Quantity,
    picked: Quantity,
    packed: Quantity,
    shipped: Quantity,
    dropped: Quantity,
}

#[derive(Record)]
#[record(of = order_line_barred, alias = "b")]
struct StoreRefusalRow {
    order_id: OrderId,
    position: i32,
    store_id: StoreId,
}

#[derive(Record)]
#[record(of = fulfilment_work, alias = "w")]
struct WorkLocationRow {
    id: FulfilmentWorkId,
    order_id: OrderId,
    store_id: StoreId,
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct NameRow {
    order_id: OrderId,
    position: i32,
    #[record(not_null)]
    product_id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
}

impl From<WorkRow> for WorkHead {
    fn from(row: WorkRow) -> Self {
        let by = row.assignee_kind.zip(row.assignee_id).map(|(kind, id)| Actor { kind, id });
        let note = row.reject_note;
        Self {
            id: row.id,
            order: row.order_id,
            nth: row.nth as u16,
            store: row.store_id,
            status: row.status,
            due_at: row.due_at,
            accepted: row.accepted_at.zip(by).map(|(at, by)| Accepted { at, by }),
            ready: row.ready_at.zip(row.collect_code).map(|(at, code)| Ready { at, code }),
            rejected: row.reject_reason.map(|reason| Rejected { reason, note }),
            moved_from: row.moved_from,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&LineRow> for WorkLine {
    fn from(row: &LineRow) -> Self {
        Self {
            nth: row.nth as u16,
            position: row.position as u16,
            product: row.product_id,
            open: row.open.get(),
            picked: row.picked.get(),
            packed: row.packed.get(),
            shipped: row.shipped.get(),
            dropped: row.dropped.get(),
        }
    }
}

/// Returns the works of these orders with their lines and parcels, by order and number, and the
/// handling times of their stores, where stated. `lock` locks the works until the transaction ends.
pub async fn load_works_of_orders(reads: &impl Reads, orders: &[OrderId], lock: bool) -> Result<(Vec<Work>, Handling), Fault> {
    if orders.is_empty() {
        return Ok((Vec::new(), Handling::new()));
    }
    let backend = reads.backend();
    let lock = if lock { backend.for_change("w") } else { String::new() };
    if !lock.is_empty() {
        return lock_works(reads, orders, &lock).await;
    }
    let (select, order_condition) = (StoreWorkRow::SELECT, backend.in_ids("w.order_id", 2));
    let sql = format!(
        "SELECT {select} FROM fulfilment_work w CROSS JOIN store s
         WHERE w.tenant_id = $1 AND {order_condition} AND s.tenant_id = $1 AND s.id = w.store_id ORDER BY w.order_id, w.nth"
    );
    let rows = reads.records::<StoreWorkRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let (mut heads, mut handling) = (Vec::with_capacity(rows.len()), Handling::new());
    for row in rows {
        heads.push(row.head(&mut handling));
    }
    Ok((fill_works(reads, heads).await?, handling))
}

/// The note of a rejected work, which may be long, is selected with its first line only.
const NOTE_ONCE: &str = "CASE WHEN coalesce(l.nth, 1) = 1 THEN w.reject_note END";

/// Returns the same, locked, with their lines in one statement. The transaction holds the tenant's
/// counter: the lines are read as of the start of the statement, and while the counter is held no
/// other transaction writes any (0266).
async fn lock_works(reads: &impl Reads, orders: &[OrderId], lock: &str) -> Result<(Vec<Work>, Handling), Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {work}, {line} FROM fulfilment_work w CROSS JOIN store s
         LEFT JOIN fulfilment_work_line l ON l.tenant_id = $1 AND l.work_id = w.id
         WHERE w.tenant_id = $1 AND {of} AND s.tenant_id = $1 AND s.id = w.store_id ORDER BY w.order_id, w.nth, l.nth{lock}",
        work = LockedRow::SELECT.replace("w.reject_note", NOTE_ONCE),
        line = LineRow::SELECT,
        of = backend.in_ids("w.order_id", 2)
    );
    let (mut works, mut handling): (Vec<Work>, _) = (Vec::new(), Handling::new());
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await? {
        let mut row = Row::new(row);
        let LockedRow { work: found, of_line } = row.record()?;
        if works.last().is_none_or(|work| work.head.id != found.work.id) {
            works.push(Work { head: found.head(&mut handling), lines: Vec::new(), parcels: Vec::new() });
        }
        // A work without lines has one row, whose line columns are null.
        if let Some(work) = works.last_mut().filter(|_| of_line.is_some()) {
            let line: LineRow = row.record()?;
            work.lines.push(WorkLine::from(&line));
        }
    }
    read_parcels_of(reads, &mut works).await?;
    Ok((works, handling))
}

impl StoreWorkRow {
    /// Returns the work; notes its store's handling time, if the store states one.
    fn head(self, handling: &mut Handling) -> WorkHead {
        if let Some(time) = HandlingTime::read(&self.handling_time) {
            handling.insert(self.work.store_id, StoreHandling { time, time_zone: self.time_zone });
        }
        WorkHead::from(self.work)
    }
}

/// Returns the works of these orders without their lines, the oldest of an order first.
pub async fn load_heads_of_orders(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<WorkHead>, Fault> {
    let backend = reads.backend();
    let (select, order_condition) = (WorkRow::SELECT, backend.in_ids("w.order_id", 2));
    let sql =
        format!("SELECT {select} FROM fulfilment_work w WHERE w.tenant_id = $1 AND {order_condition} ORDER BY w.order_id, w.nth");
    let rows = reads.records::<WorkRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(WorkHead::from).collect())
}

/// Returns these works with their lines and parcels.
pub async fn load_works(reads: &impl Reads, ids: &[FulfilmentWorkId]) -> Result<Vec<Work>, Fault> {
    let heads = load_heads(reads, ids).await?;
    fill_works(reads, heads).await
}

/// Returns these works without their lines.
pub async fn load_heads(reads: &impl Reads, ids: &[FulfilmentWorkId]) -> Result<Vec<WorkHead>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (WorkRow::SELECT, backend.in_ids("w.id", 2));
    let sql = format!("SELECT {select} FROM fulfilment_work w WHERE w.tenant_id = $1 AND {id_condition} ORDER BY w.id");
    let rows = reads.records::<WorkRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(WorkHead::from).collect())
}

async fn fill_works(reads: &impl Reads, heads: Vec<WorkHead>) -> Result<Vec<Work>, Fault> {
    let mut works: Vec<Work> = heads.into_iter().map(|head| Work { head, lines: Vec::new(), parcels: Vec::new() }).collect();
    if works.is_empty() {
        return Ok(works);
    }
    let indices: HashMap<FulfilmentWorkId, usize> = works.iter().enumerate().map(|(index, work)| (work.head.id, index)).collect();
    let backend = reads.backend();
    let (select, work_condition) = (LineRow::SELECT, backend.in_ids("l.work_id", 2));
    let sql = format!(
        "SELECT {select} FROM fulfilment_work_line l WHERE l.tenant_id = $1 AND {work_condition} ORDER BY l.work_id, l.nth"
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(indices.keys().copied())]).await? {
        if let Some(work) = indices.get(&row.work_id).and_then(|index| works.get_mut(*index)) {
            work.lines.push(WorkLine::from(&row));
        }
    }
    read_parcels_of(reads, &mut works).await?;
    Ok(works)
}

/// Reads the parcels of works that may have any. A work that is as it was made has none, unless some of it left in the same step by the order's
/// short way, which its lines tell.
async fn read_parcels_of(reads: &impl Reads, works: &mut [Work]) -> Result<(), Fault> {
    let has_parcels = |work: &Work| work.head.version > 1 || work.lines.iter().any(|line| line.shipped > 0);
    let indexed_works = works.iter().enumerate().filter(|(_, work)| has_parcels(work));
    let packed_works: HashMap<FulfilmentWorkId, usize> = indexed_works.map(|(index, work)| (work.head.id, index)).collect();
    if packed_works.is_empty() {
        return Ok(());
    }
    fill_parcels(reads, &packed_works, works).await
}

/// Returns the stores that have refused lines of these orders.
pub async fn load_store_refusals(reads: &impl Reads, orders: &[OrderId]) -> Result<HashSet<(OrderId, u16, StoreId)>, Fault> {
    if orders.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let (select, order_condition) = (StoreRefusalRow::SELECT, backend.in_ids("b.order_id", 2));
    let sql = format!("SELECT {select} FROM order_line_barred b WHERE b.tenant_id = $1 AND {order_condition}");
    let rows = reads.records::<StoreRefusalRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.position as u16, row.store_id)).collect())
}

/// Order and store of a work, which permissions are checked against. They never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLocation {
    pub work: FulfilmentWorkId,
    pub order: OrderId,
    pub store: StoreId,
}

/// Returns the orders and stores of works, without unknown ones.
pub async fn work_locations(reads: &impl Reads, ids: &[FulfilmentWorkId]) -> Result<Vec<WorkLocation>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (WorkLocationRow::SELECT, backend.in_ids("w.id", 2));
    let sql = format!("SELECT {select} FROM fulfilment_work w WHERE w.tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<WorkLocationRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| WorkLocation { work: row.id, order: row.order_id, store: row.store_id }).collect())
}

/// SKU, name and decimals of the goods of an order's line, as they were when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsName {
    pub order: OrderId,
    pub position: u16,
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
}

/// Returns the names of the goods of these orders: those of their lines, and for kits those of
/// their parts.
pub async fn goods_names(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<GoodsName>, Fault> {
    let backend = reads.backend();
    let (select, line_condition) = (NameRow::SELECT, backend.in_ids("l.order_id", 2));
    let part_condition = backend.in_ids("n.order_id", 2);
    let sql = format!(
        "SELECT {select} FROM order_line l WHERE l.tenant_id = $1 AND {line_condition} AND l.product_id IS NOT NULL
         UNION ALL SELECT n.order_id, n.position, n.product_id, n.sku, n.name, n.unit_decimals FROM order_line_part n
         WHERE n.tenant_id = $1 AND {part_condition}"
    );
    let rows = reads.records::<NameRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let to_goods_name = |row: NameRow| GoodsName {
        order: row.order_id,
        position: row.position as u16,
        product: row.product_id,
        sku: row.sku,
        name: row.name,
        decimals: row.unit_decimals as u8,
    };
    Ok(rows.into_iter().map(to_goods_name).collect())
}

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct OrderKey {
    tenant_id: TenantId,
    id: OrderId,
}

/// Returns the next page of orders that have goods to send and no works: those that were confirmed
/// before works existed. Includes orders without reservations, which gave way.
pub async fn orders_without_works(
    global: &Global,
    after: (TenantId, OrderId),
    limit: usize,
) -> Result<Vec<(TenantId, OrderId)>, Fault> {
    let sql = format!(
        "WITH worked AS MATERIALIZED (SELECT tenant_id, id FROM sales_order WHERE status IN ('CONFIRMED', 'PARTIALLY_FULFILLED'))
         SELECT {select} FROM worked o WHERE (o.tenant_id, o.id) > ($1, $2) AND o.tenant_id NOT IN {SUSPENDED}
           AND NOT EXISTS (SELECT 1 FROM fulfilment_work w WHERE w.tenant_id = o.tenant_id AND w.order_id = o.id)
           AND EXISTS (SELECT 1 FROM order_line l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.open > 0
             AND (l.stock_policy <> 'UNTRACKED' AND l.product_id IS NOT NULL OR EXISTS (SELECT 1 FROM order_line_part n
               WHERE n.tenant_id = l.tenant_id AND n.order_id = l.order_id AND n.position = l.position)))
         ORDER BY o.tenant_id, o.id LIMIT {limit}",
        select = OrderKey::SELECT
    );
    let rows = global.records::<OrderKey>(&sql, vec![after.0.into(), after.1.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.id)).collect())
}
