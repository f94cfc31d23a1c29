//! Current orders and returns, and the parts of them that are counted.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_document, order_line, return_line, sales_order, sales_return},
};
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};
use uuid::Uuid;

use crate::{
    demand::core::{DayKey, DemandLine, DemandOrder, DemandReturn, MatchedUnits, PlacedLine, ReturnCounted, ReturnedLine},
    insight::core::SoldLine,
};

/// Channel of a document, and the currency of its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace {
    pub channel: ChannelId,
    pub currency: Option<Currency>,
}

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct OrderRow {
    id: OrderId,
    status: OrderStatus,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
    business_date: i32,
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct LineRow {
    order_id: OrderId,
    position: i32,
    #[record(not_null)]
    product_id: ProductId,
    unit_decimals: i32,
    quantity: Quantity,
    cancelled: Quantity,
    unit_price_minor: i64,
    discount_minor: i64,
    total_minor: i64,
    unit_cost_minor: Option<i64>,
    placed_quantity: Option<Quantity>,
    placed_price_minor: Option<i64>,
    placed_discount_minor: Option<i64>,
    placed_total_minor: Option<i64>,
}

#[derive(Record)]
#[record(of = sales_return, alias = "r")]
struct ReturnHead {
    id: ReturnId,
    status: ReturnStatus,
    store_id: StoreId,
    currency: String,
    business_date: i32,
    refund_minor: i64,
    refunded_minor: Option<i64>,
}

/// A return has its own channel, or else that of the first order line that it was matched with, as in the sales report.
#[derive(Record)]
struct ReturnRow {
    head: ReturnHead,
    #[record(sql = "coalesce(r.channel_id, (SELECT s.channel_id FROM return_match m
        JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
        WHERE m.tenant_id = $1 AND m.return_id = r.id ORDER BY m.return_position, m.order_id, m.order_position LIMIT 1))")]
    channel: Option<ChannelId>,
}

#[derive(Record)]
#[record(of = return_line, alias = "l")]
struct ReturnedLineRow {
    return_id: ReturnId,
    position: i32,
    product_id: Option<ProductId>,
    unit_decimals: i32,
    quantity: Quantity,
    total_minor: i64,
    received: Quantity,
}

#[derive(Record)]
struct MatchRow {
    #[record(sql = "m.return_id")]
    return_id: ReturnId,
    #[record(sql = "m.received")]
    received: i64,
    #[record(of = order_line, alias = "l", not_null)]
    product_id: ProductId,
    order: OrderRow,
}

/// Orders count from their confirmation on, unless they were cancelled or expired whole: the rule of the sales report.
const fn order_counts(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled | OrderStatus::Fulfilled | OrderStatus::Closed)
}

const fn return_counts(status: ReturnStatus) -> bool {
    matches!(status, ReturnStatus::PartiallyReceived | ReturnStatus::Received | ReturnStatus::Inspected | ReturnStatus::Closed)
}

/// Orders with their lines of products, each with the last event that is about it.
pub async fn orders(reads: &impl Reads, seq_by_order: &BTreeMap<OrderId, i64>) -> Result<Vec<(OrderId, DemandOrder)>, Fault> {
    if seq_by_order.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let ids = || vec![backend.ids(seq_by_order.keys().copied())];
    // The heads are read first: the lines of an order that is confirmed by then are the confirmed
    // ones, or carry their difference from them. Lines read before the heads might be a draft's.
    let sql = format!("SELECT {} FROM sales_order o WHERE o.tenant_id = $1 AND {}", OrderRow::SELECT, backend.in_ids("o.id", 2));
    let heads = reads.records::<OrderRow>(&sql, ids()).await?;
    let sql = format!(
        "SELECT {} FROM order_line l WHERE l.tenant_id = $1 AND {} AND l.product_id IS NOT NULL ORDER BY l.order_id, l.position",
        LineRow::SELECT,
        backend.in_ids("l.order_id", 2)
    );
    let mut lines: HashMap<OrderId, Vec<DemandLine>> = HashMap::with_capacity(seq_by_order.len());
    for row in reads.records::<LineRow>(&sql, ids()).await? {
        lines.entry(row.order_id).or_default().push(row.into());
    }
    let order = |row: OrderRow| {
        let order = DemandOrder {
            seq: seq_by_order.get(&row.id).copied().unwrap_or_default(),
            counts: order_counts(row.status),
            date: row.business_date,
            store: row.store_id,
            channel: row.channel_id,
            currency: Currency::parse(&row.currency),
            lines: lines.remove(&row.id).unwrap_or_default(),
        };
        (row.id, order)
    };
    Ok(heads.into_iter().map(order).collect())
}

impl From<LineRow> for DemandLine {
    fn from(row: LineRow) -> Self {
        let line = SoldLine {
            quantity: row.quantity.get(),
            cancelled: row.cancelled.get(),
            total: row.total_minor,
            unit_cost: row.unit_cost_minor.unwrap_or_default(),
            decimals: row.unit_decimals as u8,
        };
        Self {
            position: row.position,
            product: row.product_id,
            line,
            unit_price: row.unit_price_minor,
            discount: row.discount_minor,
            placed: row.placed_quantity.map(|quantity| PlacedLine {
                quantity: quantity.get(),
                total: row.placed_total_minor.unwrap_or_default(),
                unit_price: row.placed_price_minor.unwrap_or_default(),
                discount: row.placed_discount_minor.unwrap_or_default(),
            }),
        }
    }
}

/// Returns the returns of these IDs with their current state.
pub async fn returns(
    reads: &impl Reads,
    seq_by_return: &BTreeMap<ReturnId, i64>,
) -> Result<Vec<(ReturnId, DemandReturn)>, Fault> {
    if seq_by_return.is_empty() {
        return Ok(Vec::new());
    }
    // The heads first, as of orders.
    let rows = return_rows(reads, seq_by_return.keys().copied()).await?;
    let backend = reads.backend();
    let ids = || vec![backend.ids(seq_by_return.keys().copied())];
    let sql = format!(
        "SELECT {} FROM return_line l WHERE l.tenant_id = $1 AND {} ORDER BY l.return_id, l.position",
        ReturnedLineRow::SELECT,
        backend.in_ids("l.return_id", 2)
    );
    let mut lines: HashMap<ReturnId, Vec<ReturnedLineRow>> = HashMap::new();
    for row in reads.records::<ReturnedLineRow>(&sql, ids()).await? {
        lines.entry(row.return_id).or_default().push(row);
    }
    let sql = format!(
        "SELECT {} FROM return_match m JOIN order_line l ON l.tenant_id = $1 AND l.order_id = m.order_id AND l.position = m.order_position
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = m.order_id
         WHERE m.tenant_id = $1 AND {} AND l.product_id IS NOT NULL
         ORDER BY m.return_id, m.return_position, m.order_id, m.order_position",
        MatchRow::SELECT,
        backend.in_ids("m.return_id", 2)
    );
    let mut matches: HashMap<ReturnId, Vec<MatchRow>> = HashMap::new();
    for row in reads.records::<MatchRow>(&sql, ids()).await? {
        matches.entry(row.return_id).or_default().push(row);
    }
    Ok(rows.into_iter().map(|row| row.assemble_return(&mut lines, &mut matches, seq_by_return)).collect())
}

async fn return_rows(reads: &impl Reads, ids: impl Iterator<Item = ReturnId>) -> Result<Vec<ReturnRow>, Fault> {
    let backend = reads.backend();
    let sql =
        format!("SELECT {} FROM sales_return r WHERE r.tenant_id = $1 AND {}", ReturnRow::SELECT, backend.in_ids("r.id", 2));
    reads.records(&sql, vec![backend.ids(ids)]).await
}

impl ReturnRow {
    fn place(&self) -> DocumentPlace {
        DocumentPlace { channel: self.channel.unwrap_or(ChannelId::NIL), currency: Currency::parse(&self.head.currency) }
    }

    fn assemble_return(
        self,
        lines: &mut HashMap<ReturnId, Vec<ReturnedLineRow>>,
        matches: &mut HashMap<ReturnId, Vec<MatchRow>>,
        seqs: &BTreeMap<ReturnId, i64>,
    ) -> (ReturnId, DemandReturn) {
        let DocumentPlace { channel, currency } = self.place();
        let head = self.head;
        let lines = lines.remove(&head.id).unwrap_or_default();
        let matches = matches.remove(&head.id).unwrap_or_default();
        let received = |row: &ReturnedLineRow| (row.received.get() > 0).then_some((row.position, row.received.get()));
        let now = ReturnCounted {
            date: head.business_date,
            refunded: head.refunded_minor,
            received: lines.iter().filter_map(received).collect(),
            matched: matches.iter().map(|row| row.received).collect(),
        };
        let sales_return = DemandReturn {
            seq: seqs.get(&head.id).copied().unwrap_or_default(),
            counts: return_counts(head.status),
            now,
            store: head.store_id,
            channel,
            currency,
            refund: head.refund_minor,
            lines: lines.iter().map(ReturnedLine::from).collect(),
            matches: matches.iter().map(MatchedUnits::from).collect(),
        };
        (head.id, sales_return)
    }
}

impl From<&ReturnedLineRow> for ReturnedLine {
    fn from(row: &ReturnedLineRow) -> Self {
        Self {
            position: row.position,
            product: row.product_id,
            quantity: row.quantity.get(),
            total: row.total_minor,
            decimals: row.unit_decimals as u8,
        }
    }
}

impl From<&MatchRow> for MatchedUnits {
    fn from(row: &MatchRow) -> Self {
        let OrderRow { store_id, channel_id, ref currency, business_date, .. } = row.order;
        let key = DayKey {
            date: business_date,
            product: row.product_id,
            store: store_id,
            channel: channel_id,
            currency: Currency::parse(currency),
        };
        Self { key }
    }
}

/// Channels and currencies of returns.
pub(super) async fn return_places(reads: &impl Reads, ids: HashSet<Uuid>) -> Result<Vec<(Uuid, DocumentPlace)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = return_rows(reads, ids.into_iter().map(ReturnId::from_uuid)).await?;
    Ok(rows.into_iter().map(|row| (row.head.id.uuid(), row.place())).collect())
}

/// Orders after an id, in the order of their ids.
pub async fn orders_after(reads: &impl Reads, after: OrderId, limit: u32) -> Result<Vec<OrderId>, Fault> {
    Ok(ids_after(reads, "sales_order", after.uuid(), limit).await?.into_iter().map(OrderId::from_uuid).collect())
}

/// Returns the IDs of up to `limit` returns after `after`.
pub async fn returns_after(reads: &impl Reads, after: ReturnId, limit: u32) -> Result<Vec<ReturnId>, Fault> {
    Ok(ids_after(reads, "sales_return", after.uuid(), limit).await?.into_iter().map(ReturnId::from_uuid).collect())
}

async fn ids_after(reads: &impl Reads, table: &str, after: Uuid, limit: u32) -> Result<Vec<Uuid>, Fault> {
    let sql = format!("SELECT id FROM {table} WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT {limit}");
    reads.rows(&sql, vec![after.into()]).await?.iter().map(Row::scalar).collect()
}

#[derive(Record)]
#[record(of = demand_document, alias = "d")]
struct CountedRow {
    document_id: Uuid,
    counted: String,
}

#[derive(Record)]
#[record(of = demand_document)]
struct WrittenCount {
    generation: i64,
    document_id: Uuid,
    counted: String,
}

#[derive(Record)]
#[record(of = demand_document)]
struct DeletedCount {
    generation: i64,
    document_id: Uuid,
}

/// Counted state of documents, as JSON.
pub type CountedStates = HashMap<Uuid, String>;

/// Returns the counted state of these documents.
pub async fn load_counted_states(
    reads: &impl Reads,
    generation: i64,
    documents: impl Iterator<Item = Uuid>,
) -> Result<CountedStates, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_document d WHERE d.tenant_id = $1 AND d.generation = $2 AND {}",
        CountedRow::SELECT,
        backend.in_ids("d.document_id", 3)
    );
    let ids = backend.ids(documents.map(ActorId::from_uuid));
    let rows = reads.records::<CountedRow>(&sql, vec![generation.into(), ids]).await?;
    Ok(rows.into_iter().map(|row| (row.document_id, row.counted)).collect())
}

/// Changes of counted documents: the counted value before, and the one after.
#[derive(Debug, Default)]
pub struct Counts(pub BTreeMap<Uuid, (Option<String>, Option<String>)>);

pub async fn write_counted(work: &Work, generation: i64, counts: Counts) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new_counts, mut changed_counts) = (Rows::<WrittenCount>::insert(tenant), Rows::<WrittenCount>::update(tenant));
    let mut deleted_counts = Rows::<DeletedCount>::delete(tenant);
    for (document_id, (before, after)) in counts.0 {
        match (before, after) {
            (Some(before), Some(counted)) if before == counted => {}
            (Some(_), Some(counted)) => changed_counts.push(WrittenCount { generation, document_id, counted }),
            (None, Some(counted)) => new_counts.push(WrittenCount { generation, document_id, counted }),
            (Some(_), None) => deleted_counts.push(DeletedCount { generation, document_id }),
            (None, None) => {}
        }
    }
    let writes: [Bulk; 3] = [new_counts.into(), changed_counts.into(), deleted_counts.into()];
    for bulk in writes {
        work.write(bulk).await?;
    }
    Ok(())
}
