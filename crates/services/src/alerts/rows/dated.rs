//! What a day brings: lots near their date, purchase orders that are late. Which day it is where something lies is the caller's to say.

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use platform::{
    clock,
    storage::{Fault, Global, Reads, Row},
};
use sea_orm::QueryResult;

use crate::alerts::core::Subject;

/// Something with a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    pub subject: Subject,
    pub day: i32,
    /// What a store has of a lot; the lines of an order that are late.
    pub quantity: i64,
    pub time_zone: String,
    pub category: Option<CategoryId>,
}

/// Rows a page.
const PAGE: usize = 1_000;

/// The tenants that have something with a day: lots that can be sold, with a date up to this one, orders that are waited for, alerts of either kind.
pub async fn tenants_with_dates(global: &Global, day: i32) -> Result<Vec<TenantId>, Fault> {
    let sql =
        "SELECT tenant_id FROM lot WHERE status = 'AVAILABLE' AND on_hand > 0 AND expires_on IS NOT NULL AND expires_on <= $1
               UNION SELECT tenant_id FROM purchase_order WHERE status IN ('ORDERED', 'PARTIALLY_RECEIVED')
               UNION SELECT tenant_id FROM alert WHERE state <> 'RESOLVED' AND kind IN ('EXPIRING', 'PURCHASE_ORDER_LATE')
               ORDER BY 1";
    global.rows(sql, vec![day.into()]).await?.iter().map(|row| Row::new(row).take()).collect()
}

fn lot(row: &QueryResult) -> Result<Dated, Fault> {
    let mut row = Row::new(row);
    let (lot, key) = (row.take()?, LevelKey { product: row.take()?, store: row.take()? });
    Ok(Dated {
        subject: Subject::Lot(lot, key),
        day: row.take()?,
        quantity: row.take()?,
        time_zone: row.take()?,
        category: row.take()?,
    })
}

/// The next page of what stores have of lots whose date is up to a day and of which no alert is there, behind a place; the soonest first. The page
/// is the last one when it is not full.
pub async fn lots(reads: &impl Reads, through: i32, after: Option<&Dated>) -> Result<(Vec<Dated>, bool), Fault> {
    let sql = format!(
        "SELECT l.id, v.product_id, v.store_id, l.expires_on, v.on_hand, s.time_zone, p.category_id FROM lot l
         JOIN lot_level v ON v.tenant_id = $1 AND v.lot_id = l.id AND v.on_hand > 0
         JOIN store s ON s.tenant_id = $1 AND s.id = v.store_id JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.status = 'AVAILABLE' AND l.on_hand > 0 AND l.expires_on IS NOT NULL AND l.expires_on <= $2
           AND (l.expires_on, l.id, v.store_id) > ($3, $4, $5)
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.lot_id = l.id AND a.store_id = v.store_id AND a.state <> 'RESOLVED')
         ORDER BY l.expires_on, l.id, v.store_id LIMIT {PAGE}"
    );
    let place = after.map_or((i32::MIN, LotId::NIL, StoreId::NIL), |last| {
        (last.day, last.subject.lot().unwrap_or(LotId::NIL), last.subject.store().unwrap_or(StoreId::NIL))
    });
    let rows = reads.rows(&sql, vec![through.into(), place.0.into(), place.1.into(), place.2.into()]).await?;
    Ok((rows.iter().map(lot).collect::<Result<_, Fault>>()?, rows.len() < PAGE))
}

fn order(row: &QueryResult) -> Result<Dated, Fault> {
    let mut row = Row::new(row);
    let subject = Subject::PurchaseOrder(row.take()?, row.take()?);
    Ok(Dated { subject, day: row.take()?, quantity: row.take()?, time_zone: row.take()?, category: None })
}

/// The next page of orders of which lines are open that were expected before a day, and of which no alert is there, behind one.
pub async fn orders(reads: &impl Reads, before: i32, after: Option<&Dated>) -> Result<(Vec<Dated>, bool), Fault> {
    let sql = format!(
        "SELECT o.id, o.store_id, min(coalesce(l.expected_on, o.expected_on)), count(*), s.time_zone FROM purchase_order o
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.open > 0
         JOIN store s ON s.tenant_id = $1 AND s.id = o.store_id
         WHERE o.tenant_id = $1 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED') AND coalesce(l.expected_on, o.expected_on) < $2 AND o.id > $3
           AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.tenant_id = $1 AND a.purchase_order_id = o.id AND a.state <> 'RESOLVED')
         GROUP BY o.id, o.store_id, s.time_zone ORDER BY o.id LIMIT {PAGE}"
    );
    let place = after.and_then(|last| last.subject.purchase_order()).unwrap_or(PurchaseOrderId::NIL);
    let rows = reads.rows(&sql, vec![before.into(), place.into()]).await?;
    Ok((rows.iter().map(order).collect::<Result<_, Fault>>()?, rows.len() < PAGE))
}

/// Of the lots that alerts are there of: those that lie there no more, are not for sale, or have a date farther off than so many days.
pub async fn no_longer_expiring(reads: &impl Reads, now: Timestamp, days: impl Fn(&Dated) -> i32) -> Result<Vec<Subject>, Fault> {
    let sql = "SELECT a.lot_id, a.product_id, a.store_id, coalesce(l.expires_on, 2147483647), coalesce(v.on_hand, 0), s.time_zone, p.category_id, l.status
               FROM alert a JOIN lot l ON l.tenant_id = $1 AND l.id = a.lot_id JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
               JOIN product p ON p.tenant_id = $1 AND p.id = a.product_id
               LEFT JOIN lot_level v ON v.tenant_id = $1 AND v.product_id = a.product_id AND v.lot_id = a.lot_id AND v.store_id = a.store_id
               WHERE a.tenant_id = $1 AND a.kind = 'EXPIRING' AND a.state <> 'RESOLVED'";
    let mut over = Vec::new();
    for row in &reads.rows(sql, vec![]).await? {
        let dated = lot(row)?;
        let status: String = row.try_get_by_index(7)?;
        let last = clock::local_day(now, &dated.time_zone).saturating_add(days(&dated));
        if dated.quantity == 0 || status != LotStatus::Available.as_str() || dated.day > last {
            over.push(dated.subject);
        }
    }
    Ok(over)
}

/// Of the orders that alerts are there of: those that wait for nothing any more, or for a day that is not so many days ago yet.
pub async fn no_longer_late(reads: &impl Reads, now: Timestamp, days: impl Fn(&Dated) -> i32) -> Result<Vec<Subject>, Fault> {
    let sql = "SELECT a.purchase_order_id, a.store_id, coalesce(min(coalesce(l.expected_on, o.expected_on)), 2147483647), count(l.position), s.time_zone
               FROM alert a JOIN purchase_order o ON o.tenant_id = $1 AND o.id = a.purchase_order_id JOIN store s ON s.tenant_id = $1 AND s.id = a.store_id
               LEFT JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.open > 0
                 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED')
               WHERE a.tenant_id = $1 AND a.kind = 'PURCHASE_ORDER_LATE' AND a.state <> 'RESOLVED' GROUP BY a.purchase_order_id, a.store_id, s.time_zone";
    let mut over = Vec::new();
    for row in &reads.rows(sql, vec![]).await? {
        let dated = order(row)?;
        let today = clock::local_day(now, &dated.time_zone);
        if dated.quantity == 0 || dated.day.saturating_add(days(&dated)) >= today {
            over.push(dated.subject);
        }
    }
    Ok(over)
}
