//! Rows of a supplier that is to be merged: its catalogue, and its open documents.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};

use super::supply::SupplyRow;
use crate::{
    catalog::rows::archiving::{OPEN_ORDERS, OPEN_ORDERS_BILLED},
    purchasing::core::Supply,
};

/// The most open documents that a refusal names.
const MAX_LISTED_DOCUMENTS: i64 = 10;

/// Open documents and settings of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDocuments {
    pub orders: i64,
    /// The first document numbers.
    pub numbers: Vec<i64>,
    /// Blanket orders.
    pub blankets: i64,
    pub policies: i64,
    /// Number of purchase budgets of the supplier.
    pub budgets: i64,
    /// Number of orders and returns of every state.
    pub documents: i64,
}

/// Returns the first products of a supplier's catalogue whose rows are in use.
pub async fn list_supplies_in_use(reads: &impl Reads, supplier: SupplierId, limit: usize) -> Result<Vec<Supply>, Fault> {
    let sql = format!(
        "SELECT {} FROM supplier_product y WHERE y.tenant_id = $1 AND y.supplier_id = $2 AND y.archived_at IS NULL
         ORDER BY y.supplier_id, y.product_id LIMIT $3",
        SupplyRow::SELECT
    );
    let rows = reads.records::<SupplyRow>(&sql, vec![supplier.into(), (limit as i64).into()]).await?;
    rows.into_iter().map(SupplyRow::supply).collect()
}

/// SQL of the number of purchase orders, by themselves or in a charge, and returns of every state
/// that name a supplier.
const DOCUMENTS: &str = "(SELECT count(*) FROM purchase_order o WHERE o.tenant_id = $1 AND o.supplier_id = $2)
           + (SELECT count(*) FROM supplier_return r WHERE r.tenant_id = $1 AND r.supplier_id = $2)
           + (SELECT count(DISTINCT c.purchase_order_id) FROM purchase_charge c WHERE c.tenant_id = $1 AND c.supplier_id = $2)";

/// `OpenDocuments` without the numbers.
#[derive(Record)]
struct OpenCounts {
    #[record(sql = "n.orders")]
    orders: i64,
    #[record(sql = "n.blankets")]
    blankets: i64,
    #[record(sql = "n.policies")]
    policies: i64,
    #[record(sql = "n.budgets")]
    budgets: i64,
    #[record(sql = "n.documents")]
    documents: i64,
}

/// Counts the open documents and settings of a supplier. While the caller holds the counter's lock,
/// no more can be opened.
pub async fn count_open_documents(work: &Work, supplier: SupplierId) -> Result<OpenDocuments, Fault> {
    let sql = format!(
        "SELECT {} FROM (SELECT (SELECT count(*) FROM {OPEN_ORDERS}) + (SELECT count(DISTINCT o.id) FROM {OPEN_ORDERS_BILLED}) AS orders,
           (SELECT count(*) FROM blanket_order b WHERE b.tenant_id = $1 AND b.supplier_id = $2 AND b.status IN ('DRAFT', 'ACTIVE', 'EXHAUSTED'))
             AS blankets,
           (SELECT count(*) FROM replenishment_policy p WHERE p.tenant_id = $1 AND p.supplier_id = $2) AS policies,
           (SELECT count(*) FROM replenishment_scope_budget g WHERE g.tenant_id = $1 AND g.supplier_id = $2 AND g.body <> 'null') AS budgets,
           {DOCUMENTS} AS documents) n",
        OpenCounts::SELECT
    );
    let counts = work.records::<OpenCounts>(&sql, vec![supplier.into()]).await?.pop();
    let counts = counts.ok_or_else(|| Fault::Broken("a count has a row".to_owned()))?;
    let OpenCounts { orders, blankets, policies, budgets, documents } = counts;
    let mut numbers: Vec<i64> = Vec::new();
    for from in [OPEN_ORDERS, OPEN_ORDERS_BILLED] {
        let sql = format!("SELECT DISTINCT o.number FROM {from} ORDER BY o.number LIMIT $3");
        let rows = work.rows(&sql, vec![supplier.into(), MAX_LISTED_DOCUMENTS.into()]).await?;
        numbers.extend(rows.iter().map(Row::scalar).collect::<Result<Vec<i64>, Fault>>()?);
    }
    numbers.sort_unstable();
    numbers.truncate(MAX_LISTED_DOCUMENTS as usize);
    Ok(OpenDocuments { orders, numbers, blankets, policies, budgets, documents })
}

/// Returns those of these products whose preferred supplier is a third one, neither of these two.
pub async fn bought_elsewhere(
    reads: &impl Reads,
    products: &[ProductId],
    (merged_supplier, surviving_supplier): (SupplierId, SupplierId),
) -> Result<HashSet<ProductId>, Fault> {
    if products.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT y.product_id FROM supplier_product y
         WHERE y.tenant_id = $1 AND {} AND y.preferred = 1 AND y.supplier_id <> $3 AND y.supplier_id <> $4",
        backend.in_ids("y.product_id", 2)
    );
    let rows =
        reads.rows(&sql, vec![backend.ids(products.iter().copied()), merged_supplier.into(), surviving_supplier.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Counts purchase orders and returns of every state that name a supplier, also in a charge.
pub async fn count_documents_with(reads: &impl Reads, supplier: SupplierId) -> Result<i64, Fault> {
    match reads.rows(&format!("SELECT {DOCUMENTS}"), vec![supplier.into()]).await?.first() {
        Some(row) => Row::scalar(row),
        None => Ok(0),
    }
}

/// The first SKUs of products.
pub async fn skus_of(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<String>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.sku FROM product p WHERE p.tenant_id = $1 AND {} ORDER BY p.sku_key LIMIT $3",
        backend.in_ids("p.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(products.iter().copied()), MAX_LISTED_DOCUMENTS.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}
