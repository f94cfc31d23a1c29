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
        idempotency::{self, Acted, Key, hash_of, settle},
        journal::{self, NewEvent},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    audit_fields,
    merge::{Done, MergedSupplier, Receipt, again},
};
use crate::{
    catalog::{
        core::{
            Rejection,
            supplier::SupplierRow,
            unmerge::{self, MergeRecord, UnmergeAsk},
        },
        events::{SUPPLIER_RESTORED, SUPPLIER_UNMERGED, SUPPLIER_UPDATED},
        rows::{small_tables, unmerge as unmerge_rows},
        shell::{
            MergeStop, MergedPair, Mode, MovedProducts, merged_from, move_products_back, refuse_at, stored_result,
            supplier_audit_fields,
        },
    },
    purchasing::{
        core::{RestoredSupplies, SuppliersMoved, SuppliesNow, Supply, SupplyMoved, unmerge_supplies},
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
    ask: UnmergeAsk<of::SupplierId>,
    mode: Mode,
) -> Done<UnmergeCounts> {
    let key =
        Key { owner: permit.actor().id, mutation: "supplierUnmerge", key: ask.idempotency_key.clone(), hash: hash_of(&ask) };
    let mut work = permit.scope(db).begin().await?;
    let done = unmerged(&mut work, &key, &ask, clock.now()).await;
    settle(work, done, mode == Mode::Check).await
}

async fn unmerged(work: &mut Work, key: &Key, ask: &UnmergeAsk<of::SupplierId>, now: Timestamp) -> Done<UnmergeCounts> {
    // Read before the rows are locked, so that they are locked in the order of their IDs, as by
    // merges.
    let record = unmerge_rows::supplier_merge(work, ask.id).await?;
    let moved: SuppliersMoved = unmerge_rows::moved(record.as_ref())?;
    let into = record.as_ref().map(|record| record.into);
    let ids: Vec<SupplierId> = [ask.id].into_iter().chain(into).chain(moved.turned.iter().copied()).collect();
    let known = small_tables::lock_by_ids_or_texts::<entity::supplier::Entity, _>(work, &ids, "code_key", &[]).await?;
    let row = |id: SupplierId| known.iter().find(|row| row.id == id);
    let (one, other) = (row(ask.id), into.and_then(row));
    let problems = unmerge::check(ask, record.as_ref(), (one, other), now);
    let (true, Some(record), Some(one), Some(other)) = (problems.is_empty(), record, one, other) else {
        // If an earlier call with the key undid it, the refusal is due to that call.
        return match stored_result::<Receipt<UnmergeCounts>>(work, key).await? {
            Some(receipt) => again(work, &receipt).await,
            None => Err(MergeStop::Refused(problems)),
        };
    };
    let SuppliersMoved { turned, products, supplies } = moved;
    let asked = products.len();
    let MovedProducts { ids: products, mut events } = move_products_back(work, &products, (other.id, one.id), now).await?;
    let (back, stay) = move_supplies_back(work, (one.id, other.id), supplies, now, &mut events).await?;
    // The counter row is locked, as in a merge: nothing is written if the key has an answer.
    if let Some(receipt) = stored_result::<Receipt<UnmergeCounts>>(work, key).await? {
        return again(work, &receipt).await;
    }
    // Another call may have undone the merge and merged again before the rows were locked.
    if unmerge_rows::supplier_merge(work, ask.id).await?.is_none_or(|stands| stands.id != record.id) {
        return Err(refuse_at("expectedVersion", Rejection::Stale { actual: one.version }));
    }
    let rows = restore_suppliers(work, (one, other), (&record, &turned), now, &mut events).await?;
    let documents = rows::count_documents_with(work, one.id).await?;
    let counts = UnmergeCounts { products: products.len(), supplies: back, stay: stay + asked - products.len(), documents };
    let seq = journal::append(work, events, now).await?;
    let receipt = Receipt { merged: one.id, into: other.id, seq, counts };
    idempotency::keep(work, key, &receipt, now).await?;
    Ok(Acted { value: MergedSupplier { rows, counts }, seq, is_replayed: false })
}

/// Writes both suppliers and those that followed the merge, and marks the merge as undone.
async fn restore_suppliers(
    work: &mut Work,
    (one, other): (&SupplierRow, &SupplierRow),
    (record, turned): (&MergeRecord<of::SupplierId>, &[SupplierId]),
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<MergedPair<SupplierRow>, Fault> {
    let version = one.version + 1;
    let merged = SupplierRow { archived_at: None, merged_into: None, version, updated_at: now, ..one.clone() };
    let into = SupplierRow { version: other.version + 1, updated_at: now, ..other.clone() };
    work.update::<entity::supplier::Entity>(merged.clone()).await?;
    work.update::<entity::supplier::Entity>(into.clone()).await?;
    for (id, version) in unmerge_rows::restore_merged_suppliers(work, turned, (other.id, one.id), now).await? {
        let of = |into: SupplierId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&of(other.id)), Some(&of(one.id)), None);
        events.push(SUPPLIER_UPDATED.of(id, version));
    }
    unmerge_rows::mark_merge_undone(work, record.id, now).await?;
    audit::changed(work, one.id, Some(&supplier_audit_fields(one)), Some(&supplier_audit_fields(&merged)), None);
    audit::changed(work, other.id, Some(&merged_from(one.id.to_string())), Some(&Fields::default()), None);
    // The event of restoring is written, too: caches depend on it.
    events.push(SUPPLIER_RESTORED.of(one.id, merged.version));
    events.push(SUPPLIER_UNMERGED.of(one.id, merged.version));
    events.push(SUPPLIER_UPDATED.of(other.id, into.version));
    Ok(MergedPair { merged, into })
}

/// Restores rows of the catalogues. Returns how many are in use again, and how many were changed
/// since and are left unchanged.
async fn move_supplies_back(
    work: &mut Work,
    (one, other): (SupplierId, SupplierId),
    moved: Vec<SupplyMoved>,
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<(usize, usize), Fault> {
    let products: Vec<ProductId> = moved.iter().map(|row| row.product).collect();
    let mut pairs: Vec<(SupplierId, ProductId)> =
        products.iter().flat_map(|product| [(one, *product), (other, *product)]).collect();
    pairs.sort_unstable();
    let locked: HashMap<(SupplierId, ProductId), Supply> = rows::lock_supplies(work, &pairs).await?;
    let bought_elsewhere = rows::bought_elsewhere(work, &products, (one, other)).await?;
    let as_is = SuppliesNow { merged: one, into: other, rows: locked, bought_elsewhere };
    let RestoredSupplies { undone, back, stay } = unmerge_supplies(moved, as_is, now);
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
        let told = SupplyChanged { product: after.product, supplier: after.supplier, version: after.version };
        events.push(kind.event(&told));
    }
    Ok((back.len(), stay))
}
