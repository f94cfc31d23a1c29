//! What is due of orders, over all tenants, in pages: orders that nobody paid for in time, and what has come for those that wait. Both walk a
//! partial index that holds only such rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::storage::{Fault, Global, SUSPENDED};
use sea_orm::Value;
use uuid::Uuid;

use super::{NOT_BARRED, WHOLE_KITS};
use crate::{
    ledger::due::{PageKey, bounds},
    stock::{core::LevelKey, rows::expected::lines_that_wait},
};

/// A pending order whose time is over.
#[derive(Debug, Clone, Copy)]
pub struct DueOrder {
    pub tenant: TenantId,
    pub order: OrderId,
    pub page_key: PageKey,
}

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct DueRow {
    tenant_id: TenantId,
    id: OrderId,
    #[record(not_null)]
    expires_at: Timestamp,
}

/// The next page of pending orders that were due at `now`, of so many at most.
pub async fn due_orders(global: &Global, now: Timestamp, after: PageKey, most: usize) -> Result<Vec<DueOrder>, Fault> {
    let sql = format!(
        "SELECT {select} FROM sales_order o
         WHERE o.status = 'PENDING' AND o.expires_at IS NOT NULL AND o.expires_at <= $1 AND o.tenant_id NOT IN {SUSPENDED} AND (o.expires_at, o.id) > ($2, $3)
         ORDER BY o.expires_at, o.id LIMIT {most}",
        select = DueRow::SELECT
    );
    let rows = global.records::<DueRow>(&sql, bounds(now, after)).await?;
    let due = |DueRow { tenant_id: tenant, id: order, expires_at }| {
        let page_key = PageKey::of(expires_at.micros(), order.uuid());
        DueOrder { tenant, order, page_key }
    };
    Ok(rows.into_iter().map(due).collect())
}

/// A level at which orders wait for stock and some is available.
#[derive(Debug, Clone, Copy)]
pub struct Arrived {
    pub tenant: TenantId,
    pub key: LevelKey,
    pub available: i64,
}

#[derive(Record)]
struct ArrivedRow {
    #[record(sql = "w.tenant_id")]
    tenant: TenantId,
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.store_id")]
    store: StoreId,
    #[record(sql = "s.on_hand - s.unavailable - s.reserved")]
    available: i64,
}

/// The next page of levels, of so many at most, at which orders wait for stock and some is available; what waits for a part of a kit does while a whole one could be
/// made. Walks a partial index that holds only lines that wait; CROSS JOIN keeps SQLite from beginning with all levels.
pub async fn arrived(global: &Global, after: Option<Arrived>, most: usize) -> Result<Vec<Arrived>, Fault> {
    let order = "JOIN sales_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
    let waiting = lines_that_wait(global.backend());
    let sql = format!(
        "SELECT DISTINCT {select} FROM (
           SELECT l.tenant_id, l.product_id, o.store_id FROM order_line l{waiting} {order} WHERE l.backordered > 0 AND l.stock_policy <> 'UNTRACKED'
             AND {NOT_BARRED}
           UNION ALL SELECT n.tenant_id, n.product_id, o.store_id FROM order_line l{waiting} {order}
           JOIN order_line_part n ON n.tenant_id = l.tenant_id AND n.order_id = l.order_id AND n.position = l.position
           WHERE l.backordered > 0 AND l.stock_policy = 'UNTRACKED' AND {NOT_BARRED} AND {WHOLE_KITS} > 0) w
         CROSS JOIN stock_level s
         JOIN product p ON p.tenant_id = w.tenant_id AND p.id = w.product_id AND p.stock_policy <> 'UNTRACKED' AND p.status <> 'ARCHIVED'
         JOIN store t ON t.tenant_id = w.tenant_id AND t.id = w.store_id AND t.archived_at IS NULL
         WHERE s.tenant_id = w.tenant_id AND s.product_id = w.product_id AND s.store_id = w.store_id
           AND s.on_hand - s.unavailable - s.reserved > 0
           AND (w.tenant_id, w.product_id, w.store_id) > ($1, $2, $3) AND w.tenant_id NOT IN {SUSPENDED}
         ORDER BY w.tenant_id, w.product_id, w.store_id LIMIT {most}",
        select = ArrivedRow::SELECT
    );
    let nil = Uuid::nil();
    let from = after.map_or([nil; 3], |last| [last.tenant.uuid(), last.key.product.uuid(), last.key.store.uuid()]);
    let rows = global.records::<ArrivedRow>(&sql, from.map(Value::from).to_vec()).await?;
    let arrived = |ArrivedRow { tenant, product, store, available }| {
        let key = LevelKey { product, store };
        Arrived { tenant, key, available }
    };
    Ok(rows.into_iter().map(arrived).collect())
}
