//! Goods that went back: reading them, and a batch's as rows.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind::*, Fault, Reads, Row};
use sea_orm::Value;

use super::load::currency_of;
use crate::purchasing::core::{SupplierReturn, SupplierReturnLine};

pub(super) const RETURN: &str = "r.id, r.number, r.supplier_id, r.store_id, r.purchase_order_id, r.external_ref, r.currency, r.credit_minor, r.reason_code, r.note,
    r.occurred_at, r.business_date, r.actor_kind, r.actor_id, r.created_at";

const NEW: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("supplier_id", Id),
    Column("store_id", Id),
    Column("purchase_order_id", IdOrNull),
    Column("external_ref", TextOrNull),
    Column("currency", Text),
    Column("credit_minor", Int),
    Column("reason_code", Text),
    Column("note", TextOrNull),
    Column("occurred_at", Int),
    Column("business_date", Small),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("created_at", Int),
];

const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("supplier_return_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("sku", Text),
    Column("name", Text),
    Column("unit_decimals", Small),
    Column("purchase_order_id", IdOrNull),
    Column("order_position", SmallOrNull),
    Column("quantity", Int),
    Column("source", Text),
    Column("unit_credit_minor", Int),
    Column("total_minor", Int),
];

pub(super) fn return_rows(tenant: TenantId, returns: &[&SupplierReturn]) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let (mut heads, mut lines) = (Bulk::insert("supplier_return", NEW), Bulk::insert("supplier_return_line", LINE));
    for r in returns {
        heads.row([
            tenant.clone(),
            r.id.into(),
            r.number.into(),
            r.supplier.into(),
            r.store.into(),
            r.order.map(entity::id::Id::uuid).into(),
            r.external_ref.clone().into(),
            r.credit.currency.as_str().into(),
            r.credit.minor.into(),
            r.reason.as_str().into(),
            r.note.clone().into(),
            r.occurred_at.micros().into(),
            r.business_date.into(),
            r.actor.kind.as_str().into(),
            r.actor.id.into(),
            r.created_at.micros().into(),
        ]);
        for l in &r.lines {
            let of = l.of.map(entity::id::Id::split_line::<entity::id::kind::PurchaseOrderId>);
            lines.row([
                tenant.clone(),
                r.id.into(),
                i32::from(l.position).into(),
                l.product.into(),
                l.sku.as_str().into(),
                l.name.as_str().into(),
                i32::from(l.decimals).into(),
                of.map(|(order, _)| order.uuid()).into(),
                of.map(|(_, position)| i32::from(position)).into(),
                l.quantity.get().into(),
                l.source.as_str().into(),
                l.unit_credit.minor.into(),
                l.total.minor.into(),
            ]);
        }
    }
    [heads, lines]
}

/// Returns without their lines; in no order.
pub async fn returns(reads: &impl Reads, ids: &[SupplierReturnId]) -> Result<Vec<SupplierReturn>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT {RETURN} FROM supplier_return r WHERE r.tenant_id = $1 AND {}", backend.in_ids("r.id", 2));
    reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?.iter().map(|row| ret(&mut Row::new(row))).collect()
}

pub(super) fn ret(row: &mut Row<'_>) -> Result<SupplierReturn, Fault> {
    let (id, number, supplier, store, order, external_ref) =
        (row.take()?, row.take()?, row.take()?, row.take()?, row.take()?, row.take()?);
    let currency = currency_of("supplier_return", &row.take::<String>()?)?;
    Ok(SupplierReturn {
        id,
        number,
        supplier,
        store,
        order,
        external_ref,
        credit: Money::new(row.take()?, currency),
        reason: row.word("supplier_return", ReasonCode::parse)?,
        note: row.take()?,
        occurred_at: row.time()?,
        business_date: row.take()?,
        actor: Actor { kind: row.word("supplier_return", ActorKind::parse)?, id: row.take()? },
        created_at: row.time()?,
        lines: Vec::new(),
    })
}

/// The lines of these returns.
pub async fn return_lines(
    reads: &impl Reads,
    ids: &[SupplierReturnId],
) -> Result<HashMap<SupplierReturnId, Vec<SupplierReturnLine>>, Fault> {
    let mut all: HashMap<SupplierReturnId, Vec<SupplierReturnLine>> = ids.iter().map(|id| (*id, Vec::new())).collect();
    if ids.is_empty() {
        return Ok(all);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.supplier_return_id, r.currency, l.position, l.product_id, l.sku, l.name, l.unit_decimals, l.purchase_order_id, l.order_position,
           l.quantity, l.source, l.unit_credit_minor, l.total_minor
         FROM supplier_return_line l JOIN supplier_return r ON r.tenant_id = l.tenant_id AND r.id = l.supplier_return_id
         WHERE l.tenant_id = $1 AND {} ORDER BY l.supplier_return_id, l.position",
        backend.in_ids("l.supplier_return_id", 2)
    );
    for row in &reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let mut row = Row::new(row);
        let (id, currency): (SupplierReturnId, String) = (row.take()?, row.take()?);
        let currency = currency_of("supplier_return", &currency)?;
        let position = row.take::<i32>()? as u16;
        let (product, sku, name, decimals) = (row.take()?, row.take()?, row.take()?, row.take::<i32>()? as u8);
        let of: (Option<PurchaseOrderId>, Option<i32>) = (row.take()?, row.take()?);
        let line = SupplierReturnLine {
            position,
            product,
            sku,
            name,
            decimals,
            of: of.0.zip(of.1).map(|(order, position)| order.line(position as u16)),
            quantity: row.take()?,
            source: row.word("supplier_return_line", ReturnSource::parse)?,
            unit_credit: Money::new(row.take()?, currency),
            total: Money::new(row.take()?, currency),
        };
        all.entry(id).or_default().push(line);
    }
    Ok(all)
}
