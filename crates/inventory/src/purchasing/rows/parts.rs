//! What belongs to purchase orders, for many of them at once: one statement each.

use std::collections::HashSet;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use super::load::currency_of;
use crate::purchasing::core::{Discrepancy, GoodsReceipt, Party, ReceiptLine};

/// The receipts of these orders with their lines, the oldest first.
pub async fn receipts_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<GoodsReceipt>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT g.id, g.purchase_order_id, g.number, g.store_id, g.external_ref, g.note, g.occurred_at, g.business_date, g.actor_kind, g.actor_id, g.created_at,
           o.currency, l.position, l.quantity, l.damaged, l.goods_minor, l.charges_minor
         FROM goods_receipt g JOIN purchase_order o ON o.tenant_id = g.tenant_id AND o.id = g.purchase_order_id
         LEFT JOIN goods_receipt_line l ON l.tenant_id = g.tenant_id AND l.receipt_id = g.id
         WHERE g.tenant_id = $1 AND {} ORDER BY g.purchase_order_id, g.number, l.position",
        backend.in_ids("g.purchase_order_id", 2)
    );
    let mut all: Vec<GoodsReceipt> = Vec::new();
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await? {
        let mut row = Row::new(row);
        let receipt = GoodsReceipt {
            id: row.take()?,
            order: row.take()?,
            number: row.take::<i32>()? as u16,
            store: row.take()?,
            external_ref: row.take()?,
            note: row.take()?,
            occurred_at: row.time()?,
            business_date: row.take()?,
            actor: Actor { kind: row.word("goods_receipt", ActorKind::parse)?, id: row.take()? },
            created_at: row.time()?,
            lines: Vec::new(),
        };
        let currency = currency_of("purchase_order", &row.take::<String>()?)?;
        if all.last().is_none_or(|last| last.id != receipt.id) {
            all.push(receipt);
        }
        if let (Some(position), Some(last)) = (row.take::<Option<i32>>()?, all.last_mut()) {
            last.lines.push(ReceiptLine {
                position: position as u16,
                quantity: row.take()?,
                damaged: row.take()?,
                goods: Money::new(row.take()?, currency),
                charges: Money::new(row.take()?, currency),
            });
        }
    }
    Ok(all)
}

/// What of these orders came otherwise than it was ordered, in the order it was noted.
pub async fn discrepancies_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<Discrepancy>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT d.purchase_order_id, d.number, d.kind, d.receipt_id, d.position, d.product_id, d.quantity, d.note, d.noted_at FROM purchase_discrepancy d
         WHERE d.tenant_id = $1 AND {} ORDER BY d.purchase_order_id, d.number",
        backend.in_ids("d.purchase_order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Discrepancy {
                order: row.take()?,
                number: row.take::<i32>()? as u16,
                kind: row.word("purchase_discrepancy", DiscrepancyKind::parse)?,
                receipt: row.take()?,
                position: row.take::<Option<i32>>()?.map(|position| position as u16),
                product: row.take()?,
                quantity: row.take()?,
                note: row.take()?,
                noted_at: row.time()?,
            })
        })
        .collect()
}

/// What a printed order says beside its own rows.
pub struct Printed {
    pub buyer: String,
    pub supplier: Party,
    /// Where the supplier takes orders.
    pub email: Option<String>,
    pub store: Party,
}

/// Buyer, supplier and store of an order; None when there is no such order.
pub async fn printed(reads: &impl Reads, order: PurchaseOrderId) -> Result<Option<Printed>, Fault> {
    let sql = "SELECT t.name, s.name, s.code, s.email, p.name, p.code FROM purchase_order o JOIN tenant t ON t.id = o.tenant_id
               JOIN supplier s ON s.tenant_id = o.tenant_id AND s.id = o.supplier_id
               JOIN store p ON p.tenant_id = o.tenant_id AND p.id = o.store_id WHERE o.tenant_id = $1 AND o.id = $2";
    let rows = reads.rows(sql, vec![order.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    Ok(Some(Printed {
        buyer: row.take()?,
        supplier: Party { name: row.take()?, code: row.take()? },
        email: row.take()?,
        store: Party { name: row.take()?, code: row.take()? },
    }))
}

/// Which of these products there are.
pub async fn products_that_exist(
    reads: &impl Reads,
    ids: impl IntoIterator<Item = ProductId>,
) -> Result<HashSet<ProductId>, Fault> {
    let ids: Vec<ProductId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id FROM product WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids)]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
