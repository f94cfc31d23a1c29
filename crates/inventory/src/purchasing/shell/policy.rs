//! When levels are filled up, and where their products lie: set in bulk, all or none.

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

use super::traced;
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

/// Policies to set. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct PolicySet {
    #[serde(skip)]
    pub idempotency_key: String,
    pub rows: Vec<PolicyRow>,
}

/// A level's policy; what is None stays, `Some(None)` clears.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyRow {
    pub product: ProductName,
    pub store: PlaceName<StoreId>,
    pub reorder_point: Option<Option<Quantity>>,
    pub maximum: Option<Option<Quantity>>,
    pub safety_stock: Option<Quantity>,
    /// Left out of the hash where nothing is said of it, as it was before there were bin locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bin_location: Option<Option<String>>,
}

/// Why nothing was set: which row, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRefusal {
    pub row: usize,
    pub what: PolicyWhat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyWhat {
    NoProduct,
    NoStore,
    Twice,
    Problem(PolicyProblem),
    /// Of the whole call: the key was used with another input.
    KeyReused,
}

/// The levels that were set, and the event that says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    pub levels: Vec<(ProductId, StoreId)>,
    pub seq: Option<i64>,
    #[serde(skip)]
    pub is_replayed: bool,
    /// The levels as a dry run would leave them, each with its bin location; empty of a call that wrote.
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
        let decided = once(&mut work, clock, (permit, key), input).await;
        (work, decided)
    };
    let is_to_keep = |decided: &Result<Set, Vec<PolicyRefusal>>| decided.as_ref().is_ok_and(|set| !set.is_replayed);
    Ok(with_retries(&scope, decide, is_to_keep).await?.0)
}

async fn once(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::StockPolicy>, &Key),
    input: &PolicySet,
) -> Result<Result<Set, Vec<PolicyRefusal>>, Fault> {
    // Before what the rows name, which may be gone by now. Of two calls with one key the second fails at the key, and is begun again.
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![PolicyRefusal { row: 0, what: PolicyWhat::KeyReused }])),
        Some(KeyUse::Same(receipt)) => {
            let set: Set = serde_json::from_str(&receipt)
                .map_err(|_| Fault::corrupt("idempotency", "a receipt of policies lists its levels"))?;
            return Ok(Ok(Set { is_replayed: true, ..set }));
        }
    }
    let mut names = Names::default();
    names.products(work, input.rows.iter().map(|row| &row.product)).await?;
    names.stores(work, input.rows.iter().map(|row| &row.store)).await?;
    let items = match named_items(&names, permit, &input.rows) {
        Ok(items) => items,
        Err(refused) => return Ok(Err(refused)),
    };
    let keys: BTreeSet<LevelKey> = items.iter().map(|item| item.key).collect();
    let there = lock_policies(work, &keys.into_iter().collect::<Vec<_>>()).await?;
    let mut policies = match policies_of(&items, &there) {
        Ok(policies) => policies,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = clock.now();
    // In the ledger's own order, so that two writers of the same levels do not wait for each other.
    policies.sort_by_key(|policy| policy.key);
    let ids = write_policies(work, &policies, || clock.id(), now).await?;
    for (policy, level) in policies.iter().zip(ids) {
        let before = there.get(&policy.key).map(traced::policy);
        audit::changed(work, level, before.as_ref(), Some(&traced::policy(policy)), None);
    }
    let levels: Vec<(ProductId, StoreId)> = items.iter().map(|item| (item.key.product, item.key.store)).collect();
    let moved = policies.iter().map(|policy| moved(policy, there.get(&policy.key))).collect();
    let event = STOCK_POLICY_SET.event(&events::PolicySet { levels: moved });
    let seq = journal::append(work, vec![event], now).await?;
    let would_be = if dry_run::is_on() { tried(work, &policies).await? } else { Vec::new() };
    let set = Set { levels, seq, is_replayed: false, would_be };
    let receipt = serde_json::to_string(&set).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::remember(work, [(key, receipt)], now).await?;
    Ok(Ok(set))
}

/// The items of all rows. Refused are all names that mean nothing; where all mean something, the levels that stand in an earlier row.
fn named_items(
    names: &Names,
    permit: &Permit<kind::StockPolicy>,
    rows: &[PolicyRow],
) -> Result<Vec<PolicyItem>, Vec<PolicyRefusal>> {
    let (mut unknown, mut twice, mut keys) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut items = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let product = names.product(&row.product);
        let store = names.store(&row.store).filter(|store| permit.covers(*store));
        if product.is_none() {
            unknown.push(PolicyRefusal { row: index, what: PolicyWhat::NoProduct });
        }
        if store.is_none() {
            unknown.push(PolicyRefusal { row: index, what: PolicyWhat::NoStore });
        }
        let (Some(product), Some(store)) = (product, store) else { continue };
        let key = LevelKey { product, store };
        if !keys.insert(key) {
            twice.push(PolicyRefusal { row: index, what: PolicyWhat::Twice });
        }
        let PolicyRow { reorder_point, maximum, safety_stock, .. } = *row;
        items.push(PolicyItem { key, reorder_point, maximum, safety_stock, bin_location: row.bin_location.clone() });
    }
    let refused = if unknown.is_empty() { twice } else { unknown };
    if refused.is_empty() { Ok(items) } else { Err(refused) }
}

/// The policies of levels as items leave them. Refused are all levels that are not there; where all are, all values.
fn policies_of(items: &[PolicyItem], there: &HashMap<LevelKey, Policy>) -> Result<Vec<Policy>, Vec<PolicyRefusal>> {
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    let mut policies = Vec::with_capacity(items.len());
    for (row, item) in items.iter().enumerate() {
        let Some(now) = there.get(&item.key) else {
            unknown.push(PolicyRefusal { row, what: PolicyWhat::NoProduct });
            continue;
        };
        match check_policy(item, (now.reorder_point, now.maximum, now.safety_stock)) {
            Ok((reorder_point, maximum, safety_stock)) => {
                let bin_location = item.bin_location.clone().unwrap_or_else(|| now.bin_location.clone());
                policies.push(Policy { reorder_point, maximum, safety_stock, bin_location, ..*now });
            }
            Err(problem) => wrong.push(PolicyRefusal { row, what: PolicyWhat::Problem(problem) }),
        }
    }
    let refused = if unknown.is_empty() { wrong } else { unknown };
    if refused.is_empty() { Ok(policies) } else { Err(refused) }
}

/// Levels with their bin locations under policies that are written, in their order by key, and are not kept.
async fn tried(work: &Work, policies: &[Policy]) -> Result<Vec<(LevelRow, Option<String>)>, Fault> {
    let keys: Vec<LevelKey> = policies.iter().map(|policy| policy.key).collect();
    let levels = levels_by_key(work, &keys).await?;
    let with_bin = |level: LevelRow| {
        let found = policies.binary_search_by_key(&level.key, |policy| policy.key);
        let bin = found.ok().and_then(|at| policies[at].bin_location.clone());
        (level, bin)
    };
    Ok(levels.into_iter().map(with_bin).collect())
}

/// A level's policy with the one before, so that whoever follows the journal can tell which lines have moved past the level.
fn moved(policy: &Policy, before: Option<&Policy>) -> PolicyMoved {
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
