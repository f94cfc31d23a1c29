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
        idempotency::{self, Acted, Key, hash_of, settle},
        journal::{self, NewEvent},
    },
};
use serde::{Deserialize, Serialize};

use super::audit_fields;
use crate::{
    catalog::{
        core::{
            NewIdAndTime, Rejection, Use,
            archiving::in_use_by,
            merge::{self, MAX_MERGED, MergeAsk},
            supplier::SupplierRow,
        },
        events::{SUPPLIER_ARCHIVED, SUPPLIER_MERGED, SUPPLIER_UPDATED},
        rows::{
            merge as merge_rows, small_tables,
            unmerge::{Pair, record_merge},
        },
        shell::{
            MAX_MOVED, MergeStop, MergedPair, Mode, MovedProducts, merged_from, move_products, refuse_at, stored_result,
            supplier_audit_fields, text_of,
        },
    },
    purchasing::{
        core::{MergedSupplies, SuppliersMoved, Supply, SupplyKept, SupplyMoved, Terms, merge_supplies},
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_UPDATED, SupplyChanged},
        rows,
    },
};

/// Two suppliers to merge. The idempotency key's hash covers its JSON.
#[derive(Debug, Serialize)]
pub struct SupplierMerge {
    pub ask: MergeAsk<of::SupplierId>,
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

pub(super) type Done<C> = Result<Acted<MergedSupplier<C>>, MergeStop>;

/// Merges a supplier into another, once for the key.
pub async fn supplier_merge(
    (db, clock): (&Database, &Clock),
    permit: Permit<kind::SupplierMerge>,
    input: SupplierMerge,
    mode: Mode,
) -> Done<MergeCounts> {
    let key = input.ask.idempotency_key.clone();
    let key = Key { owner: permit.actor().id, mutation: "supplierMerge", key, hash: hash_of(&input) };
    let mut work = permit.scope(db).begin().await?;
    let fresh = NewIdAndTime { id: clock.uuid(), now: clock.now() };
    let done = merged(&mut work, &key, &input, fresh).await;
    settle(work, done, mode == Mode::Check).await
}

async fn merged(work: &mut Work, key: &Key, input: &SupplierMerge, NewIdAndTime { id, now }: NewIdAndTime) -> Done<MergeCounts> {
    let ask = &input.ask;
    // Read before the rows are locked, so that they are locked in the order of their IDs: of two
    // merges in opposite directions, one waits for the other.
    let before = merge_rows::merged_suppliers(work, &[ask.id, ask.into]).await?;
    let own = before.iter().filter(|(into, _)| *into == ask.id).map(|(_, id)| *id);
    let ids: Vec<SupplierId> = [ask.id, ask.into].into_iter().chain(own).collect();
    let known = small_tables::lock_by_ids_or_texts::<entity::supplier::Entity, _>(work, &ids, "code_key", &[]).await?;
    let row = |id: SupplierId| known.iter().find(|row| row.id == id);
    let problems = merge::check(ask, row(ask.id), row(ask.into));
    let (true, Some(one), Some(other)) = (problems.is_empty(), row(ask.id), row(ask.into)) else {
        // If an earlier call with the key merged it, the refusal is due to that call.
        return match stored_result::<Receipt<MergeCounts>>(work, key).await? {
            Some(receipt) => again(work, &receipt).await,
            None => Err(MergeStop::Refused(problems)),
        };
    };
    if before.len() >= MAX_MERGED {
        return Err(refuse_at("intoId", Rejection::TooMany { most: MAX_MERGED }));
    }
    let Some(MovedProducts { ids: products, mut events }) = move_products(work, (one.id, other.id), now).await? else {
        return Err(refuse_at("id", Rejection::TooMany { most: MAX_MOVED }));
    };
    let (supplies, told) = move_supplies(work, (one.id, other.id), input.terms, now).await?;
    events.extend(told);
    // The counter row is locked, which writers of documents lock too: no order is added meanwhile.
    if let Some(receipt) = stored_result::<Receipt<MergeCounts>>(work, key).await? {
        return again(work, &receipt).await;
    }
    let documents = check_unused(work, one.id).await?;
    let (rows, turned) = turn(work, (one, other), now, &mut events).await?;
    let counts = MergeCounts { products: products.len(), supplies: supplies.len(), documents };
    let moved = SuppliersMoved { turned, products, supplies };
    let pair = Pair::Suppliers { merged: one.id, into: other.id };
    record_merge(work, id, pair, text_of(&moved)?, now).await?;
    let seq = journal::append(work, events, now).await?;
    let receipt = Receipt { merged: one.id, into: other.id, seq, counts };
    idempotency::keep(work, key, &receipt, now).await?;
    Ok(Acted { value: MergedSupplier { rows, counts }, seq, is_replayed: false })
}

/// Refuses while orders, blanket orders, policies or a budget are open; returns the number of
/// documents that keep the supplier.
async fn check_unused(work: &Work, supplier: SupplierId) -> Result<i64, MergeStop> {
    let open = rows::count_open_documents(work, supplier).await?;
    if open.orders > 0 {
        let why = Rejection::Open { what: Use::OpenPurchaseOrders, count: open.orders, numbers: open.numbers };
        return Err(refuse_at("id", why));
    }
    let others = [(Use::OpenBlanketOrders, open.blankets), (Use::Policies, open.policies), (Use::Budgets, open.budgets)];
    match in_use_by(&others) {
        Some(why) => Err(refuse_at("id", why)),
        None => Ok(open.documents),
    }
}

/// Writes both suppliers, and those that were merged into the one before, whose ids it gives.
async fn turn(
    work: &mut Work,
    (one, other): (&SupplierRow, &SupplierRow),
    now: Timestamp,
    events: &mut Vec<NewEvent>,
) -> Result<(MergedPair<SupplierRow>, Vec<SupplierId>), Fault> {
    let (version, merged_into) = (one.version + 1, Some(other.id));
    let merged = SupplierRow { archived_at: Some(now), merged_into, version, updated_at: now, ..one.clone() };
    let into = SupplierRow { version: other.version + 1, updated_at: now, ..other.clone() };
    let turned = merge_rows::redirect_merged_suppliers(work, (one.id, other.id), now).await?;
    for &(id, version) in &turned {
        let into = |into: SupplierId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(one.id)), Some(&into(other.id)), None);
        events.push(SUPPLIER_UPDATED.of(id, version));
    }
    work.update::<entity::supplier::Entity>(merged.clone()).await?;
    work.update::<entity::supplier::Entity>(into.clone()).await?;
    audit::changed(work, one.id, Some(&supplier_audit_fields(one)), Some(&supplier_audit_fields(&merged)), None);
    audit::changed(work, other.id, Some(&Fields::default()), Some(&merged_from(one.id.to_string())), None);
    // The event of archiving is written, too: caches depend on it.
    events.push(SUPPLIER_ARCHIVED.of(one.id, merged.version));
    events.push(SUPPLIER_MERGED.of(one.id, merged.version));
    events.push(SUPPLIER_UPDATED.of(other.id, into.version));
    Ok((MergedPair { merged, into }, turned.into_iter().map(|(id, _)| id).collect()))
}

/// Moves the rows of one catalogue into the other: returns the result for each, and their events.
async fn move_supplies(
    work: &mut Work,
    (from, into): (SupplierId, SupplierId),
    terms: Option<Terms>,
    now: Timestamp,
) -> Result<(Vec<SupplyMoved>, Vec<NewEvent>), MergeStop> {
    let found = rows::offered(work, from, MAX_MOVED + 1).await?;
    if found.len() > MAX_MOVED {
        return Err(refuse_at("id", Rejection::TooMany { most: MAX_MOVED }));
    }
    let mut pairs: Vec<(SupplierId, ProductId)> =
        found.iter().flat_map(|row| [(from, row.product), (into, row.product)]).collect();
    pairs.sort_unstable();
    let locked = rows::lock_supplies(work, &pairs).await?;
    let (mut merged, mut own) = (Vec::new(), HashMap::new());
    for ((supplier, product), row) in locked {
        if supplier == into {
            own.insert(product, row);
        } else if row.archived_at.is_none() {
            merged.push(row);
        }
    }
    merged.sort_unstable_by_key(|row| row.product);
    let MergedSupplies { gone, kept, clashes } = merge_supplies(merged, own, into, terms, now);
    if !clashes.is_empty() {
        let skus = rows::skus_of(work, &clashes).await?;
        return Err(refuse_at("supplierProducts", Rejection::BothOffer { count: clashes.len(), skus }));
    }
    // Rows of the merged supplier lose their preference first: a product has one preferred row.
    let gone_rows: Vec<Supply> = gone.iter().map(|(_, row)| row.clone()).collect();
    let kept_rows: Vec<Supply> = kept.iter().map(|(_, row)| row.clone()).collect();
    for changed in [gone_rows, kept_rows] {
        for bulk in rows::supply_rows(work.tenant(), &changed) {
            work.write(bulk).await?;
        }
    }
    let mut events = Vec::with_capacity(gone.len() + kept.len());
    let told = |row: &Supply| SupplyChanged { product: row.product, supplier: row.supplier, version: row.version };
    for (before, after) in &gone {
        audit::changed(work, after.product, Some(&audit_fields::supply(before)), Some(&audit_fields::supply(after)), None);
        events.push(SUPPLIER_PRODUCT_ARCHIVED.event(&told(after)));
    }
    for (before, after) in &kept {
        let was = before.as_ref().map(audit_fields::supply);
        audit::changed(work, after.product, was.as_ref(), Some(&audit_fields::supply(after)), None);
        let kind = if before.is_some() { SUPPLIER_PRODUCT_UPDATED } else { SUPPLIER_PRODUCT_CREATED };
        events.push(kind.event(&told(after)));
    }
    let mut written: HashMap<ProductId, SupplyKept> =
        kept.into_iter().map(|(before, after)| (after.product, SupplyKept { after, before })).collect();
    let moved = |(row, _): (Supply, Supply)| SupplyMoved {
        product: row.product,
        was_preferred: row.is_preferred,
        kept: written.remove(&row.product),
    };
    Ok((gone.into_iter().map(moved).collect(), events))
}

/// The answer to a repeated call: the current state of both suppliers.
pub(super) async fn again<C: Copy>(work: &Work, receipt: &Receipt<C>) -> Done<C> {
    let ids = [receipt.merged, receipt.into];
    let found = small_tables::by_ids::<entity::supplier::Entity, _>(work, &ids).await?;
    let mut known: HashMap<SupplierId, SupplierRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let lost = || Fault::corrupt("supplier", "a supplier that was merged stays");
    let merged = known.remove(&receipt.merged).ok_or_else(lost)?;
    let into = known.remove(&receipt.into).ok_or_else(lost)?;
    let value = MergedSupplier { rows: MergedPair { merged, into }, counts: receipt.counts };
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}
