//! Customers and suppliers that are merged into others. Documents keep the ID that they were
//! created with; lists of the survivor's documents resolve it here.

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

/// SQL: the ID of a customer or a supplier; if it is merged, the survivor's. For statements in
/// which no other table has such columns.
pub const SURVIVOR: &str = "coalesce(merged_into, id)";

/// SQL: the ID of a document's customer, given as the expression `id`; if the customer is merged,
/// the survivor's ID. Needs the join of `join_merged_customers`.
pub fn survivor_of(id: &str) -> String {
    format!("coalesce(m.merged_into, {id})")
}

/// SQL: joins the merged customers, of whom there are few, on alias `m`.
pub fn join_merged_customers(id: &str) -> String {
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

/// A customer after a merge, or after a merge was undone.
#[derive(Record)]
#[record(of = customer)]
struct ChangedCustomer {
    id: CustomerId,
    version: i64,
    updated_at: Timestamp,
    merged_into: Option<CustomerId>,
}

/// Returns the customers that are merged into one of these, each with its survivor.
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

/// Returns the customers that are merged into one, without erased ones: those that followed another
/// of them last.
pub async fn unerased_merged_customers(reads: &impl Reads, into: CustomerId) -> Result<Vec<CustomerId>, Fault> {
    let sql = "SELECT c.id FROM customer c WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND c.merged_into = $2
           AND NOT (c.personal IS NULL AND c.name IS NULL AND c.email IS NULL AND c.external_ref IS NULL)
         ORDER BY CASE WHEN EXISTS (SELECT 1 FROM party_merge m WHERE m.tenant_id = $1 AND m.customer_id IS NOT NULL AND m.customer_id = c.id
           AND m.undone_at IS NULL AND m.into_customer_id = $2) THEN 0 ELSE 1 END, c.id";
    let rows = reads.rows(sql, vec![into.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Returns the suppliers that are merged into one of these, each with its survivor.
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

/// Returns the survivors of the customers with these references.
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

/// Counts the orders and the returns of a customer.
pub async fn count_customer_documents(reads: &impl Reads, customer: CustomerId) -> Result<(i64, i64), Fault> {
    let sql = format!("SELECT {}", DocumentCounts::SELECT);
    let counts = reads.records::<DocumentCounts>(&sql, vec![customer.into()]).await?.pop();
    Ok(counts.map_or((0, 0), |counts| (counts.orders, counts.returns)))
}

/// Records that a customer is merged into another, with the customers that were merged into it
/// before. Returns their IDs and versions.
pub async fn merge_customers(work: &Work, merged: &CustomerRow, into: &CustomerRow) -> Result<Vec<(CustomerId, i64)>, Fault> {
    let sql = "UPDATE customer SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND merged_into IS NOT NULL AND merged_into = $2";
    let rows = change_parties(work, sql, vec![merged.id.into(), into.id.into(), into.updated_at.micros().into()]).await?;
    update_pair(work, merged, into).await?;
    Ok(rows)
}

/// Writes a customer and the one that it is merged into, or was until now.
pub(super) async fn update_pair(work: &Work, merged: &CustomerRow, surviving: &CustomerRow) -> Result<(), Fault> {
    for row in [merged, surviving] {
        let CustomerRow { id, version, updated_at, merged_into, .. } = *row;
        work.update_row(ChangedCustomer { id, version, updated_at, merged_into }).await?;
    }
    Ok(())
}

/// Writes that suppliers that were merged into one are merged into another: their ids and versions.
pub async fn redirect_merged_suppliers(
    work: &Work,
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<Vec<(SupplierId, i64)>, Fault> {
    let sql = "UPDATE supplier SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND merged_into IS NOT NULL AND merged_into = $2";
    change_parties(work, sql, vec![from.into(), to.into(), now.micros().into()]).await
}

/// A customer or a supplier after a change.
#[derive(Record)]
struct UpdatedVersion {
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "version")]
    version: i64,
}

/// Executes a change of customers or suppliers, and returns their IDs and versions.
pub(super) async fn change_parties<K: Kind>(work: &Work, sql: &str, values: Vec<Value>) -> Result<Vec<(Id<K>, i64)>, Fault> {
    let sql = format!("{sql} RETURNING {}", UpdatedVersion::SELECT);
    let rows = work.records::<UpdatedVersion>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (Id::from_uuid(row.id), row.version)).collect())
}
