//! Due rows of orders, over all tenants, in pages: pending orders that have expired, and levels
//! with new stock for backordered orders. Both scan a partial index that has only such rows.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::storage::{Fault, Global, SUSPENDED};
use sea_orm::Value;
use uuid::Uuid;

use super::{NOT_REFUSED_BY_STORE, WHOLE_KITS};
use crate::{
    ledger::due::{PageKey, page_parameters},
    stock::{core::LevelKey, rows::expected_arrivals::waiting_lines_hint},
};

/// An expired pending order.
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

/// Returns the next page of expired pending orders, up to a maximum.
pub async fn due_orders(global: &Global, now: Timestamp, after: PageKey, limit: usize) -> Result<Vec<DueOrder>, Fault> {
    let sql = format!(
        "SELECT {select} FROM sales_order o
         WHERE o.status = 'PENDING' AND o.expires_at IS NOT NULL AND o.expires_at <= $1 AND o.tenant_id NOT IN {SUSPENDED} AND (o.expires_at, o.id) > ($2, $3)
         ORDER BY o.expires_at, o.id LIMIT {limit}",
        select = DueRow::SELECT
    );
    let rows = global.records::<DueRow>(&sql, page_parameters(now, after)).await?;
    let due_order = |DueRow { tenant_id: tenant, id: order, expires_at }| {
        let page_key = PageKey::of(expires_at.micros(), order.uuid());
        DueOrder { tenant, order, page_key }
    };
    Ok(rows.into_iter().map(due_order).collect())
}

/// A level with backordered lines and available stock.
#[derive(Debug, Clone, Copy)]
pub struct RestockedLevel {
    pub tenant: TenantId,
    pub key: LevelKey,
    pub available: i64,
}

#[derive(Record)]
struct RestockedLevelRow {
    #[record(sql = "w.tenant_id")]
    tenant: TenantId,
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.store_id")]
    store: StoreId,
    #[record(sql = "s.on_hand - s.unavailable - s.reserved")]
    available: i64,
}

/// Returns the next page of levels, up to a maximum, with backordered lines and available stock; a
/// part of a kit counts if a whole kit could be made. Scans a partial index that has only
/// backordered lines; CROSS JOIN keeps SQLite from beginning with all levels.
pub async fn load_restocked_levels(
    global: &Global,
    after: Option<RestockedLevel>,
    limit: usize,
) -> Result<Vec<RestockedLevel>, Fault> {
    let order = "JOIN sales_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";
    let lines_hint = waiting_lines_hint(global.backend());
    let sql = format!(
        "SELECT DISTINCT {select} FROM (
           SELECT l.tenant_id, l.product_id, o.store_id FROM order_line l{lines_hint} {order} WHERE l.backordered > 0 AND l.stock_policy <> 'UNTRACKED'
             AND {NOT_REFUSED_BY_STORE}
           UNION ALL SELECT n.tenant_id, n.product_id, o.store_id FROM order_line l{lines_hint} {order}
           JOIN order_line_part n ON n.tenant_id = l.tenant_id AND n.order_id = l.order_id AND n.position = l.position
           WHERE l.backordered > 0 AND l.stock_policy = 'UNTRACKED' AND {NOT_REFUSED_BY_STORE} AND {WHOLE_KITS} > 0) w
         CROSS JOIN stock_level s
         JOIN product p ON p.tenant_id = w.tenant_id AND p.id = w.product_id AND p.stock_policy <> 'UNTRACKED' AND p.status <> 'ARCHIVED'
         JOIN store t ON t.tenant_id = w.tenant_id AND t.id = w.store_id AND t.archived_at IS NULL
         WHERE s.tenant_id = w.tenant_id AND s.product_id = w.product_id AND s.store_id = w.store_id
           AND s.on_hand - s.unavailable - s.reserved > 0
           AND (w.tenant_id, w.product_id, w.store_id) > ($1, $2, $3) AND w.tenant_id NOT IN {SUSPENDED}
         ORDER BY w.tenant_id, w.product_id, w.store_id LIMIT {limit}",
        select = RestockedLevelRow::SELECT
    );
    let nil = Uuid::nil();
    let from = after.map_or([nil; 3], |last| [last.tenant.uuid(), last.key.product.uuid(), last.key.store.uuid()]);
    let rows = global.records::<RestockedLevelRow>(&sql, from.map(Value::from).to_vec()).await?;
    let arrived = |RestockedLevelRow { tenant, product, store, available }| {
        let key = LevelKey { product, store };
        RestockedLevel { tenant, key, available }
    };
    Ok(rows.into_iter().map(arrived).collect())
}
