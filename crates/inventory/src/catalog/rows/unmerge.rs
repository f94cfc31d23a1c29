//! Records of merges: the merged row, its survivor, and the rows that the merge moved.

use entity::{
    id::{Kind, kind as of},
    prelude::*,
    record::{Record, Selected},
    tables::party_merge,
};
use platform::storage::{Fault, Finds, Reads, Work};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::merge;
use crate::catalog::core::{
    customer::CustomerRow,
    unmerge::{CustomersMoved, MergeRecord},
};

#[derive(Record)]
#[record(of = party_merge, alias = "m")]
struct OfCustomer {
    id: Uuid,
    #[record(not_null)]
    into_customer_id: CustomerId,
    moved: String,
    merged_at: Timestamp,
}

#[derive(Record)]
#[record(of = party_merge, alias = "m")]
struct OfSupplier {
    id: Uuid,
    #[record(not_null)]
    into_supplier_id: SupplierId,
    moved: String,
    merged_at: Timestamp,
}

/// A row and the row that it is merged into.
#[derive(Debug, Clone, Copy)]
pub enum Pair {
    Customers { merged: CustomerId, into: CustomerId },
    Suppliers { merged: SupplierId, into: SupplierId },
}

/// Records a merge, with the rows that it moved as JSON.
pub async fn record_merge(work: &Work, id: Uuid, pair: Pair, moved_json: String, now: Timestamp) -> Result<(), Fault> {
    let (customers, suppliers) = match pair {
        Pair::Customers { merged, into } => (Some((merged, into)), None),
        Pair::Suppliers { merged, into } => (None, Some((merged, into))),
    };
    let row = party_merge::Model {
        tenant_id: work.tenant(),
        id,
        customer_id: customers.map(|(merged, _)| merged),
        into_customer_id: customers.map(|(_, into)| into),
        supplier_id: suppliers.map(|(merged, _)| merged),
        into_supplier_id: suppliers.map(|(_, into)| into),
        moved: moved_json,
        merged_at: now,
        undone_at: None,
    };
    work.insert::<party_merge::Entity>(row).await
}

/// Returns the merge of a customer that is not undone.
pub async fn customer_merge(reads: &impl Reads, id: CustomerId) -> Result<Option<MergeRecord<of::CustomerId>>, Fault> {
    let sql = format!(
        "SELECT {} FROM party_merge m WHERE m.tenant_id = $1 AND m.customer_id IS NOT NULL AND m.customer_id = $2 AND m.undone_at IS NULL",
        OfCustomer::SELECT
    );
    let row = reads.records::<OfCustomer>(&sql, vec![id.into()]).await?.pop();
    Ok(row.map(|row| MergeRecord { id: row.id, into: row.into_customer_id, merged_at: row.merged_at, moved: row.moved }))
}

/// Returns the merge of a supplier that is not undone.
pub async fn supplier_merge(reads: &impl Reads, id: SupplierId) -> Result<Option<MergeRecord<of::SupplierId>>, Fault> {
    let sql = format!(
        "SELECT {} FROM party_merge m WHERE m.tenant_id = $1 AND m.supplier_id IS NOT NULL AND m.supplier_id = $2 AND m.undone_at IS NULL",
        OfSupplier::SELECT
    );
    let row = reads.records::<OfSupplier>(&sql, vec![id.into()]).await?.pop();
    Ok(row.map(|row| MergeRecord { id: row.id, into: row.into_supplier_id, merged_at: row.merged_at, moved: row.moved }))
}

/// Parses the record's list of moved rows; empty if no record is stored.
pub fn moved<K: Kind, T: DeserializeOwned + Default>(record: Option<&MergeRecord<K>>) -> Result<T, Fault> {
    let Some(record) = record else { return Ok(T::default()) };
    serde_json::from_str(&record.moved).map_err(|_| Fault::corrupt("party_merge", "the moved rows of a merge are valid JSON"))
}

/// Marks a merge as undone.
pub async fn mark_merge_undone(work: &Work, id: Uuid, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE party_merge SET undone_at = $3 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![id.into(), now.micros().into()]).await?;
    Ok(())
}

/// Records that a customer is not merged any more, and merges those that followed it into it again.
/// Returns their IDs and versions.
pub async fn unmerge_customers(
    work: &Work,
    (merged_row, surviving_row): (&CustomerRow, &CustomerRow),
    moved_customers: &CustomersMoved,
) -> Result<Vec<(CustomerId, i64)>, Fault> {
    merge::update_pair(work, merged_row, surviving_row).await?;
    if moved_customers.turned.is_empty() {
        return Ok(Vec::new());
    }
    let (backend, now) = (work.backend(), merged_row.updated_at.micros());
    let sql = format!(
        "UPDATE customer SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND {} AND merged_into IS NOT NULL AND merged_into = $5",
        backend.in_ids("id", 2)
    );
    let values =
        vec![backend.ids(moved_customers.turned.iter().copied()), merged_row.id.into(), now.into(), surviving_row.id.into()];
    merge::change_parties(work, &sql, values).await
}

/// Writes that suppliers are merged into one again that they came along with to another: their ids and versions.
pub async fn restore_merged_suppliers(
    work: &Work,
    supplier_ids: &[SupplierId],
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<Vec<(SupplierId, i64)>, Fault> {
    if supplier_ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = work.backend();
    let sql = format!(
        "UPDATE supplier SET merged_into = $3, version = version + 1, updated_at = $4
         WHERE tenant_id = $1 AND {} AND merged_into IS NOT NULL AND merged_into = $5",
        backend.in_ids("id", 2)
    );
    let values = vec![backend.ids(supplier_ids.iter().copied()), to.into(), now.micros().into(), from.into()];
    merge::change_parties(work, &sql, values).await
}
