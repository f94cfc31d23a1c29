//! Merging two customers. Orders, returns and their printed papers keep the customer that they were
//! created for; lists and figures of the survivor cover both.

use std::collections::HashMap;

use entity::{id::kind as of, prelude::*};
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    stages::Stop,
    storage::{
        Fault, Work,
        idempotency::{self, Acted, Before, Key, hash_of, settle},
        journal::{self, NewEvent},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{audit_fields, batch::Mode, service::Catalog, writes::key_rejection};
use crate::catalog::{
    core::{
        NewIdAndTime, Problem, Rejection,
        customer::CustomerRow,
        merge::{self, MAX_MERGED, MergeAsk},
        product::{ProductDoc, ProductRow},
        supplier::SupplierRow,
        unmerge::CustomersMoved,
    },
    events,
    rows::{
        self, merge as merge_rows,
        unmerge::{Pair, record_merge},
    },
};

/// The most products that one merge moves to another supplier.
pub const MAX_MOVED: usize = 2_000;

/// The merged row and the row that it was merged into, after the call.
#[derive(Debug, Clone)]
pub struct MergedPair<R> {
    pub merged: R,
    pub into: R,
}

/// A customer that is merged into another, or no longer is, and the number of documents under its
/// name.
#[derive(Debug, Clone)]
pub struct MergedCustomer {
    pub rows: MergedPair<CustomerRow>,
    pub orders: i64,
    pub returns: i64,
}

/// Reason why nothing was merged.
pub type MergeStop = Stop<Problem>;

pub fn refuse_at(field: &str, why: Rejection) -> MergeStop {
    Problem::at(field, why).into()
}

/// Stored result of a call that merges two customers or undoes a merge.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub merged: CustomerId,
    pub into: CustomerId,
    pub seq: Option<i64>,
    pub orders: i64,
    pub returns: i64,
}

/// Returns the stored result of an earlier call with this key. The caller has locked all rows that
/// it writes.
pub async fn stored_result<R: DeserializeOwned>(work: &Work, key: &Key) -> Result<Option<R>, MergeStop> {
    if let Some(why) = key_rejection(&key.key) {
        return Err(refuse_at("idempotencyKey", why));
    }
    match idempotency::lock_and_look_up(work, key).await? {
        Before::Nothing => Ok(None),
        Before::Reused => Err(refuse_at("idempotencyKey", Rejection::KeyReused)),
        Before::Same(receipt) => Ok(Some(receipt)),
    }
}

impl Catalog {
    /// Merges a customer into another, once for the key.
    pub async fn customer_merge(
        &self,
        permit: Permit<kind::CustomerMerge>,
        ask: MergeAsk<of::CustomerId>,
        mode: Mode,
    ) -> Result<Acted<MergedCustomer>, MergeStop> {
        let key =
            Key { owner: permit.actor().id, mutation: "customerMerge", key: ask.idempotency_key.clone(), hash: hash_of(&ask) };
        let mut work = permit.scope(&self.db).begin().await?;
        let fresh = NewIdAndTime { id: self.clock.uuid(), now: self.clock.now() };
        let done = merged(&mut work, &key, &ask, fresh).await;
        settle(work, done, mode == Mode::Check).await
    }
}

async fn merged(
    work: &mut Work,
    key: &Key,
    ask: &MergeAsk<of::CustomerId>,
    NewIdAndTime { id, now }: NewIdAndTime,
) -> Result<Acted<MergedCustomer>, MergeStop> {
    // Read before the rows are locked, so that they are locked in the order of their IDs: of two
    // merges in opposite directions, one waits for the other.
    let before = merge_rows::merged_customers(work, &[ask.id, ask.into]).await?;
    let own = before.iter().filter(|(into, _)| *into == ask.id).map(|(_, id)| *id);
    let ids: Vec<CustomerId> = [ask.id, ask.into].into_iter().chain(own).collect();
    let known = rows::customer::lock_for_update(work, &ids, &[]).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = |id: CustomerId| known.iter().find(|row| row.id == id);
    let problems = merge::check(ask, row(ask.id), row(ask.into));
    let (true, Some(one), Some(other)) = (problems.is_empty(), row(ask.id), row(ask.into)) else {
        return Err(MergeStop::Refused(problems));
    };
    if before.len() >= MAX_MERGED {
        return Err(refuse_at("intoId", Rejection::TooMany { most: MAX_MERGED }));
    }
    let one_after = CustomerRow { merged_into: Some(other.id), version: one.version + 1, updated_at: now, ..one.clone() };
    let other_after = CustomerRow { version: other.version + 1, updated_at: now, ..other.clone() };
    let turned = merge_rows::merge_customers(work, &one_after, &other_after).await?;
    let moved = CustomersMoved { turned: turned.iter().map(|(id, _)| *id).collect() };
    let pair = Pair::Customers { merged: one.id, into: other.id };
    record_merge(work, id, pair, text_of(&moved)?, now).await?;
    audit::changed(work, one.id, Some(&audit_fields::customer(one)), Some(&audit_fields::customer(&one_after)), None);
    audit::changed(work, other.id, Some(&Fields::default()), Some(&merged_from(one.id.to_string())), None);
    let mut all = vec![events::CUSTOMER_MERGED.of(one.id, one_after.version)];
    for (id, version) in turned {
        let into = |into: CustomerId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(one.id)), Some(&into(other.id)), None);
        all.push(events::CUSTOMER_UPDATED.of(id, version));
    }
    all.push(events::CUSTOMER_UPDATED.of(other.id, other_after.version));
    let (orders, returns) = merge_rows::documents_of(work, one.id).await?;
    let seq = journal::append(work, all, now).await?;
    let receipt = Receipt { merged: one.id, into: other.id, seq, orders, returns };
    idempotency::keep(work, key, &receipt, now).await?;
    let rows = MergedPair { merged: one_after, into: other_after };
    Ok(Acted { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}

/// Serializes a merge's list of moved rows for its record.
pub fn text_of(moved: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(moved).map_err(|err| Fault::Broken(err.to_string()))
}

/// Returns the audit log fields of the row into which another is merged.
pub fn merged_from(id: String) -> Fields {
    Fields::default().with("mergedFrom", id)
}

/// The answer to a repeated call: the current state of both customers.
pub(super) async fn again(work: &Work, receipt: &Receipt) -> Result<Acted<MergedCustomer>, MergeStop> {
    let found = rows::customer::by_ids(work, &[receipt.merged, receipt.into]).await?;
    let mut known: HashMap<CustomerId, CustomerRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let lost = || Fault::corrupt("customer", "a customer that was merged stays");
    let merged = known.remove(&receipt.merged).ok_or_else(lost)?;
    let into = known.remove(&receipt.into).ok_or_else(lost)?;
    let value = MergedCustomer { rows: MergedPair { merged, into }, orders: receipt.orders, returns: receipt.returns };
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}

/// Products that were moved to another supplier or category, and their events.
#[derive(Debug, Default)]
pub struct MovedProducts {
    pub ids: Vec<ProductId>,
    pub events: Vec<NewEvent>,
}

/// Moves the products of a supplier to another. None if there are more than are moved at once.
pub async fn move_products(
    work: &mut Work,
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<Option<MovedProducts>, Fault> {
    let found = rows::product::lock_products_of_supplier(work, from, MAX_MOVED + 1).await?;
    if found.len() > MAX_MOVED {
        return Ok(None);
    }
    turned(work, found, |row| row.supplier_id = Some(to), now).await.map(Some)
}

/// Moves those of these products that still have the other supplier back to a supplier.
pub async fn move_products_back(
    work: &mut Work,
    products: &[ProductId],
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<MovedProducts, Fault> {
    let found =
        if products.is_empty() { Vec::new() } else { rows::product::lock_products_still_of(work, products, from).await? };
    turned(work, found, |row| row.supplier_id = Some(to), now).await
}

/// Applies `turn` to these products and writes each as a change of its own.
pub(super) async fn turned(
    work: &mut Work,
    found: Vec<ProductRow>,
    turn: impl Fn(&mut ProductRow) + Send + Sync,
    now: Timestamp,
) -> Result<MovedProducts, Fault> {
    if found.is_empty() {
        return Ok(MovedProducts::default());
    }
    let ids: Vec<ProductId> = found.iter().map(|row| row.id).collect();
    let mut barcodes = rows::product::barcodes_of(work, ids.clone()).await?;
    let doc = |row: ProductRow| ProductDoc { barcodes: barcodes.remove(&row.id).unwrap_or_default(), row };
    let before: Vec<ProductDoc> = found.into_iter().map(doc).collect();
    let turned = |doc: &ProductDoc| {
        let mut doc = doc.clone();
        turn(&mut doc.row);
        (doc.row.version, doc.row.updated_at) = (doc.row.version + 1, now);
        doc
    };
    let after: Vec<ProductDoc> = before.iter().map(turned).collect();
    let pairs: Vec<(&ProductDoc, &ProductDoc)> = before.iter().zip(&after).collect();
    rows::product::write(work, &[], &pairs).await?;
    let mut events = Vec::with_capacity(pairs.len());
    for (was, is) in pairs {
        audit::changed(work, is.row.id, Some(&audit_fields::product(was)), Some(&audit_fields::product(is)), None);
        events.push(super::products::product_event(Some(&was.row), &is.row));
    }
    Ok(MovedProducts { ids, events })
}

/// Returns the fields of a supplier that the audit log compares.
pub fn supplier_audit_fields(row: &SupplierRow) -> Fields {
    audit_fields::supplier(row)
}
