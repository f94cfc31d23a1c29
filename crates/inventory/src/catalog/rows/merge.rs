//! Customers and suppliers that are merged into others. Documents keep the one that they were made for; whoever lists those of the other asks here first.

use entity::{
    id::Kind,
    prelude::*,
    record::{Record, Selected},
    tables::{customer, supplier},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;
use uuid::Uuid;

use crate::catalog::core::customer::CustomerRow;

/// SQL: the ID of a customer or a supplier; of one that is merged the ID of the one that it is merged into. For statements in which no other table has such
/// columns.
pub const SURVIVOR: &str = "coalesce(merged_into, id)";

/// SQL: the ID of a document's customer, of which `id` is the expression; of one that is merged the ID of the one that it is merged into. Needs the join of
/// `joined_merged`.
pub fn survivor_of(id: &str) -> String {
    format!("coalesce(m.merged_into, {id})")
}

/// SQL: joins the merged customers, of whom there are few, on alias `m`.
pub fn joined_merged(id: &str) -> String {
    format!("LEFT JOIN customer m ON m.tenant_id = $1 AND m.id = {id} AND m.merged_into IS NOT NULL")
}

#[derive(Record)]
#[record(of = customer, alias = "c")]
struct MergedRow {
    #[record(not_null)]
    merged_into: CustomerId,
    id: CustomerId,
}

#[derive(Record)]
#[record(of = supplier, alias = "c")]
struct MergedSupplier {
    #[record(not_null)]
    merged_into: SupplierId,
    id: SupplierId,
}

/// The customers that are merged into one of these, each behind the one that it is merged into.
pub async fn merged_customers(reads: &impl Reads, into: &[CustomerId]) -> Result<Vec<(CustomerId, CustomerId)>, Fault> {
    if into.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM customer c WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND {} ORDER BY c.merged_into, c.id",
        MergedRow::SELECT,
        backend.in_ids("c.merged_into", 2)
    );
    let rows = reads.records::<MergedRow>(&sql, vec![backend.ids(into.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.merged_into, row.id)).collect())
}

/// The customers that are merged into one, without those who are erased: those that came along with another of them last.
pub async fn known_merged(reads: &impl Reads, into: CustomerId) -> Result<Vec<CustomerId>, Fault> {
    let sql = "SELECT c.id FROM customer c WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND c.merged_into = $2
           AND NOT (c.personal IS NULL AND c.name IS NULL AND c.email IS NULL AND c.external_ref IS NULL)
         ORDER BY CASE WHEN EXISTS (SELECT 1 FROM party_merge m WHERE m.tenant_id = $1 AND m.customer_id IS NOT NULL AND m.customer_id = c.id
           AND m.undone_at IS NULL AND m.into_customer_id = $2) THEN 0 ELSE 1 END, c.id";
    let rows = reads.rows(sql, vec![into.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// The suppliers that are merged into one of these, each behind the one that it is merged into.
pub async fn merged_suppliers(reads: &impl Reads, into: &[SupplierId]) -> Result<Vec<(SupplierId, SupplierId)>, Fault> {
    if into.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM supplier c WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND {} ORDER BY c.merged_into, c.id",
        MergedSupplier::SELECT,
        backend.in_ids("c.merged_into", 2)
    );
    let rows = reads.records::<MergedSupplier>(&sql, vec![backend.ids(into.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.merged_into, row.id)).collect())
}

/// The customers that those of these references are merged into.
pub async fn survivors_of_refs(reads: &impl Reads, refs: &[&str]) -> Result<Vec<CustomerId>, Fault> {
    if refs.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM customer c WHERE c.tenant_id = $1 AND {} AND c.merged_into IS NOT NULL",
        MergedRow::SELECT,
        backend.in_texts("c.external_ref", 2)
    );
    let rows = reads.records::<MergedRow>(&sql, vec![backend.texts(refs.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| row.merged_into).collect())
}

#[derive(Record)]
struct DocumentCounts {
    #[record(
        sql = "(SELECT count(*) FROM sales_order o WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND o.customer_id = $2)"
    )]
    orders: i64,
    #[record(
        sql = "(SELECT count(*) FROM sales_return r WHERE r.tenant_id = $1 AND r.customer_id IS NOT NULL AND r.customer_id = $2)"
    )]
    returns: i64,
}

/// How many orders and returns name a customer.
pub async fn documents_of(reads: &impl Reads, customer: CustomerId) -> Result<(i64, i64), Fault> {
    let sql = format!("SELECT {}", DocumentCounts::SELECT);
    let counts = reads.records::<DocumentCounts>(&sql, vec![customer.into()]).await?.pop();
    Ok(counts.map_or((0, 0), |counts| (counts.orders, counts.returns)))
}

/// Writes that a customer is merged into another, and those with it that were merged into it before: their ids and versions.
pub async fn merge_customers(work: &Work, merged: &CustomerRow, into: &CustomerRow) -> Result<Vec<(CustomerId, i64)>, Fault> {
    let now = into.updated_at.micros();
    let sql = "UPDATE customer SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND merged_into IS NOT NULL AND merged_into = $2";
    let rows = turned(work, sql, vec![merged.id.into(), into.id.into(), now.into()]).await?;
    let sql = "UPDATE customer SET merged_into = $3, version = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![merged.id.into(), into.id.into(), merged.version.into(), now.into()]).await?;
    let sql = "UPDATE customer SET version = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![into.id.into(), into.version.into(), now.into()]).await?;
    Ok(rows)
}

/// Writes that suppliers that were merged into one are merged into another: their ids and versions.
pub async fn turn_suppliers(
    work: &Work,
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<Vec<(SupplierId, i64)>, Fault> {
    let sql = "UPDATE supplier SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND merged_into IS NOT NULL AND merged_into = $2";
    turned(work, sql, vec![from.into(), to.into(), now.micros().into()]).await
}

/// A customer or a supplier after a change.
#[derive(Record)]
struct TurnedRow {
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "version")]
    version: i64,
}

/// Makes a change of customers or suppliers: their ids and versions.
pub(super) async fn turned<K: Kind>(work: &Work, sql: &str, values: Vec<Value>) -> Result<Vec<(Id<K>, i64)>, Fault> {
    let sql = format!("{sql} RETURNING {}", TurnedRow::SELECT);
    let rows = work.records::<TurnedRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (Id::from_uuid(row.id), row.version)).collect())
}
