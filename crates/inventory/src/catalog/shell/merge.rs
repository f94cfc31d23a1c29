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
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal::{self, NewEvent},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{audit_fields, batch::Mode, service::Catalog, writes::key_rejection};
use crate::catalog::{
    core::{
        NewIdAndTime, Problem, Rejection,
        customer::CustomerRow,
        merge::{self, MAX_MERGED, MergeRequest},
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
pub const MAX_MOVED_PRODUCTS: usize = 2_000;

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

pub fn refuse_at(field: &str, rejection: Rejection) -> MergeStop {
    Problem::at(field, rejection).into()
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
    if let Some(rejection) = key_rejection(&key.key) {
        return Err(refuse_at("idempotencyKey", rejection));
    }
    match idempotency::lock_and_look_up(work, key).await? {
        EarlierUse::Nothing => Ok(None),
        EarlierUse::Reused => Err(refuse_at("idempotencyKey", Rejection::KeyReused)),
        EarlierUse::Same(receipt) => Ok(Some(receipt)),
    }
}

impl Catalog {
    /// Merges a customer into another, once for the key.
    pub async fn customer_merge(
        &self,
        permit: Permit<kind::CustomerMerge>,
        request: MergeRequest<of::CustomerId>,
        mode: Mode,
    ) -> Result<CallResult<MergedCustomer>, MergeStop> {
        let key = Key {
            owner: permit.actor().id,
            mutation: "customerMerge",
            key: request.idempotency_key.clone(),
            hash: hash_of(&request),
        };
        let mut work = permit.scope(&self.db).begin().await?;
        let id_and_time = NewIdAndTime { id: self.clock.uuid(), now: self.clock.now() };
        let outcome = merge_customer(&mut work, &key, &request, id_and_time).await;
        settle(work, outcome, mode == Mode::Check).await
    }
}

async fn merge_customer(
    work: &mut Work,
    key: &Key,
    request: &MergeRequest<of::CustomerId>,
    NewIdAndTime { id, now }: NewIdAndTime,
) -> Result<CallResult<MergedCustomer>, MergeStop> {
    // Read before the rows are locked, so that they are locked in the order of their IDs: of two
    // merges in opposite directions, one waits for the other.
    let before = merge_rows::merged_customers(work, &[request.id, request.into]).await?;
    let own_merged = before.iter().filter(|(into, _)| *into == request.id).map(|(_, id)| *id);
    let ids: Vec<CustomerId> = [request.id, request.into].into_iter().chain(own_merged).collect();
    let customers = rows::customer::lock_for_update(work, &ids, &[]).await?;
    if let Some(receipt) = stored_result::<Receipt>(work, key).await? {
        return replay_merge(work, &receipt).await;
    }
    let row = |id: CustomerId| customers.iter().find(|row| row.id == id);
    let problems = merge::check(request, row(request.id), row(request.into));
    let (true, Some(merged_row), Some(surviving_row)) = (problems.is_empty(), row(request.id), row(request.into)) else {
        return Err(MergeStop::Refused(problems));
    };
    if before.len() >= MAX_MERGED {
        return Err(refuse_at("intoId", Rejection::TooMany { most: MAX_MERGED }));
    }
    let merged_after = CustomerRow {
        merged_into: Some(surviving_row.id),
        version: merged_row.version + 1,
        updated_at: now,
        ..merged_row.clone()
    };
    let survivor_after = CustomerRow { version: surviving_row.version + 1, updated_at: now, ..surviving_row.clone() };
    let repointed = merge_rows::merge_customers(work, &merged_after, &survivor_after).await?;
    let moved_customers = CustomersMoved { turned: repointed.iter().map(|(id, _)| *id).collect() };
    let pair = Pair::Customers { merged: merged_row.id, into: surviving_row.id };
    record_merge(work, id, pair, serialize_moved_rows(&moved_customers)?, now).await?;
    audit::changed(
        work,
        merged_row.id,
        Some(&audit_fields::customer(merged_row)),
        Some(&audit_fields::customer(&merged_after)),
        None,
    );
    audit::changed(work, surviving_row.id, Some(&Fields::default()), Some(&merged_from_fields(merged_row.id.to_string())), None);
    let mut event_list = vec![events::CUSTOMER_MERGED.of(merged_row.id, merged_after.version)];
    for (id, version) in repointed {
        let into = |into: CustomerId| Fields::default().with("mergedInto", into);
        audit::changed(work, id, Some(&into(merged_row.id)), Some(&into(surviving_row.id)), None);
        event_list.push(events::CUSTOMER_UPDATED.of(id, version));
    }
    event_list.push(events::CUSTOMER_UPDATED.of(surviving_row.id, survivor_after.version));
    let (orders, returns) = merge_rows::count_customer_documents(work, merged_row.id).await?;
    let seq = journal::append(work, event_list, now).await?;
    let receipt = Receipt { merged: merged_row.id, into: surviving_row.id, seq, orders, returns };
    idempotency::keep(work, key, &receipt, now).await?;
    let rows = MergedPair { merged: merged_after, into: survivor_after };
    Ok(CallResult { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}

/// Serializes a merge's list of moved rows for its record.
pub fn serialize_moved_rows(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|err| Fault::Broken(err.to_string()))
}

/// Returns the audit log fields of the row into which another is merged.
pub fn merged_from_fields(id: String) -> Fields {
    Fields::default().with("mergedFrom", id)
}

/// The answer to a repeated call: the current state of both customers.
pub(super) async fn replay_merge(work: &Work, receipt: &Receipt) -> Result<CallResult<MergedCustomer>, MergeStop> {
    let customers = rows::customer::by_ids(work, &[receipt.merged, receipt.into]).await?;
    let mut by_id: HashMap<CustomerId, CustomerRow> = customers.into_iter().map(|row| (row.id, row)).collect();
    let corruption = || Fault::corrupt("customer", "a customer that was merged stays");
    let merged = by_id.remove(&receipt.merged).ok_or_else(corruption)?;
    let into = by_id.remove(&receipt.into).ok_or_else(corruption)?;
    let value = MergedCustomer { rows: MergedPair { merged, into }, orders: receipt.orders, returns: receipt.returns };
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
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
    let products = rows::product::lock_products_of_supplier(work, from, MAX_MOVED_PRODUCTS + 1).await?;
    if products.len() > MAX_MOVED_PRODUCTS {
        return Ok(None);
    }
    change_products(work, products, |row| row.supplier_id = Some(to), now).await.map(Some)
}

/// Moves those of these products that still have the other supplier back to a supplier.
pub async fn move_products_back(
    work: &mut Work,
    products: &[ProductId],
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<MovedProducts, Fault> {
    let found = if products.is_empty() {
        Vec::new()
    } else {
        rows::product::lock_listed_products_of_supplier(work, products, from).await?
    };
    change_products(work, found, |row| row.supplier_id = Some(to), now).await
}

/// Applies `change` to these products and writes each as a change of its own.
pub(super) async fn change_products(
    work: &mut Work,
    found: Vec<ProductRow>,
    change: impl Fn(&mut ProductRow) + Send + Sync,
    now: Timestamp,
) -> Result<MovedProducts, Fault> {
    if found.is_empty() {
        return Ok(MovedProducts::default());
    }
    let ids: Vec<ProductId> = found.iter().map(|row| row.id).collect();
    let mut barcodes = rows::product::barcodes_of(work, ids.clone()).await?;
    let doc = |row: ProductRow| ProductDoc { barcodes: barcodes.remove(&row.id).unwrap_or_default(), row };
    let before: Vec<ProductDoc> = found.into_iter().map(doc).collect();
    let changed_doc = |doc: &ProductDoc| {
        let mut doc = doc.clone();
        change(&mut doc.row);
        (doc.row.version, doc.row.updated_at) = (doc.row.version + 1, now);
        doc
    };
    let after: Vec<ProductDoc> = before.iter().map(changed_doc).collect();
    let pairs: Vec<(&ProductDoc, &ProductDoc)> = before.iter().zip(&after).collect();
    rows::product::write(work, &[], &pairs).await?;
    let mut events = Vec::with_capacity(pairs.len());
    for (old_doc, new_doc) in pairs {
        audit::changed(work, new_doc.row.id, Some(&audit_fields::product(old_doc)), Some(&audit_fields::product(new_doc)), None);
        events.push(super::products::product_event(Some(&old_doc.row), &new_doc.row));
    }
    Ok(MovedProducts { ids, events })
}

/// Returns the fields of a supplier that the audit log compares.
pub fn supplier_audit_fields(row: &SupplierRow) -> Fields {
    audit_fields::supplier(row)
}
