//! Archiving and restoring rows of suppliers' catalogues.

use entity::prelude::*;
use platform::{
    audit,
    clock::Clock,
    storage::{
        Fault, Work,
        idempotency::{self, Key, KeyUse},
        journal,
    },
};
use serde::Serialize;

use super::{
    audit_fields,
    supply_batch::{Outcome, SupplyBatch, replay, store_batch},
};
use crate::{
    catalog::core::archiving::Step,
    purchasing::{
        core::{Supply, SupplyProblem},
        events::{SUPPLIER_PRODUCT_ARCHIVED, SUPPLIER_PRODUCT_RESTORED, SupplyChanged},
        rows::{Names, PlaceName, ProductName, lock_supplies, supply_rows},
    },
};

/// A row and the requested step. The idempotency key's hash covers its JSON; each step has a
/// mutation of its own.
#[derive(Debug, Clone, Serialize)]
pub struct SupplyArchivingInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub supplier: PlaceName<SupplierId>,
    pub product: ProductName,
    #[serde(skip)]
    pub step: Step,
}

/// Archives or restores a row. None if the key was used with another input.
pub(super) async fn archive_or_restore_supply(
    work: &mut Work,
    clock: &Clock,
    key: &Key,
    input: &SupplyArchivingInput,
) -> Result<Option<SupplyBatch>, Fault> {
    let now = clock.now();
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(None),
        Some(KeyUse::Same(receipt)) => return replay(work, &receipt).await.map(Some),
    }
    let mut names = Names::default();
    names.products(work, [&input.product]).await?;
    names.suppliers(work, [&input.supplier]).await?;
    let found_ids = (names.supplier(&input.supplier), names.product(&input.product));
    let pairs: Vec<(SupplierId, ProductId)> = found_ids.0.zip(found_ids.1).into_iter().collect();
    names.lock_suppliers(work, found_ids.0).await?;
    let existing = lock_supplies(work, &pairs).await?;
    let before = pairs.first().and_then(|pair| existing.get(pair));
    let since = found_ids.0.and_then(|supplier| names.archived_since(supplier));
    let row = match decide(input.step, found_ids, (before, since), now) {
        Ok((outcome, supply)) => (outcome, Some(supply)),
        Err(problem) => (Outcome::Refused(problem), None),
    };
    let mut batch = SupplyBatch { rows: vec![row.clone()], is_replayed: false, seq: None };
    let Some(after) = row.1.filter(|_| row.0 == Outcome::Updated) else { return Ok(Some(batch)) };
    for bulk in supply_rows(platform::storage::Reads::tenant(work), std::slice::from_ref(&after)) {
        work.write(bulk).await?;
    }
    audit::changed(work, after.product, before.map(audit_fields::supply).as_ref(), Some(&audit_fields::supply(&after)), None);
    let event = match input.step {
        Step::Archive => SUPPLIER_PRODUCT_ARCHIVED,
        Step::Restore => SUPPLIER_PRODUCT_RESTORED,
    };
    let payload = SupplyChanged { product: after.product, supplier: after.supplier, version: after.version };
    batch.seq = journal::append(work, vec![event.event(&payload)], now).await?;
    store_batch(work, key, &batch, now).await?;
    Ok(Some(batch))
}

/// A step that was done before changes nothing. Rows of an archived supplier cannot be restored.
fn decide(
    step: Step,
    (supplier, product): (Option<SupplierId>, Option<ProductId>),
    (before, archived_since): (Option<&Supply>, Option<Timestamp>),
    now: Timestamp,
) -> Result<(Outcome, Supply), SupplyProblem> {
    supplier.ok_or(SupplyProblem::NoSupplier)?;
    product.ok_or(SupplyProblem::NoProduct)?;
    let before = before.ok_or(SupplyProblem::NoRow)?;
    let archives = step == Step::Archive;
    if before.archived_at.is_some() == archives {
        return Ok((Outcome::Unchanged, before.clone()));
    }
    match archived_since {
        Some(since) if !archives => Err(SupplyProblem::SupplierArchived(since)),
        _ => Ok((Outcome::Updated, before.archived(archives.then_some(now), now))),
    }
}
