//! Subjects of the kinds that a date opens: those that are due, and those that have alerts. The
//! caller compares the date with the local day of their store.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{lot, lot_level, product, purchase_order, store, transfer},
};
use inventory::stock::core::LevelKey;
use platform::{
    clock,
    storage::{Fault, Finds, Global, Reads, Row, SUSPENDED},
};

use super::{
    anomalous_days,
    dated_subject::{DatedSubject, PAGE},
    schedules::IS_FAILING,
    works,
};
use crate::alerts::core::{DatedKind, MAX_DAYS, SCHEDULE_KINDS, Subject};

/// The time zone in which a day begins first.
const EARLIEST_TIME_ZONE: &str = "Etc/GMT-14";

/// Reads the next page of subjects of a kind that may be due and have no alert, and whether it is
/// the last page. `days`: the maximum days of the kind's rules.
pub async fn page_of_dated(
    reads: &impl Reads,
    kind: DatedKind,
    now: Timestamp,
    days: i32,
    after: Option<&DatedSubject>,
) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let today = clock::local_day(now, EARLIEST_TIME_ZONE);
    match kind {
        DatedKind::Expiring => lots(reads, today.saturating_add(days), after).await,
        DatedKind::PurchaseOrderLate => orders(reads, today, after).await,
        DatedKind::TransferOverdue => transfers(reads, now, after).await,
        DatedKind::StockAnomaly => anomalous_days::read_anomalies(reads, after).await,
        DatedKind::FulfilmentOverdue => works::overdue_works(reads, now, after).await,
        DatedKind::FulfilmentRejected => works::rejected_orders(reads, after).await,
    }
}

/// Reads the current state of a kind's subjects that have alerts.
pub async fn alerted_subjects(reads: &impl Reads, kind: DatedKind) -> Result<Vec<DatedSubject>, Fault> {
    match kind {
        DatedKind::Expiring => alerted_lots(reads).await,
        DatedKind::PurchaseOrderLate => alerted_orders(reads).await,
        DatedKind::TransferOverdue => alerted_transfers(reads).await,
        DatedKind::StockAnomaly => anomalous_days::alerted_anomalies(reads).await,
        DatedKind::FulfilmentOverdue => works::alerted_overdue(reads).await,
        DatedKind::FulfilmentRejected => works::alerted_rejected(reads).await,
    }
}

/// Returns the tenants that have subjects with a date: sellable lots with a date that a rule may
/// look ahead to, open orders and transfers, anomalous days, fulfilments that are not shipped,
/// backordered lines that stores have rejected, failing schedules, and alerts of any of these
/// kinds. Fulfilments are read store by store, as their index has them: most are shipped.
pub async fn tenants_with_dates(global: &Global, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let backend = global.backend();
    let day = clock::local_day(now, EARLIEST_TIME_ZONE).saturating_add(MAX_DAYS);
    let sql = format!(
        "SELECT tenant_id FROM (SELECT tenant_id FROM lot WHERE status = 'AVAILABLE' AND on_hand > 0 AND expires_on IS NOT NULL AND expires_on <= $1
         UNION SELECT tenant_id FROM purchase_order WHERE status IN ('ORDERED', 'PARTIALLY_RECEIVED')
         UNION SELECT tenant_id FROM transfer WHERE status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED') AND expected_at IS NOT NULL
         UNION SELECT tenant_id FROM stock_anomaly WHERE state = 'OPEN'
         UNION SELECT s.tenant_id FROM store s WHERE EXISTS (SELECT 1 FROM order_line_barred b WHERE b.tenant_id = s.tenant_id)
           OR EXISTS (SELECT 1 FROM fulfilment_work w WHERE w.tenant_id = s.tenant_id AND w.store_id = s.id AND {})
         UNION SELECT s.tenant_id FROM saved_view_schedule s WHERE {IS_FAILING} UNION SELECT s.tenant_id FROM export_schedule s WHERE {IS_FAILING}
         UNION SELECT tenant_id FROM alert WHERE state <> 'RESOLVED' AND {}) q
         WHERE tenant_id NOT IN {SUSPENDED} ORDER BY 1",
        works::IS_LIVE,
        backend.in_texts("kind", 2)
    );
    let kinds = DatedKind::all().map(|(_, kind)| kind).chain(SCHEDULE_KINDS);
    let kinds = backend.texts(kinds.map(AlertKind::as_str));
    global.rows(&sql, vec![day.into(), kinds]).await?.iter().map(Row::scalar).collect()
}

/// Units of a lot in a store.
#[derive(Record)]
struct LotRow {
    #[record(of = lot, alias = "l", column = "id")]
    lot: LotId,
    #[record(of = lot_level, alias = "v")]
    product_id: ProductId,
    #[record(of = lot_level, alias = "v")]
    store_id: StoreId,
    #[record(sql = "l.expires_on")]
    day: i32,
    #[record(of = lot_level, alias = "v")]
    on_hand: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
}

impl From<LotRow> for DatedSubject {
    fn from(row: LotRow) -> Self {
        Self {
            subject: Subject::Lot(row.lot, LevelKey { product: row.product_id, store: row.store_id }),
            day: row.day,
            quantity: row.on_hand,
            time_zone: row.time_zone,
            category: row.category_id,
        }
    }
}

/// Reads the next page, after a position, of lots with units in a store whose date is at most
/// `last_day` and that have no alert; the soonest first. A page that is not full is the last.
async fn lots(reads: &impl Reads, last_day: i32, after: Option<&DatedSubject>) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {select} FROM lot l
         JOIN lot_level v ON v.tenant_id = $1 AND v.lot_id = l.id AND v.on_hand > 0
         JOIN store s ON s.tenant_id = $1 AND s.id = v.store_id JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on <= $2
           AND (l.expires_on, l.id, v.store_id) > ($3, $4, $5)
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.lot_id = l.id AND a.store_id = v.store_id AND a.state <> 'RESOLVED')
         ORDER BY l.expires_on, l.id, v.store_id LIMIT {PAGE}",
        select = LotRow::SELECT
    );
    let last_key = after.map_or((i32::MIN, LotId::NIL, StoreId::NIL), |last| {
        let ids = last.subject.ids();
        (last.day, ids.lot.unwrap_or(LotId::NIL), ids.store.unwrap_or(StoreId::NIL))
    });
    let rows =
        reads.records::<LotRow>(&sql, vec![last_day.into(), last_key.0.into(), last_key.1.into(), last_key.2.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// The lines of an order that are late.
#[derive(Record)]
struct OrderRow {
    #[record(of = purchase_order, alias = "o")]
    id: PurchaseOrderId,
    #[record(of = purchase_order, alias = "o")]
    store_id: StoreId,
    #[record(sql = "min(coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on))")]
    day: i32,
    #[record(sql = "count(*)")]
    lines: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<OrderRow> for DatedSubject {
    fn from(row: OrderRow) -> Self {
        Self {
            subject: Subject::PurchaseOrder(row.id, row.store_id),
            day: row.day,
            quantity: row.lines,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Reads the next page of orders with open lines that were expected before a day, and without an
/// alert.
async fn orders(reads: &impl Reads, before: i32, after: Option<&DatedSubject>) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {select} FROM purchase_order o
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.open > 0
         JOIN store s ON s.tenant_id = $1 AND s.id = o.store_id
         WHERE o.tenant_id = $1 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED') AND coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on) < $2 AND o.id > $3
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.purchase_order_id = o.id AND a.state <> 'RESOLVED')
         GROUP BY o.id, o.store_id, s.time_zone ORDER BY o.id LIMIT {PAGE}",
        select = OrderRow::SELECT
    );
    let last_id = after.and_then(|last| last.subject.ids().purchase_order).unwrap_or(PurchaseOrderId::NIL);
    let rows = reads.records::<OrderRow>(&sql, vec![before.into(), last_id.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// Current state of a lot that has an alert.
#[derive(Record)]
struct AlertedLot {
    #[record(sql = "a.lot_id")]
    lot: LotId,
    #[record(sql = "a.product_id")]
    product: ProductId,
    #[record(sql = "a.store_id")]
    store: StoreId,
    #[record(sql = "coalesce(l.expires_on, 2147483647)")]
    day: i32,
    #[record(sql = "coalesce(v.on_hand, 0)")]
    on_hand: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(of = lot, alias = "l")]
    status: LotStatus,
}

impl From<AlertedLot> for DatedSubject {
    fn from(row: AlertedLot) -> Self {
        Self {
            subject: Subject::Lot(row.lot, LevelKey { product: row.product, store: row.store }),
            day: row.day,
            quantity: if row.status == LotStatus::Available { row.on_hand } else { 0 },
            time_zone: row.time_zone,
            category: row.category_id,
        }
    }
}

/// Reads the current state of lots that have alerts; a lot that is not for sale has no units.
async fn alerted_lots(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {}
               FROM alert a JOIN lot l ON l.tenant_id = $1 AND l.id = a.lot_id JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
               JOIN product p ON p.tenant_id = $1 AND p.id = a.product_id
               LEFT JOIN lot_level v ON v.tenant_id = $1 AND v.product_id = a.product_id AND v.lot_id = a.lot_id AND v.store_id = a.store_id
               WHERE a.tenant_id = $1 AND a.kind = 'EXPIRING' AND a.state <> 'RESOLVED'",
        AlertedLot::SELECT
    );
    Ok(reads.records::<AlertedLot>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}

/// Current state of an order that has an alert.
#[derive(Record)]
struct AlertedOrder {
    #[record(sql = "a.purchase_order_id")]
    id: PurchaseOrderId,
    #[record(sql = "a.store_id")]
    store: StoreId,
    #[record(sql = "coalesce(min(coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on)), 2147483647)")]
    day: i32,
    #[record(sql = "count(l.position)")]
    lines: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<AlertedOrder> for DatedSubject {
    fn from(row: AlertedOrder) -> Self {
        Self {
            subject: Subject::PurchaseOrder(row.id, row.store),
            day: row.day,
            quantity: row.lines,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Reads the current state of orders that have alerts; an order that waits for nothing has no
/// lines.
async fn alerted_orders(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {}
               FROM alert a JOIN purchase_order o ON o.tenant_id = $1 AND o.id = a.purchase_order_id JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
               LEFT JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.open > 0
                 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED')
               WHERE a.tenant_id = $1 AND a.kind = 'PURCHASE_ORDER_LATE' AND a.state <> 'RESOLVED' GROUP BY a.purchase_order_id, a.store_id, s.time_zone",
        AlertedOrder::SELECT
    );
    Ok(reads.records::<AlertedOrder>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}

/// A transfer, with its lines that have units in transit.
#[derive(Record)]
struct TransferRow {
    #[record(of = transfer, alias = "t")]
    id: TransferId,
    #[record(of = transfer, alias = "t")]
    to_store_id: StoreId,
    #[record(of = transfer, alias = "t")]
    expected_at: Option<Timestamp>,
    #[record(sql = "count(l.position)")]
    lines: i64,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl From<TransferRow> for DatedSubject {
    /// The day is that of the receiving store.
    fn from(row: TransferRow) -> Self {
        Self {
            subject: Subject::Transfer(row.id, row.to_store_id),
            day: row.expected_at.map_or(i32::MAX, |at| clock::local_day(at, &row.time_zone)),
            quantity: row.lines,
            time_zone: row.time_zone,
            category: None,
        }
    }
}

/// Reads the next page of transfers in transit that were expected before a time, and without an
/// alert.
async fn transfers(
    reads: &impl Reads,
    before: Timestamp,
    after: Option<&DatedSubject>,
) -> Result<(Vec<DatedSubject>, bool), Fault> {
    let sql = format!(
        "SELECT {select} FROM transfer t
         JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id AND l.received + l.lost < l.shipped
         JOIN store s ON s.tenant_id = $1 AND s.id = t.to_store_id
         WHERE t.tenant_id = $1 AND t.status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED') AND t.expected_at IS NOT NULL AND t.expected_at < $2 AND t.id > $3
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.transfer_id = t.id AND a.state <> 'RESOLVED')
         GROUP BY t.id, t.to_store_id, t.expected_at, s.time_zone ORDER BY t.id LIMIT {PAGE}",
        select = TransferRow::SELECT
    );
    let last_id = after.and_then(|last| last.subject.ids().transfer).unwrap_or(TransferId::NIL);
    let rows = reads.records::<TransferRow>(&sql, vec![before.micros().into(), last_id.into()]).await?;
    let is_last = rows.len() < PAGE;
    Ok((rows.into_iter().map(DatedSubject::from).collect(), is_last))
}

/// Reads the current state of transfers that have alerts; a transfer with nothing in transit has no
/// lines.
async fn alerted_transfers(reads: &impl Reads) -> Result<Vec<DatedSubject>, Fault> {
    let sql = format!(
        "SELECT {}
               FROM alert a JOIN transfer t ON t.tenant_id = $1 AND t.id = a.transfer_id JOIN store s ON s.tenant_id = $1 AND s.id = t.to_store_id
               LEFT JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id AND l.received + l.lost < l.shipped
                 AND t.status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED')
               WHERE a.tenant_id = $1 AND a.kind = 'TRANSFER_OVERDUE' AND a.state <> 'RESOLVED' GROUP BY t.id, t.to_store_id, t.expected_at, s.time_zone",
        TransferRow::SELECT
    );
    Ok(reads.records::<TransferRow>(&sql, vec![]).await?.into_iter().map(DatedSubject::from).collect())
}
