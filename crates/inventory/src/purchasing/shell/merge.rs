//! Merging two suppliers. Products and rows of the catalogue move to the survivor; orders, receipts
//! and returns keep the supplier that they were created with.

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

use super::audit_fields;
use crate::{
    catalog::{
        core::{
            NewIdAndTime, Rejection, RowUsage,
            archiving::in_use_rejection,
            merge::{self, MAX_MERGED, MergeRequest},
            supplier::SupplierRow,
        },
        events::{SUPPLIER_ARCHIVED, SUPPLIER_MERGED, SUPPLIER_UPDATED},
        rows::{
            merge as merge_rows, small_tables,
            unmerge::{Pair, record_merge},
        },
        shell::{
            MAX_MOVED_PRODUCTS, MergeStop, MergedPair, Mode, MovedProducts, merged_from_fields, move_products, refuse_at,
            serialize_moved_rows, stored_result, supplier_audit_fields,
        },
    },
    purchasing::{
        core::{MergedSupplies, SuppliersMoved, Supply, SupplyChange, SupplyMoved, Terms, merge_supplies},
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_UPDATED, SupplyChanged},
        rows,
    },
};

/// Two suppliers to merge. The idempotency key's hash covers its JSON.
#[derive(Debug, Serialize)]
pub struct SupplierMerge {
    pub ask: MergeRequest<of::SupplierId>,
    pub terms: Option<Terms>,
}

/// A supplier that is merged into another, or no longer is, and the number of rows affected.
#[derive(Debug, Clone)]
pub struct MergedSupplier<C> {
    pub rows: MergedPair<SupplierRow>,
    pub counts: C,
}

/// Rows that a merge concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeCounts {
    /// Number of moved products.
    pub products: usize,
    /// Number of rows of the catalogue that were moved or archived.
    pub supplies: usize,
    /// Number of purchase orders and returns that keep the supplier.
    pub documents: i64,
}

/// Stored result of a call that merges two suppliers or undoes a merge.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt<C> {
    pub merged: SupplierId,
    pub into: SupplierId,
    pub seq: Option<i64>,
    pub counts: C,
}

pub(super) type MergeCallResult<C> = Result<CallResult<MergedSupplier<C>>, MergeStop>;

/// Merges a supplier into another, once for the key.
pub async fn supplier_merge(
    (db, clock): (&Database, &Clock),
    permit: Permit<kind::SupplierMerge>,
    input: SupplierMerge,
    mode: Mode,
) -> MergeCallResult<MergeCounts> {
    let key = input.ask.idempotency_key.clone();
    let key = Key { owner: permit.actor().id, mutation: "supplierMerge", key, hash: hash_of(&input) };
    let mut work = permit.scope(db).begin().await?;
    let id_and_time = NewIdAndTime { id: clock.uuid(), now: clock.now() };
    let outcome = merge_supplier_rows(&mut work, &key, &input, id_and_time).await;
    settle(work, outcome, mode == Mode::Check).await
}

async fn merge_supplier_rows(
    work: &mut Work,
    key: &Key,
    input: &SupplierMerge,
    NewIdAndTime { id, now }: NewIdAndTime,
) -> MergeCallResult<MergeCounts> {
    let request = &input.ask;
    // Read before the rows are locked, so that they are locked in the order of their IDs: of two
    // merges in opposite directions, one waits for the other.
    let before = merge_rows::merged_suppliers(work, &[request.id, request.into]).await?;
    let own_merged = before.iter().filter(|(into, _)| *into == request.id).map(|(_, id)| *id);
    let ids: Vec<SupplierId> = [request.id, request.into].into_iter().chain(own_merged).collect();
    let supplier_rows = small_tables::lock_by_ids_or_texts::<entity::supplier::Entity, _>(work, &ids, "code_key", &[]).await?;
    let row = |id: SupplierId| supplier_rows.iter().find(|row| row.id == id);
    let problems = merge::check(request, row(request.id), row(request.into));
    let (true, Some(merged_row), Some(surviving_row)) = (problems.is_empty(), row(request.id), row(request.into)) else {
        // If an earlier call with the key merged it, the refusal is due to that call.
        return match stored_result::<Receipt<MergeCounts>>(work, key).await? {
            Some(receipt) => replay_merge(work, &receipt).await,
            None => Err(MergeStop::Refused(problems)),
        };
    };
    if before.len() >= MAX_MERGED {
        return Err(refuse_at("intoId", Rejection::TooMany { most: MAX_MERGED }));
    }
    let Some(MovedProducts { ids: products, mut events }) = move_products(work, (merged_row.id, surviving_row.id), now).await?
    else {
        return Err(refuse_at("id", Rejection::TooMany { most: MAX_MOVED_PRODUCTS }));
    };
    let (supplies, supply_events) = move_supplies(work, (merged_row.id, surviving_row.id), input.terms, now).await?;
    events.extend(supply_events);
    // The counter row is locked, which writers of documents lock too: no order is added meanwhile.
    if let Some(receipt) = stored_result::<Receipt<MergeCounts>>(work, key).await? {
        return replay_merge(work, &receipt).await;
    }
    let documents = check_no_open_documents(work, merged_row.id).await?;
    let (rows, repointed) = write_merged_suppliers(work, (merged_row, surviving_row), now, &mut events).await?;
    let counts = MergeCounts { products: products.len(), supplies: supplies.len(), documents };
    let moved_records = SuppliersMoved { turned: repointed, products, supplies };
    let pair = Pair::Suppliers { merged: merged_row.id, into: surviving_row.id };
    record_merge(work, id, pair, serialize_moved_rows(&moved_records)?, now).await?;
    let seq = journal::append(work, events, now).await?;
    let receipt = Receipt { merged: merged_row.id, into: surviving_row.id, seq, counts };
    idempotency::keep(work, key, &receipt, now).await?;
    Ok(CallResult { value: MergedSupplier { rows, counts }, seq, is_replayed: false })
}

/// Refuses while orders, blanket orders, policies or a budget are open; returns the number of
/// documents that keep the supplier.
async fn check_no_open_documents(work: &Work, supplier: SupplierId) -> Result<i64, MergeStop> {
    let open = rows::count_open_documents(work, supplier).await?;
    if open.orders > 0 {
        let rejection = Rejection::Open { what: RowUsage::OpenPurchaseOrders, count: open.orders, numbers: open.numbers };
        return Err(refuse_at("id", rejection));
    }
    let other_uses =
        [(RowUsage::OpenBlanketOrders, open.blankets), (RowUsage::Policies, open.policies), (RowUsage::Budgets, open.budgets)];
    match in_use_rejection(&other_uses) {
        Some(rejection) => Err(refuse_at("id", rejection)),
        None => Ok(open.documents),
    }
}

/// Writes both suppliers, and those that were merged into the one before, whose ids it gives.
async fn write_merged_suppliers(
    work: &mut Work,
    (merged_row, surviving_row): (&SupplierRow, &SupplierRow),
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<(MergedPair<SupplierRow>, Vec<SupplierId>), Fault> {
    let (version, merged_into) = (merged_row.version + 1, Some(surviving_row.id));
    let merged = SupplierRow { archived_at: Some(now), merged_into, version, updated_at: now, ..merged_row.clone() };
    let into = SupplierRow { version: surviving_row.version + 1, updated_at: now, ..surviving_row.clone() };
    let repointed = merge_rows::redirect_merged_suppliers(work, (merged_row.id, surviving_row.id), now).await?;
    for &(id, version) in &repointed {
        let into = |into: SupplierId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(merged_row.id)), Some(&into(surviving_row.id)), None);
        events.push(SUPPLIER_UPDATED.of(id, version));
    }
    work.update::<entity::supplier::Entity>(merged.clone()).await?;
    work.update::<entity::supplier::Entity>(into.clone()).await?;
    audit::changed(work, merged_row.id, Some(&supplier_audit_fields(merged_row)), Some(&supplier_audit_fields(&merged)), None);
    audit::changed(work, surviving_row.id, Some(&Fields::default()), Some(&merged_from_fields(merged_row.id.to_string())), None);
    // The event of archiving is written, too: caches depend on it.
    events.push(SUPPLIER_ARCHIVED.of(merged_row.id, merged.version));
    events.push(SUPPLIER_MERGED.of(merged_row.id, merged.version));
    events.push(SUPPLIER_UPDATED.of(surviving_row.id, into.version));
    Ok((MergedPair { merged, into }, repointed.into_iter().map(|(id, _)| id).collect()))
}

/// Moves the rows of one catalogue into the other: returns the result for each, and their events.
async fn move_supplies(
    work: &mut Work,
    (from, into): (SupplierId, SupplierId),
    terms: Option<Terms>,
    now: Timestamp,
) -> Result<(Vec<SupplyMoved>, Vec<NewEvent>), MergeStop> {
    let offered_supplies = rows::list_supplies_in_use(work, from, MAX_MOVED_PRODUCTS + 1).await?;
    if offered_supplies.len() > MAX_MOVED_PRODUCTS {
        return Err(refuse_at("id", Rejection::TooMany { most: MAX_MOVED_PRODUCTS }));
    }
    let mut pairs: Vec<(SupplierId, ProductId)> =
        offered_supplies.iter().flat_map(|row| [(from, row.product), (into, row.product)]).collect();
    pairs.sort_unstable();
    let locked = rows::lock_supplies(work, &pairs).await?;
    let (mut merged, mut surviving_supplies) = (Vec::new(), HashMap::new());
    for ((supplier, product), row) in locked {
        if supplier == into {
            surviving_supplies.insert(product, row);
        } else if row.archived_at.is_none() {
            merged.push(row);
        }
    }
    merged.sort_unstable_by_key(|row| row.product);
    let MergedSupplies { archived: archived_pairs, kept: kept_pairs, clashes } =
        merge_supplies(merged, surviving_supplies, into, terms, now);
    if !clashes.is_empty() {
        let skus = rows::skus_of(work, &clashes).await?;
        return Err(refuse_at("supplierProducts", Rejection::BothOffer { count: clashes.len(), skus }));
    }
    // Rows of the merged supplier lose their preference first: a product has one preferred row.
    let archived_rows: Vec<Supply> = archived_pairs.iter().map(|(_, row)| row.clone()).collect();
    let kept_rows: Vec<Supply> = kept_pairs.iter().map(|(_, row)| row.clone()).collect();
    for changed in [archived_rows, kept_rows] {
        for bulk in rows::supply_rows(work.tenant(), &changed) {
            work.write(bulk).await?;
        }
    }
    let mut events = Vec::with_capacity(archived_pairs.len() + kept_pairs.len());
    let supply_event = |row: &Supply| SupplyChanged { product: row.product, supplier: row.supplier, version: row.version };
    for (before, after) in &archived_pairs {
        audit::changed(work, after.product, Some(&audit_fields::supply(before)), Some(&audit_fields::supply(after)), None);
        events.push(SUPPLIER_PRODUCT_ARCHIVED.event(&supply_event(after)));
    }
    for (before, after) in &kept_pairs {
        let old_fields = before.as_ref().map(audit_fields::supply);
        audit::changed(work, after.product, old_fields.as_ref(), Some(&audit_fields::supply(after)), None);
        let kind = if before.is_some() { SUPPLIER_PRODUCT_UPDATED } else { SUPPLIER_PRODUCT_CREATED };
        events.push(kind.event(&supply_event(after)));
    }
    let mut changes_by_product: HashMap<ProductId, SupplyChange> =
        kept_pairs.into_iter().map(|(before, after)| (after.product, SupplyChange { after, before })).collect();
    let supply_move = |(row, _): (Supply, Supply)| SupplyMoved {
        product: row.product,
        was_preferred: row.is_preferred,
        kept: changes_by_product.remove(&row.product),
    };
    Ok((archived_pairs.into_iter().map(supply_move).collect(), events))
}

/// The answer to a repeated call: the current state of both suppliers.
pub(super) async fn replay_merge<C: Copy>(work: &Work, receipt: &Receipt<C>) -> MergeCallResult<C> {
    let ids = [receipt.merged, receipt.into];
    let supplier_rows = small_tables::by_ids::<entity::supplier::Entity, _>(work, &ids).await?;
    let mut by_id: HashMap<SupplierId, SupplierRow> = supplier_rows.into_iter().map(|row| (row.id, row)).collect();
    let corruption = || Fault::corrupt("supplier", "a supplier that was merged stays");
    let merged = by_id.remove(&receipt.merged).ok_or_else(corruption)?;
    let into = by_id.remove(&receipt.into).ok_or_else(corruption)?;
    let value = MergedSupplier { rows: MergedPair { merged, into }, counts: receipt.counts };
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
}
