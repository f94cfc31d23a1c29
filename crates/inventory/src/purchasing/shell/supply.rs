//! Creating and changing rows of suppliers' catalogues: each row has an answer of its own.

use std::collections::HashSet;

use entity::prelude::*;
use platform::{
    audit,
    clock::Clock,
    storage::{
        Fault, Work,
        idempotency::{self, Key, KeyUse},
        journal::{self, NewEvent},
    },
};
use serde::Serialize;

use super::{
    audit_fields,
    supply_batch::{Outcome, SupplyBatch, replay, store_batch},
};
use crate::purchasing::events::{SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_UPDATED, SupplyChanged};
use crate::purchasing::{
    core::{Supply, SupplyFields, SupplyProblem, check_supply},
    rows::{Names, PlaceName, ProductName, clear_preferred, lock_for_preferred, lock_supplies, supply_rows},
};

/// The most rows of a call.
pub const MAX_ROWS: usize = 500;

/// Rows to create or change. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SupplyUpsert {
    #[serde(skip)]
    pub idempotency_key: String,
    pub rows: Vec<SupplyRow>,
}

/// A row as callers send it; it replaces the whole row.
#[derive(Debug, Clone, Serialize)]
pub struct SupplyRow {
    pub supplier: PlaceName<SupplierId>,
    pub product: ProductName,
    pub supplier_sku: Option<String>,
    pub pack_size: Quantity,
    pub minimum_order: Quantity,
    pub lead_time_days: Option<i32>,
    pub unit_cost: Money,
    pub breaks: Vec<(Quantity, Money)>,
    pub is_preferred: bool,
}

/// Creates or changes rows. None if the key was used with another input.
pub(super) async fn write_supply_rows(
    work: &mut Work,
    clock: &Clock,
    key: &Key,
    input: &SupplyUpsert,
) -> Result<Option<SupplyBatch>, Fault> {
    let now = clock.now();
    // Looked up before the names of the rows, which may not exist any more. The second of two calls
    // with one key fails at the key, and is retried.
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(None),
        Some(KeyUse::Same(receipt)) => return replay(work, &receipt).await.map(Some),
    }
    let mut names = Names::default();
    names.products(work, input.rows.iter().map(|row| &row.product)).await?;
    names.suppliers(work, input.rows.iter().map(|row| &row.supplier)).await?;
    let found: Vec<_> = input.rows.iter().map(|row| (names.supplier(&row.supplier), names.product(&row.product))).collect();
    let mut pairs: Vec<(SupplierId, ProductId)> =
        found.iter().filter_map(|(supplier, product)| Some(((*supplier)?, (*product)?))).collect();
    names.lock_suppliers(work, pairs.iter().map(|(supplier, _)| *supplier)).await?;
    // Locked in the order of merges: suppliers, products, rows; rows that lose their preference are
    // locked with the others, in one order.
    let preferred_rows = input.rows.iter().zip(&found).filter(|(row, _)| row.is_preferred);
    let preferred: Vec<ProductId> = preferred_rows.filter_map(|(_, (_, product))| *product).collect();
    pairs.extend(lock_for_preferred(work, &preferred).await?);
    pairs.sort_unstable();
    pairs.dedup();
    let existing = lock_supplies(work, &pairs).await?;
    let (mut seen_pairs, mut preferred) = (HashSet::new(), HashSet::new());
    let mut rows = Vec::with_capacity(input.rows.len());
    for (row, found) in input.rows.iter().zip(found) {
        let since = found.0.and_then(|supplier| names.archived_since(supplier));
        rows.push(match decide(row, (found, since), (&mut seen_pairs, &mut preferred), |pair| existing.get(&pair), now) {
            Ok((outcome, supply)) => (outcome, Some(supply)),
            Err(problem) => (Outcome::Refused(problem), None),
        });
    }
    let changed_supply = |(outcome, supply): &(Outcome, Option<Supply>)| {
        supply.clone().filter(|_| matches!(outcome, Outcome::Created | Outcome::Updated))
    };
    let changed: Vec<Supply> = rows.iter().filter_map(changed_supply).collect();
    if changed.is_empty() {
        return Ok(Some(SupplyBatch { rows, is_replayed: false, seq: None }));
    }
    let displaced: Vec<ProductId> = changed.iter().filter(|row| row.is_preferred).map(|row| row.product).collect();
    let mut events: Vec<NewEvent> = changed.iter().map(|row| event((row.supplier, row.product, row.version))).collect();
    if !displaced.is_empty() {
        let displaced_rows = clear_preferred(work, &displaced, now).await?;
        let is_reported = |(supplier, product, _): &(SupplierId, ProductId, i64)| {
            changed.iter().any(|row| (row.supplier, row.product) == (*supplier, *product))
        };
        for other in displaced_rows.into_iter().filter(|other| !is_reported(other)) {
            let (old_fields, new_fields) =
                (audit_fields::preference_fields(other.0, true), audit_fields::preference_fields(other.0, false));
            audit::changed(work, other.1, Some(&old_fields), Some(&new_fields), None);
            events.push(event(other));
        }
    }
    for bulk in supply_rows(platform::storage::Reads::tenant(work), &changed) {
        work.write(bulk).await?;
    }
    for after in &changed {
        let before = existing.get(&(after.supplier, after.product)).map(audit_fields::supply);
        audit::changed(work, after.product, before.as_ref(), Some(&audit_fields::supply(after)), None);
    }
    let seq = journal::append(work, events, now).await?;
    let batch = SupplyBatch { rows, is_replayed: false, seq };
    store_batch(work, key, &batch, now).await?;
    Ok(Some(batch))
}

fn decide<'a>(
    row: &SupplyRow,
    (found, archived_since): ((Option<SupplierId>, Option<ProductId>), Option<Timestamp>),
    (seen_pairs, preferred): (&mut HashSet<(SupplierId, ProductId)>, &mut HashSet<ProductId>),
    existing: impl Fn((SupplierId, ProductId)) -> Option<&'a Supply>,
    now: Timestamp,
) -> Result<(Outcome, Supply), SupplyProblem> {
    let supplier = found.0.ok_or(SupplyProblem::NoSupplier)?;
    let product = found.1.ok_or(SupplyProblem::NoProduct)?;
    if !seen_pairs.insert((supplier, product)) {
        return Err(SupplyProblem::Twice);
    }
    if row.is_preferred && !preferred.insert(product) {
        return Err(SupplyProblem::PreferredTwice);
    }
    let before = existing((supplier, product));
    if let Some(since) = before.and_then(|before| before.archived_at).filter(|_| row.is_preferred) {
        return Err(SupplyProblem::Archived(since));
    }
    // Existing rows of an archived supplier may be corrected; new and newly preferred ones are
    // refused.
    let is_newly_offered = before.is_none_or(|before| row.is_preferred && !before.is_preferred);
    if let Some(since) = archived_since.filter(|_| is_newly_offered) {
        return Err(SupplyProblem::SupplierArchived(since));
    }
    let fields = SupplyFields {
        supplier,
        product,
        supplier_sku: row.supplier_sku.clone(),
        pack_size: row.pack_size,
        minimum_order: row.minimum_order,
        lead_time_days: row.lead_time_days,
        unit_cost: row.unit_cost,
        breaks: row.breaks.clone(),
        is_preferred: row.is_preferred,
    };
    let after = check_supply(fields, before, now)?;
    Ok(match before {
        None => (Outcome::Created, after),
        Some(before) if before.has_same_content(&after) => (Outcome::Unchanged, before.clone()),
        Some(_) => (Outcome::Updated, after),
    })
}

/// The event has no price: costs need a permission of their own.
fn event((supplier, product, version): (SupplierId, ProductId, i64)) -> NewEvent {
    let kind = if version == 1 { SUPPLIER_PRODUCT_CREATED } else { SUPPLIER_PRODUCT_UPDATED };
    kind.event(&SupplyChanged { product, supplier, version })
}
