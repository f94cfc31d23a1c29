//! Merging two customers. Orders, returns and what was printed of them keep the one that they were made for; lists and figures of the other have both.

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

use super::{Catalog, Mode, traced, writes::key_refused};
use crate::catalog::{
    core::{
        Fresh, Problem, Rejection,
        customer::CustomerRow,
        merge::{self, MOST_MERGED, MergeAsk},
        product::{ProductDoc, ProductRow},
        supplier::SupplierRow,
        unmerge::CustomersMoved,
    },
    events,
    rows::{
        self, merge as merge_rows,
        unmerge::{Pair, keep_merge},
    },
};

/// Products that are put under another supplier at once, at most.
pub const MOST_MOVED: usize = 2_000;

/// What was merged into what, as both are now.
#[derive(Debug, Clone)]
pub struct Merged<R> {
    pub merged: R,
    pub into: R,
}

/// A customer that is merged into another, or no longer is, and how many documents are under its name.
#[derive(Debug, Clone)]
pub struct MergedCustomer {
    pub rows: Merged<CustomerRow>,
    pub orders: i64,
    pub returns: i64,
}

/// Why nothing was merged.
pub type MergeStop = Stop<Problem>;

pub fn stop_at(field: &str, why: Rejection) -> MergeStop {
    Problem::at(field, why).into()
}

/// What is remembered of a call that merges two customers, or takes that back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub merged: CustomerId,
    pub into: CustomerId,
    pub seq: Option<i64>,
    pub orders: i64,
    pub returns: i64,
}

/// What an earlier call with this key left. Whatever the call writes is locked before.
pub async fn earlier<R: DeserializeOwned>(work: &Work, key: &Key) -> Result<Option<R>, MergeStop> {
    if let Some(why) = key_refused(&key.key) {
        return Err(stop_at("idempotencyKey", why));
    }
    match idempotency::in_turn(work, key).await? {
        Before::Nothing => Ok(None),
        Before::Reused => Err(stop_at("idempotencyKey", Rejection::KeyReused)),
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
        let fresh = Fresh { id: self.clock.uuid(), now: self.clock.now() };
        let done = merged(&mut work, &key, &ask, fresh).await;
        settle(work, done, mode == Mode::Check).await
    }
}

async fn merged(
    work: &mut Work,
    key: &Key,
    ask: &MergeAsk<of::CustomerId>,
    Fresh { id, now }: Fresh,
) -> Result<Acted<MergedCustomer>, MergeStop> {
    // Before the rows are locked, so that they are locked in the order of their ids: of two merges that cross, one waits for the other.
    let before = merge_rows::merged_customers(work, &[ask.id, ask.into]).await?;
    let own = before.iter().filter(|(into, _)| *into == ask.id).map(|(_, id)| *id);
    let ids: Vec<CustomerId> = [ask.id, ask.into].into_iter().chain(own).collect();
    let known = rows::customer::to_change(work, &ids, &[]).await?;
    if let Some(receipt) = earlier::<Receipt>(work, key).await? {
        return again(work, &receipt).await;
    }
    let row = |id: CustomerId| known.iter().find(|row| row.id == id);
    let problems = merge::check(ask, row(ask.id), row(ask.into));
    let (true, Some(one), Some(other)) = (problems.is_empty(), row(ask.id), row(ask.into)) else {
        return Err(MergeStop::Refused(problems));
    };
    if before.len() >= MOST_MERGED {
        return Err(stop_at("intoId", Rejection::TooMany { most: MOST_MERGED }));
    }
    let one_after = CustomerRow { merged_into: Some(other.id), version: one.version + 1, updated_at: now, ..one.clone() };
    let other_after = CustomerRow { version: other.version + 1, updated_at: now, ..other.clone() };
    let turned = merge_rows::merge_customers(work, &one_after, &other_after).await?;
    let moved = CustomersMoved { turned: turned.iter().map(|(id, _)| *id).collect() };
    let pair = Pair::Customers { merged: one.id, into: other.id };
    keep_merge(work, id, pair, text_of(&moved)?, now).await?;
    audit::changed(work, one.id, Some(&traced::customer(one)), Some(&traced::customer(&one_after)), None);
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
    let rows = Merged { merged: one_after, into: other_after };
    Ok(Acted { value: MergedCustomer { rows, orders, returns }, seq, is_replayed: false })
}

/// What a merge moved, as it is kept.
pub fn text_of(moved: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(moved).map_err(|err| Fault::Broken(err.to_string()))
}

/// What the audit log says of the one that another is merged into.
pub fn merged_from(id: String) -> Fields {
    Fields::default().with("mergedFrom", id)
}

/// The answer to a call that is repeated: both as they are now.
pub(super) async fn again(work: &Work, receipt: &Receipt) -> Result<Acted<MergedCustomer>, MergeStop> {
    let found = rows::customer::by_ids(work, &[receipt.merged, receipt.into]).await?;
    let mut known: HashMap<CustomerId, CustomerRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let lost = || Fault::corrupt("customer", "a customer that was merged stays");
    let merged = known.remove(&receipt.merged).ok_or_else(lost)?;
    let into = known.remove(&receipt.into).ok_or_else(lost)?;
    let value = MergedCustomer { rows: Merged { merged, into }, orders: receipt.orders, returns: receipt.returns };
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}

/// Products that were put under another supplier or into another category, and their events.
#[derive(Debug, Default)]
pub struct MovedProducts {
    pub ids: Vec<ProductId>,
    pub events: Vec<NewEvent>,
}

/// Puts the products of a supplier under another. None: there are more than are put there at once.
pub async fn move_products(
    work: &mut Work,
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<Option<MovedProducts>, Fault> {
    let found = rows::product::of_supplier(work, from, MOST_MOVED + 1).await?;
    if found.len() > MOST_MOVED {
        return Ok(None);
    }
    turned(work, found, |row| row.supplier_id = Some(to), now).await.map(Some)
}

/// Puts those of these products under a supplier that are still under the other.
pub async fn move_products_back(
    work: &mut Work,
    products: &[ProductId],
    (from, to): (SupplierId, SupplierId),
    now: Timestamp,
) -> Result<MovedProducts, Fault> {
    let found = if products.is_empty() { Vec::new() } else { rows::product::still_of(work, products, from).await? };
    turned(work, found, |row| row.supplier_id = Some(to), now).await
}

/// Writes these products as `turn` leaves them, each as a change of its own.
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
        audit::changed(work, is.row.id, Some(&traced::product(was)), Some(&traced::product(is)), None);
        events.push(super::products::product_event(Some(&was.row), &is.row));
    }
    Ok(MovedProducts { ids, events })
}

/// What the audit log compares of a supplier.
pub fn traced_supplier(row: &SupplierRow) -> Fields {
    traced::supplier(row)
}
