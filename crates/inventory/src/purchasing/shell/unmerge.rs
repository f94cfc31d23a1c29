//! Undoing the merge of two suppliers. Moved products and rows of the catalogue are moved back if
//! they have not changed since the merge; all others stay with the survivor.

use std::collections::HashMap;

use entity::{id::kind as of, prelude::*};
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    storage::{
        Database, Fault, Reads as _, Work,
        idempotency::{self, CallResult, Key, hash_of, settle},
        journal::{self, NewEvent},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    audit_fields,
    merge::{MergeCallResult, MergedSupplier, Receipt, replay_merge},
};
use crate::{
    catalog::{
        core::{
            Rejection,
            supplier::SupplierRow,
            unmerge::{self, MergeRecord, UnmergeRequest},
        },
        events::{SUPPLIER_RESTORED, SUPPLIER_UNMERGED, SUPPLIER_UPDATED},
        rows::{small_tables, unmerge as unmerge_rows},
        shell::{
            MergeStop, MergedPair, Mode, MovedProducts, merged_from_fields, move_products_back, refuse_at, stored_result,
            supplier_audit_fields,
        },
    },
    purchasing::{
        core::{CurrentSupplies, RestoredSupplies, SuppliersMoved, Supply, SupplyMoved, unmerge_supplies},
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_RESTORED, SUPPLIER_PRODUCT_UPDATED, SupplyChanged},
        rows,
    },
};

/// Rows that went back, and rows that did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmergeCounts {
    /// Number of products that were moved back.
    pub products: usize,
    /// Number of rows of the catalogue that are in use again.
    pub supplies: usize,
    /// Number of products and rows that were changed since, and are left unchanged.
    pub stay: usize,
    /// Number of purchase orders and returns that are listed with the restored supplier alone
    /// again.
    pub documents: i64,
}

/// Undoes the merge of a supplier, once for the key.
pub async fn supplier_unmerge(
    (db, clock): (&Database, &Clock),
    permit: Permit<kind::SupplierMerge>,
    request: UnmergeRequest<of::SupplierId>,
    mode: Mode,
) -> MergeCallResult<UnmergeCounts> {
    let key = Key {
        owner: permit.actor().id,
        mutation: "supplierUnmerge",
        key: request.idempotency_key.clone(),
        hash: hash_of(&request),
    };
    let mut work = permit.scope(db).begin().await?;
    let outcome = unmerge_suppliers(&mut work, &key, &request, clock.now()).await;
    settle(work, outcome, mode == Mode::Check).await
}

async fn unmerge_suppliers(
    work: &mut Work,
    key: &Key,
    request: &UnmergeRequest<of::SupplierId>,
    now: Timestamp,
) -> MergeCallResult<UnmergeCounts> {
    // Read before the rows are locked, so that they are locked in the order of their IDs, as by
    // merges.
    let record = unmerge_rows::supplier_merge(work, request.id).await?;
    let moved_records: SuppliersMoved = unmerge_rows::moved(record.as_ref())?;
    let into = record.as_ref().map(|record| record.into);
    let ids: Vec<SupplierId> = [request.id].into_iter().chain(into).chain(moved_records.turned.iter().copied()).collect();
    let supplier_rows = small_tables::lock_by_ids_or_texts::<entity::supplier::Entity, _>(work, &ids, "code_key", &[]).await?;
    let row = |id: SupplierId| supplier_rows.iter().find(|row| row.id == id);
    let (merged_row, surviving_row) = (row(request.id), into.and_then(row));
    let problems = unmerge::check(request, record.as_ref(), (merged_row, surviving_row), now);
    let (true, Some(record), Some(merged_row), Some(surviving_row)) = (problems.is_empty(), record, merged_row, surviving_row)
    else {
        // If an earlier call with the key undid it, the refusal is due to that call.
        return match stored_result::<Receipt<UnmergeCounts>>(work, key).await? {
            Some(receipt) => replay_merge(work, &receipt).await,
            None => Err(MergeStop::Refused(problems)),
        };
    };
    let SuppliersMoved { turned: repointed, products, supplies } = moved_records;
    let requested_count = products.len();
    let MovedProducts { ids: products, mut events } =
        move_products_back(work, &products, (surviving_row.id, merged_row.id), now).await?;
    let (restored_count, kept_count) =
        move_supplies_back(work, (merged_row.id, surviving_row.id), supplies, now, &mut events).await?;
    // The counter row is locked, as in a merge: nothing is written if the key has an answer.
    if let Some(receipt) = stored_result::<Receipt<UnmergeCounts>>(work, key).await? {
        return replay_merge(work, &receipt).await;
    }
    // Another call may have undone the merge and merged again before the rows were locked.
    if unmerge_rows::supplier_merge(work, request.id).await?.is_none_or(|current_record| current_record.id != record.id) {
        return Err(refuse_at("expectedVersion", Rejection::Stale { actual: merged_row.version }));
    }
    let rows = restore_suppliers(work, (merged_row, surviving_row), (&record, &repointed), now, &mut events).await?;
    let documents = rows::count_documents_with(work, merged_row.id).await?;
    let counts = UnmergeCounts {
        products: products.len(),
        supplies: restored_count,
        stay: kept_count + requested_count - products.len(),
        documents,
    };
    let seq = journal::append(work, events, now).await?;
    let receipt = Receipt { merged: merged_row.id, into: surviving_row.id, seq, counts };
    idempotency::keep(work, key, &receipt, now).await?;
    Ok(CallResult { value: MergedSupplier { rows, counts }, seq, is_replayed: false })
}

/// Writes both suppliers and those that followed the merge, and marks the merge as undone.
async fn restore_suppliers(
    work: &mut Work,
    (merged_row, surviving_row): (&SupplierRow, &SupplierRow),
    (record, repointed): (&MergeRecord<of::SupplierId>, &[SupplierId]),
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<MergedPair<SupplierRow>, Fault> {
    let version = merged_row.version + 1;
    let merged = SupplierRow { archived_at: None, merged_into: None, version, updated_at: now, ..merged_row.clone() };
    let into = SupplierRow { version: surviving_row.version + 1, updated_at: now, ..surviving_row.clone() };
    work.update::<entity::supplier::Entity>(merged.clone()).await?;
    work.update::<entity::supplier::Entity>(into.clone()).await?;
    for (id, version) in unmerge_rows::restore_merged_suppliers(work, repointed, (surviving_row.id, merged_row.id), now).await? {
        let merge_fields = |into: SupplierId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&merge_fields(surviving_row.id)), Some(&merge_fields(merged_row.id)), None);
        events.push(SUPPLIER_UPDATED.of(id, version));
    }
    unmerge_rows::mark_merge_undone(work, record.id, now).await?;
    audit::changed(work, merged_row.id, Some(&supplier_audit_fields(merged_row)), Some(&supplier_audit_fields(&merged)), None);
    audit::changed(work, surviving_row.id, Some(&merged_from_fields(merged_row.id.to_string())), Some(&Fields::default()), None);
    // The event of restoring is written, too: caches depend on it.
    events.push(SUPPLIER_RESTORED.of(merged_row.id, merged.version));
    events.push(SUPPLIER_UNMERGED.of(merged_row.id, merged.version));
    events.push(SUPPLIER_UPDATED.of(surviving_row.id, into.version));
    Ok(MergedPair { merged, into })
}

/// Restores rows of the catalogues. Returns how many are in use again, and how many were changed
/// since and are left unchanged.
async fn move_supplies_back(
    work: &mut Work,
    (merged_supplier, surviving_supplier): (SupplierId, SupplierId),
    moved_supplies: Vec<SupplyMoved>,
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<(usize, usize), Fault> {
    let products: Vec<ProductId> = moved_supplies.iter().map(|row| row.product).collect();
    let mut pairs: Vec<(SupplierId, ProductId)> =
        products.iter().flat_map(|product| [(merged_supplier, *product), (surviving_supplier, *product)]).collect();
    pairs.sort_unstable();
    let locked: HashMap<(SupplierId, ProductId), Supply> = rows::lock_supplies(work, &pairs).await?;
    let bought_elsewhere = rows::bought_elsewhere(work, &products, (merged_supplier, surviving_supplier)).await?;
    let current_supplies = CurrentSupplies { merged: merged_supplier, into: surviving_supplier, rows: locked, bought_elsewhere };
    let RestoredSupplies { undone, back, stay } = unmerge_supplies(moved_supplies, current_supplies, now);
    // Rows that the merge made preferred lose that first: a product has one preferred row.
    for changed in [&undone, &back] {
        let rows: Vec<Supply> = changed.iter().map(|(_, row)| row.clone()).collect();
        for bulk in rows::supply_rows(work.tenant(), &rows) {
            work.write(bulk).await?;
        }
    }
    for (before, after) in undone.iter().chain(&back) {
        audit::changed(work, after.product, Some(&audit_fields::supply(before)), Some(&audit_fields::supply(after)), None);
        let kind = match (before.archived_at, after.archived_at) {
            (None, Some(_)) => SUPPLIER_PRODUCT_ARCHIVED,
            (Some(_), None) => SUPPLIER_PRODUCT_RESTORED,
            (None, None) | (Some(_), Some(_)) => SUPPLIER_PRODUCT_UPDATED,
        };
        let payload = SupplyChanged { product: after.product, supplier: after.supplier, version: after.version };
        events.push(kind.event(&payload));
    }
    Ok((back.len(), stay))
}
