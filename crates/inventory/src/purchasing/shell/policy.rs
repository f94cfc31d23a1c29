//! Replenishment policies and bin locations of levels: set in bulk, all or none.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    audit,
    clock::Clock,
    storage::{
        Database, Fault, Work, dry_run,
        idempotency::{self, Key, KeyUse, hash_of},
        journal, with_retries,
    },
};
use serde::{Deserialize, Serialize};

use super::audit_fields;
use crate::stock::events::{self, PolicyMoved, STOCK_POLICY_SET};
use crate::{
    purchasing::{
        core::{PolicyItem, PolicyProblem, check_policy},
        rows::{Names, PlaceName, Policy, ProductName, lock_policies, write_policies},
    },
    stock::{
        core::LevelKey,
        rows::list::{LevelRow, levels_by_key},
    },
};

/// Policies to set. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PolicySet {
    #[serde(skip)]
    pub idempotency_key: String,
    pub rows: Vec<PolicyRow>,
}

/// A level's policy; None leaves a field unchanged, `Some(None)` clears it.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyRow {
    pub product: ProductName,
    pub store: PlaceName<StoreId>,
    pub reorder_point: Option<Option<Quantity>>,
    pub maximum: Option<Option<Quantity>>,
    pub safety_stock: Option<Quantity>,
    /// Left out of the hash if absent, so that hashes from before there were bin locations stay
    /// valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_location: Option<Option<String>>,
}

/// Reason why nothing was set, with the index of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRefusal {
    pub row: usize,
    pub what: PolicyReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyReason {
    NoProduct,
    NoStore,
    Twice,
    Problem(PolicyProblem),
    /// Refusal of the whole call: the key was used with another input.
    KeyReused,
}

/// The levels that were set, and the number of their event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    pub levels: Vec<(ProductId, StoreId)>,
    pub seq: Option<i64>,
    #[serde(skip)]
    pub is_replayed: bool,
    /// The levels after a dry run, each with its bin location; empty for a call that wrote.
    #[serde(skip)]
    pub would_be: Vec<(LevelRow, Option<String>)>,
}

pub async fn set_policies(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::StockPolicy>,
    input: PolicySet,
) -> Result<Result<Set, Vec<PolicyRefusal>>, Fault> {
    let key =
        Key { owner: permit.actor().id, mutation: "stockPolicySet", key: input.idempotency_key.clone(), hash: hash_of(&input) };
    let scope = permit.scope(db);
    let (permit, key, input) = (&permit, &key, &input);
    let decide = |mut work: Work| async move {
        let result = write_policies_in(&mut work, clock, (permit, key), input).await;
        (work, result)
    };
    let should_commit = |result: &Result<Set, Vec<PolicyRefusal>>| result.as_ref().is_ok_and(|set| !set.is_replayed);
    Ok(with_retries(&scope, decide, should_commit).await?.0)
}

async fn write_policies_in(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::StockPolicy>, &Key),
    input: &PolicySet,
) -> Result<Result<Set, Vec<PolicyRefusal>>, Fault> {
    // Looked up before the names of the rows, which may not exist any more. The second of two calls
    // with one key fails at the key, and is retried.
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![PolicyRefusal { row: 0, what: PolicyReason::KeyReused }])),
        Some(KeyUse::Same(receipt)) => {
            let outcome: Set = serde_json::from_str(&receipt)
                .map_err(|_| Fault::corrupt("idempotency", "a receipt of policies lists its levels"))?;
            return Ok(Ok(Set { is_replayed: true, ..outcome }));
        }
    }
    let mut names = Names::default();
    names.products(work, input.rows.iter().map(|row| &row.product)).await?;
    names.stores(work, input.rows.iter().map(|row| &row.store)).await?;
    let items = match resolve_items(&names, permit, &input.rows) {
        Ok(items) => items,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let keys: BTreeSet<LevelKey> = items.iter().map(|item| item.key).collect();
    let existing_policies = lock_policies(work, &keys.into_iter().collect::<Vec<_>>()).await?;
    let mut policies = match policies_of(&items, &existing_policies) {
        Ok(policies) => policies,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let now = clock.now();
    // In the ledger's own order, so that two writers of the same levels do not deadlock.
    policies.sort_by_key(|policy| policy.key);
    let ids = write_policies(work, &policies, || clock.id(), now).await?;
    for (policy, level) in policies.iter().zip(ids) {
        let before = existing_policies.get(&policy.key).map(audit_fields::policy);
        audit::changed(work, level, before.as_ref(), Some(&audit_fields::policy(policy)), None);
    }
    let levels: Vec<(ProductId, StoreId)> = items.iter().map(|item| (item.key.product, item.key.store)).collect();
    let moved = policies.iter().map(|policy| policy_change(policy, existing_policies.get(&policy.key))).collect();
    let event = STOCK_POLICY_SET.event(&events::PolicySet { levels: moved });
    let seq = journal::append(work, vec![event], now).await?;
    let would_be = if dry_run::is_on() { dry_run_levels(work, &policies).await? } else { Vec::new() };
    let outcome = Set { levels, seq, is_replayed: false, would_be };
    let receipt = serde_json::to_string(&outcome).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], now).await?;
    Ok(Ok(outcome))
}

/// Returns the items of all rows. Refuses all unknown names; if there are none, the levels that an
/// earlier row has.
fn resolve_items(
    names: &Names,
    permit: &Permit<kind::StockPolicy>,
    rows: &[PolicyRow],
) -> Result<Vec<PolicyItem>, Vec<PolicyRefusal>> {
    let (mut unknown, mut repeated, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut items = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let product = names.product(&row.product);
        let store = names.store(&row.store).filter(|store| permit.covers(*store));
        if product.is_none() {
            unknown.push(PolicyRefusal { row: index, what: PolicyReason::NoProduct });
        }
        if store.is_none() {
            unknown.push(PolicyRefusal { row: index, what: PolicyReason::NoStore });
        }
        let (Some(product), Some(store)) = (product, store) else { continue };
        let key = LevelKey { product, store };
        if !keys.insert(key) {
            repeated.push(PolicyRefusal { row: index, what: PolicyReason::Twice });
        }
        let PolicyRow { reorder_point, maximum, safety_stock, .. } = *row;
        items.push(PolicyItem { key, reorder_point, maximum, safety_stock, bin_location: row.bin_location.clone() });
    }
    let refusals = if unknown.is_empty() { repeated } else { unknown };
    if refusals.is_empty() { Ok(items) } else { Err(refusals) }
}

/// Returns the policies of levels after the items. Refuses all levels that do not exist; if there
/// are none, all invalid values.
fn policies_of(items: &[PolicyItem], existing_policies: &HashMap<LevelKey, Policy>) -> Result<Vec<Policy>, Vec<PolicyRefusal>> {
    let (mut unknown, mut problems) = (Vec::new(), Vec::new());
    let mut policies = Vec::with_capacity(items.len());
    for (row, item) in items.iter().enumerate() {
        let Some(current_policy) = existing_policies.get(&item.key) else {
            unknown.push(PolicyRefusal { row, what: PolicyReason::NoProduct });
            continue;
        };
        match check_policy(item, (current_policy.reorder_point, current_policy.maximum, current_policy.safety_stock)) {
            Ok((reorder_point, maximum, safety_stock)) => {
                let bin_location = item.bin_location.clone().unwrap_or_else(|| current_policy.bin_location.clone());
                policies.push(Policy { reorder_point, maximum, safety_stock, bin_location, ..*current_policy });
            }
            Err(problem) => problems.push(PolicyRefusal { row, what: PolicyReason::Problem(problem) }),
        }
    }
    let refusals = if unknown.is_empty() { problems } else { unknown };
    if refusals.is_empty() { Ok(policies) } else { Err(refusals) }
}

/// Returns levels with their bin locations, ordered by key, after a dry run has written the
/// policies, which are rolled back later.
async fn dry_run_levels(work: &Work, policies: &[Policy]) -> Result<Vec<(LevelRow, Option<String>)>, Fault> {
    let keys: Vec<LevelKey> = policies.iter().map(|policy| policy.key).collect();
    let levels = levels_by_key(work, &keys).await?;
    let with_bin = |level: LevelRow| {
        let found = policies.binary_search_by_key(&level.key, |policy| policy.key);
        let bin = found.ok().and_then(|at| policies[at].bin_location.clone());
        (level, bin)
    };
    Ok(levels.into_iter().map(with_bin).collect())
}

/// A level's policy with the one before, so that followers of the journal can tell which thresholds
/// have moved past the quantity.
fn policy_change(policy: &Policy, before: Option<&Policy>) -> PolicyMoved {
    PolicyMoved {
        product: policy.key.product,
        store: policy.key.store,
        category: policy.category,
        reorder_point: policy.reorder_point,
        maximum: policy.maximum,
        safety_stock: policy.safety_stock,
        reorder_point_before: before.and_then(|before| before.reorder_point),
        maximum_before: before.and_then(|before| before.maximum),
        bin_location: policy.bin_location.clone(),
    }
}
