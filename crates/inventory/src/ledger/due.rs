//! What has run out, over all tenants, in pages: the two questions of the expiry job. Both walk a partial index that holds only what can
//! run out.

use entity::prelude::*;
use platform::storage::{Fault, Global, Row};
use sea_orm::Value;
use uuid::Uuid;

use crate::{orders::rows::WHOLE_KITS, stock::core::LevelKey};

/// How far a run has come: the expiry and the id of the last row it saw.
#[derive(Debug, Clone, Copy)]
pub struct PageKey(i64, Uuid);

impl PageKey {
    pub const START: Self = Self(i64::MIN, Uuid::nil());
}

/// A pending order whose time is over.
#[derive(Debug, Clone, Copy)]
pub struct DueOrder {
    pub tenant: TenantId,
    pub order: OrderId,
    pub page_key: PageKey,
}

/// A hold of no order whose time is over.
#[derive(Debug, Clone, Copy)]
pub struct DueHold {
    pub tenant: TenantId,
    pub reservation: ReservationId,
    pub key: LevelKey,
    pub page_key: PageKey,
}

/// Rows a page.
pub const PAGE: usize = 500;

/// The next page of pending orders that were due at `now`.
pub async fn orders(global: &Global, now: Timestamp, after: PageKey) -> Result<Vec<DueOrder>, Fault> {
    let sql = format!(
        "SELECT o.tenant_id, o.id, o.expires_at FROM sales_order o
         WHERE o.status = 'PENDING' AND o.expires_at IS NOT NULL AND o.expires_at <= $1 AND (o.expires_at, o.id) > ($2, $3)
         ORDER BY o.expires_at, o.id LIMIT {PAGE}"
    );
    let rows = global.rows(&sql, bounds(now, after)).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (tenant, order): (TenantId, OrderId) = (row.take()?, row.take()?);
            Ok(DueOrder { tenant, order, page_key: PageKey(row.take()?, order.uuid()) })
        })
        .collect()
}

/// The next page of holds that belong to no order and were due at `now`.
pub async fn holds(global: &Global, now: Timestamp, after: PageKey) -> Result<Vec<DueHold>, Fault> {
    let sql = format!(
        "SELECT r.tenant_id, r.id, r.product_id, r.store_id, r.expires_at FROM reservation r
         WHERE r.status = 'ACTIVE' AND r.order_id IS NULL AND r.expires_at IS NOT NULL AND r.expires_at <= $1
         AND (r.expires_at, r.id) > ($2, $3) ORDER BY r.expires_at, r.id LIMIT {PAGE}"
    );
    let rows = global.rows(&sql, bounds(now, after)).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (tenant, reservation): (TenantId, ReservationId) = (row.take()?, row.take()?);
            let key = LevelKey { product: row.take()?, store: row.take()? };
            Ok(DueHold { tenant, reservation, key, page_key: PageKey(row.take()?, reservation.uuid()) })
        })
        .collect()
}

/// A lot that has stock past its date in some store, which can still be sold there.
#[derive(Debug, Clone)]
pub struct DueLot {
    pub tenant: TenantId,
    pub lot: LotId,
    pub expires_on: i32,
    pub time_zone: String,
}

/// What can be sold of lots whose date is before `day`, with the time zone of where it lies: whether the day is over there is the caller's to
/// say. At most a page.
pub async fn lots(global: &Global, day: i32) -> Result<Vec<DueLot>, Fault> {
    let sql = format!(
        "SELECT l.tenant_id, l.id, l.expires_on, s.time_zone FROM lot l
         JOIN lot_level v ON v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > v.unavailable
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on < $1
         ORDER BY l.expires_on, l.id LIMIT {PAGE}"
    );
    let rows = global.rows(&sql, vec![day.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(DueLot { tenant: row.take()?, lot: row.take()?, expires_on: row.take()?, time_zone: row.take()? })
        })
        .collect()
}

/// A level at which orders wait for stock and some is available.
#[derive(Debug, Clone, Copy)]
pub struct Arrived {
    pub tenant: TenantId,
    pub key: LevelKey,
    pub available: i64,
}

/// The next page of levels at which orders wait for stock and some is available; what waits for a part of a kit does while a whole one could be
/// made. Walks a partial index that holds only lines that wait.
pub async fn arrived(global: &Global, after: Option<&Arrived>) -> Result<Vec<Arrived>, Fault> {
    let order = "JOIN sales_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
    let sql = format!(
        "SELECT DISTINCT w.tenant_id, w.product_id, w.store_id, s.on_hand - s.unavailable - s.reserved FROM (
           SELECT l.tenant_id, l.product_id, o.store_id FROM order_line l {order} WHERE l.backordered > 0 AND l.stock_policy <> 'UNTRACKED'
           UNION ALL SELECT n.tenant_id, n.product_id, o.store_id FROM order_line l {order}
           JOIN order_line_part n ON n.tenant_id = l.tenant_id AND n.order_id = l.order_id AND n.position = l.position
           WHERE l.backordered > 0 AND l.stock_policy = 'UNTRACKED' AND {WHOLE_KITS} > 0) w
         JOIN stock_level s ON s.tenant_id = w.tenant_id AND s.product_id = w.product_id AND s.store_id = w.store_id
           AND s.on_hand - s.unavailable - s.reserved > 0
         JOIN product p ON p.tenant_id = w.tenant_id AND p.id = w.product_id AND p.stock_policy <> 'UNTRACKED' AND p.status <> 'ARCHIVED'
         JOIN store t ON t.tenant_id = w.tenant_id AND t.id = w.store_id AND t.archived_at IS NULL
         WHERE (w.tenant_id, w.product_id, w.store_id) > ($1, $2, $3)
         ORDER BY w.tenant_id, w.product_id, w.store_id LIMIT {PAGE}"
    );
    let nil = Uuid::nil();
    let from = after.map_or([nil; 3], |last| [last.tenant.uuid(), last.key.product.uuid(), last.key.store.uuid()]);
    let rows = global.rows(&sql, from.map(Value::from).to_vec()).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let tenant = row.take()?;
            let key = LevelKey { product: row.take()?, store: row.take()? };
            Ok(Arrived { tenant, key, available: row.take()? })
        })
        .collect()
}

fn bounds(now: Timestamp, after: PageKey) -> Vec<Value> {
    vec![now.micros().into(), after.0.into(), after.1.into()]
}
