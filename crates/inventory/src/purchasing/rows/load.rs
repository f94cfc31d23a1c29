//! Loading and locking purchase orders.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order, purchase_order_line, store, supplier},
};
use platform::storage::{Fault, Finds, Reads};

use super::{
    charge_rows::fill_charges,
    order_row::{OrderRow, currency_of, index_by_order, parse_fixed_rate},
};
use crate::{
    purchasing::core::{Confirmation, FixedRate, LandedShares, LeadDay, Line, PurchaseOrder},
    stock::core::LevelKey,
};

/// Row of a line.
#[derive(Record)]
#[record(of = purchase_order_line, alias = "l")]
pub(super) struct LineRow {
    pub purchase_order_id: PurchaseOrderId,
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub supplier_sku: Option<String>,
    pub unit_decimals: i32,
    pub expected_on: Option<i32>,
    pub weight: Option<i64>,
    pub quantity: Quantity,
    pub most: Quantity,
    pub unit_cost_minor: i64,
    pub total_minor: i64,
    pub charges_minor: i64,
    pub charges_books_minor: i64,
    pub received: Quantity,
    pub damaged: Quantity,
    pub open: Quantity,
    pub short: Quantity,
    pub returned: Quantity,
    pub goods_off_minor: i64,
    pub charges_off_minor: i64,
    pub charges_books_off_minor: i64,
    pub confirmed_on: Option<i32>,
    pub confirmed_quantity: Option<Quantity>,
    pub lead_on: Option<i32>,
    pub lead_from: Option<LeadSource>,
    pub revision: i32,
    pub cancelled_at: Option<Timestamp>,
}

/// The number of the last receipt (`what` 0) or discrepancy (1).
#[derive(Record)]
struct LastNumber {
    #[record(sql = "g.purchase_order_id")]
    order: PurchaseOrderId,
    #[record(sql = "max(g.number)")]
    number: i32,
    #[record(sql = "0")]
    what: i32,
}

#[derive(Record)]
struct LevelRow {
    #[record(of = purchase_order_line, alias = "l")]
    product_id: ProductId,
    #[record(of = purchase_order, alias = "o")]
    store_id: StoreId,
}

#[derive(Record)]
#[record(of = purchase_order, alias = "o")]
struct PlaceRow {
    id: PurchaseOrderId,
    store_id: StoreId,
    supplier_id: SupplierId,
}

#[derive(Record)]
#[record(of = purchase_order_line, alias = "l")]
struct LineProduct {
    purchase_order_id: PurchaseOrderId,
    position: i32,
    product_id: ProductId,
}

#[derive(Record)]
struct ExistingReference {
    #[record(of = supplier, alias = "s")]
    id: SupplierId,
    #[record(of = purchase_order, alias = "o", not_null)]
    external_ref: String,
}

/// Returns orders with all their parts, locked in ID order until the transaction ends.
pub async fn lock_orders(work: &impl Reads, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrder>, Fault> {
    read(work, ids, &work.backend().for_change("o")).await
}

/// Returns orders with all their parts, as committed; in no order.
pub async fn orders(reads: &impl Reads, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrder>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[PurchaseOrderId], lock: &str) -> Result<Vec<PurchaseOrder>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM purchase_order o WHERE o.tenant_id = $1 AND {of} ORDER BY o.id{lock}",
        select = OrderRow::SELECT,
        of = backend.in_ids("o.id", 2)
    );
    let rows = reads.records::<OrderRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut orders = rows.into_iter().map(OrderRow::order).collect::<Result<Vec<_>, _>>()?;
    fill_lines(reads, &mut orders).await?;
    fill_charges(reads, &mut orders).await?;
    load_last_numbers(reads, &mut orders).await?;
    Ok(orders)
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    if orders.is_empty() {
        return Ok(());
    }
    let (backend, index_by_order) = (reads.backend(), index_by_order(orders));
    let condition = backend.in_ids("l.purchase_order_id", 2);
    let sql = format!(
        "SELECT {select} FROM purchase_order_line l WHERE l.tenant_id = $1 AND {condition} ORDER BY l.purchase_order_id, l.position",
        select = LineRow::SELECT
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        if let Some(order) = index_by_order.get(&row.purchase_order_id).and_then(|place| orders.get_mut(*place)) {
            order.lines.push(row.line(order.currency));
        }
    }
    Ok(())
}

impl LineRow {
    fn line(self, currency: Currency) -> Line {
        let money = |minor| Money::new(minor, currency);
        Line {
            position: self.position as u16,
            product: self.product_id,
            sku: self.sku,
            name: self.name,
            supplier_sku: self.supplier_sku,
            decimals: self.unit_decimals as u8,
            expected_on: self.expected_on,
            weight: self.weight,
            quantity: self.quantity,
            most: self.most,
            unit_cost: money(self.unit_cost_minor),
            total: money(self.total_minor),
            charges: money(self.charges_minor),
            charges_in_books: self.charges_books_minor,
            received: self.received,
            damaged: self.damaged,
            open: self.open,
            short: self.short,
            returned: self.returned,
            off: LandedShares {
                goods: self.goods_off_minor,
                charges: self.charges_off_minor,
                charges_in_books: self.charges_books_off_minor,
            },
            confirmed: Confirmation { on: self.confirmed_on, quantity: self.confirmed_quantity },
            lead: self.lead_on.zip(self.lead_from).map(|(on, from)| LeadDay { on, from }),
            revision: self.revision as u16,
            cancelled_at: self.cancelled_at,
        }
    }
}

/// Reads the last numbers of receipts and discrepancies.
async fn load_last_numbers(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    let (backend, index_by_order) = (reads.backend(), index_by_order(orders));
    let id_condition = |alias: &str| backend.in_ids(&format!("{alias}.purchase_order_id"), 2);
    let sql = format!(
        "SELECT {select} FROM goods_receipt g WHERE g.tenant_id = $1 AND {received} GROUP BY g.purchase_order_id
         UNION ALL SELECT d.purchase_order_id, max(d.number), 1 FROM purchase_discrepancy d WHERE d.tenant_id = $1 AND {noted} GROUP BY d.purchase_order_id",
        select = LastNumber::SELECT,
        received = id_condition("g"),
        noted = id_condition("d")
    );
    for row in reads.records::<LastNumber>(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        if let Some(order) = index_by_order.get(&row.order).and_then(|place| orders.get_mut(*place)) {
            *if row.what == 0 { &mut order.receipts } else { &mut order.discrepancies } = row.number as u16;
        }
    }
    Ok(())
}

/// Returns the levels of these orders' lines; none for an order that does not exist.
pub async fn levels_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<LevelKey>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT {select} FROM purchase_order o
         JOIN purchase_order_line l ON l.tenant_id = o.tenant_id AND l.purchase_order_id = o.id WHERE o.tenant_id = $1 AND {of}",
        select = LevelRow::SELECT,
        of = backend.in_ids("o.id", 2)
    );
    let rows = reads.records::<LevelRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| LevelKey { product: row.product_id, store: row.store_id }).collect())
}

#[derive(Record)]
struct CurrencyAndZoneRow {
    #[record(of = purchase_order, alias = "o")]
    currency: String,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

/// Returns the currency of an order and the time zone of its store, if it exists.
pub async fn currency_and_zone_of(reads: &impl Reads, order: PurchaseOrderId) -> Result<Option<(Currency, String)>, Fault> {
    let sql = format!(
        "SELECT {} FROM purchase_order o JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id
         WHERE o.tenant_id = $1 AND o.id = $2",
        CurrencyAndZoneRow::SELECT
    );
    let row = reads.records::<CurrencyAndZoneRow>(&sql, vec![order.into()]).await?.pop();
    row.map(|row| Ok((currency_of("purchase_order", &row.currency)?, row.time_zone))).transpose()
}

#[derive(Record)]
struct ZoneRow {
    #[record(of = purchase_order, alias = "o")]
    id: PurchaseOrderId,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

/// The time zones of these orders' stores.
pub async fn zones_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<(PurchaseOrderId, String)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM purchase_order o JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id
         WHERE o.tenant_id = $1 AND {of}",
        select = ZoneRow::SELECT,
        of = backend.in_ids("o.id", 2)
    );
    let rows = reads.records::<ZoneRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.time_zone)).collect())
}

#[derive(Record)]
#[record(of = purchase_order, alias = "o")]
struct FixedRateRow {
    fixed_rate: Option<String>,
    fixed_rate_currency: Option<String>,
    fixed_rate_day: Option<i32>,
}

/// The rate that is agreed for an order.
pub async fn fixed_rate_of(reads: &impl Reads, order: PurchaseOrderId) -> Result<Option<FixedRate>, Fault> {
    let sql = format!("SELECT {} FROM purchase_order o WHERE o.tenant_id = $1 AND o.id = $2", FixedRateRow::SELECT);
    let row = reads.records::<FixedRateRow>(&sql, vec![order.into()]).await?.pop();
    let Some(row) = row else { return Ok(None) };
    parse_fixed_rate(row.fixed_rate.as_deref(), row.fixed_rate_currency.as_deref(), row.fixed_rate_day)
}

/// The stores and suppliers of these orders, of those that exist.
pub async fn places_of(
    reads: &impl Reads,
    ids: &[PurchaseOrderId],
) -> Result<HashMap<PurchaseOrderId, (StoreId, SupplierId)>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (PlaceRow::SELECT, backend.in_ids("o.id", 2));
    let sql = format!("SELECT {select} FROM purchase_order o WHERE o.tenant_id = $1 AND {condition}");
    let rows = reads.records::<PlaceRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.store_id, row.supplier_id))).collect())
}

/// The products of the lines of these orders.
pub async fn products_of_lines(
    reads: &impl Reads,
    ids: &[PurchaseOrderId],
) -> Result<HashMap<PurchaseOrderLineId, ProductId>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (LineProduct::SELECT, backend.in_ids("l.purchase_order_id", 2));
    let sql = format!("SELECT {select} FROM purchase_order_line l WHERE l.tenant_id = $1 AND {condition}");
    let rows = reads.records::<LineProduct>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.purchase_order_id.line(row.position as u16), row.product_id)).collect())
}

/// Returns those of these references that an order has, with its supplier.
pub async fn taken_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<(SupplierId, String)>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let condition = backend.in_texts("o.external_ref", 2);
    // The index begins with the supplier: with the tenant's suppliers named, it can be used.
    let sql = format!(
        "SELECT {select} FROM supplier s JOIN purchase_order o ON o.tenant_id = $1 AND o.supplier_id = s.id AND {condition} WHERE s.tenant_id = $1",
        select = ExistingReference::SELECT
    );
    let rows = reads.records::<ExistingReference>(&sql, vec![backend.texts(references.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.external_ref)).collect())
}
