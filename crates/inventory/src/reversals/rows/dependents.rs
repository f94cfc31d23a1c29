//! Documents that depend on the one that a reversal would undo.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::movement,
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use crate::{
    reversals::core::DependentDocument,
    stock::core::{LevelKey, Reference, ReferenceKind},
};

/// Maximum number of documents that are named; the others are only counted.
const MAX_NAMED_DOCUMENTS: usize = 10;
/// Maximum entries that are searched: any further ones are not counted.
const MAX_SEARCHED_ENTRIES: usize = 500;

/// Documents that were found, the newest first.
#[derive(Debug, Default)]
pub struct DependentList {
    pub documents: Vec<DependentDocument>,
    pub count: usize,
}

impl DependentList {
    pub(crate) fn of(all_documents: impl Iterator<Item = DependentDocument>) -> Self {
        let mut seen_documents = HashSet::new();
        let mut documents: Vec<DependentDocument> = all_documents.filter(|document| seen_documents.insert(*document)).collect();
        let count = documents.len();
        documents.truncate(MAX_NAMED_DOCUMENTS);
        Self { documents, count }
    }
}

#[derive(Record)]
#[record(of = movement, alias = "m")]
struct StockConsumerRow {
    id: MovementId,
    reference_kind: Option<String>,
    reference_id: Option<Uuid>,
}

/// Returns the documents and movements that took or reserved units of a level after an event.
pub async fn stock_consumers(reads: &impl Reads, key: LevelKey, first_seq: i64) -> Result<DependentList, Fault> {
    let sql = format!(
        "SELECT {select} FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
         WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND e.seq > $4 AND m.kind <> 'REVERSAL'
           AND (e.on_hand_delta < 0 OR e.reserved_delta > 0 OR e.unavailable_delta > 0)
         ORDER BY e.version_after DESC LIMIT {MAX_SEARCHED_ENTRIES}",
        select = StockConsumerRow::SELECT
    );
    let rows = reads.records::<StockConsumerRow>(&sql, vec![key.product.into(), key.store.into(), first_seq.into()]).await?;
    Ok(DependentList::of(rows.into_iter().map(|row| {
        let kind = row.reference_kind.as_deref().and_then(ReferenceKind::parse).filter(|kind| kind.is_document());
        match kind.zip(row.reference_id) {
            Some((kind, id)) => DependentDocument::Document(Reference { kind, id }),
            None => DependentDocument::Movement(row.id),
        }
    })))
}

/// Returns the supplier returns of an order's line that are not fully reversed.
pub async fn supplier_returns_of(reads: &impl Reads, line: PurchaseOrderLineId) -> Result<DependentList, Fault> {
    let (order, position) = line.split_line::<entity::id::kind::PurchaseOrderId>();
    let sql = format!(
        "SELECT DISTINCT r.id, r.number FROM supplier_return_line l
         JOIN supplier_return r ON r.tenant_id = $1 AND r.id = l.supplier_return_id
         WHERE l.tenant_id = $1 AND l.purchase_order_id = $2 AND l.order_position = $3 AND l.quantity > l.reversed
         ORDER BY r.number DESC LIMIT {MAX_SEARCHED_ENTRIES}"
    );
    let rows = reads.rows(&sql, vec![order.into(), i32::from(position).into()]).await?;
    let ids = rows.iter().map(Row::scalar).collect::<Result<Vec<Uuid>, _>>()?;
    let to_dependent = |id| DependentDocument::Document(Reference { kind: ReferenceKind::SupplierReturn, id });
    Ok(DependentList::of(ids.into_iter().map(to_dependent)))
}

/// Returns the returns of an order's goods that were not rejected.
pub async fn returns_of(reads: &impl Reads, order: OrderId) -> Result<DependentList, Fault> {
    let sql = format!(
        "SELECT DISTINCT r.id, r.number FROM return_match m JOIN sales_return r ON r.tenant_id = $1 AND r.id = m.return_id
         WHERE m.tenant_id = $1 AND m.order_id = $2 AND r.status <> 'REJECTED' ORDER BY r.number DESC LIMIT {MAX_SEARCHED_ENTRIES}"
    );
    let rows = reads.rows(&sql, vec![order.into()]).await?;
    let ids = rows.iter().map(Row::scalar).collect::<Result<Vec<Uuid>, _>>()?;
    let to_dependent = |id| DependentDocument::Document(Reference { kind: ReferenceKind::Return, id });
    Ok(DependentList::of(ids.into_iter().map(to_dependent)))
}

/// Returns the invoices of an order that are not fully credited.
pub async fn invoices_of(reads: &impl Reads, order: OrderId) -> Result<DependentList, Fault> {
    let sql = format!(
        "SELECT i.id FROM invoice i JOIN invoice_line l ON l.tenant_id = i.tenant_id AND l.invoice_id = i.id
         WHERE i.tenant_id = $1 AND i.order_id = $2 AND i.kind = 'INVOICE' AND l.quantity >
           (SELECT coalesce(sum(k.quantity), 0) FROM invoice c JOIN invoice_line k ON k.tenant_id = c.tenant_id AND k.invoice_id = c.id
            WHERE c.tenant_id = $1 AND c.credits_id = i.id AND k.position = l.position)
         ORDER BY i.issued_at DESC, i.id DESC LIMIT {MAX_SEARCHED_ENTRIES}"
    );
    let rows = reads.rows(&sql, vec![order.into()]).await?;
    let ids = rows.iter().map(Row::scalar).collect::<Result<Vec<InvoiceId>, _>>()?;
    Ok(DependentList::of(ids.into_iter().map(DependentDocument::Invoice)))
}
