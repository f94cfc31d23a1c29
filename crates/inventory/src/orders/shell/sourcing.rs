//! Setting the rule by which orders are sourced.

use std::collections::HashSet;

use entity::prelude::*;
use iam::access::{Permit, code, kind};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    storage::{
        Database, Fault, Reads, Work, dry_run,
        idempotency::{self, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::Serialize;
use serde_json::json;

use crate::orders::events::{SOURCING_SET, SourcingChanged};
use crate::orders::{
    core::{SourcingOptions, SourcingRule},
    rows::{self, StoreSourcing},
};

/// Changes of the rule and of stores' settings; None leaves a value as it is, also within the rule.
/// Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct SourcingSet {
    #[serde(skip)]
    pub idempotency_key: String,
    pub rule: Option<SourcingOptions>,
    pub stores: Vec<StoreSourcing>,
}

/// Reasons to refuse the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcingRefusal {
    /// The store at this index of the list does not exist, or is archived.
    NoStore(usize),
    /// The store occurs earlier in the list.
    Twice(usize),
    KeyReused,
}

/// Result of a change of sourcing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcingResult {
    pub seq: Option<i64>,
    pub is_replayed: bool,
    /// The rule and all open stores after a dry run; None for a commit.
    pub would_be: Option<(SourcingRule, Vec<StoreSourcing>)>,
}

pub async fn set_sourcing(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::StoreWrite>,
    input: SourcingSet,
) -> Result<Result<SourcingResult, Vec<SourcingRefusal>>, Fault> {
    let key =
        Key { owner: permit.actor().id, mutation: "sourcingSet", key: input.idempotency_key.clone(), hash: hash_of(&input) };
    let mut work = permit.scope(db).begin().await?;
    match set_sourcing_in(&mut work, clock, &key, &input).await {
        Ok(Ok(outcome)) if !outcome.is_replayed => {
            work.commit().await?;
            Ok(Ok(outcome))
        }
        Ok(answer) => {
            work.rollback().await?;
            Ok(answer)
        }
        Err(fault) => {
            let _ = work.rollback().await;
            Err(fault)
        }
    }
}

async fn set_sourcing_in(
    work: &mut Work,
    clock: &Clock,
    key: &Key,
    input: &SourcingSet,
) -> Result<Result<SourcingResult, Vec<SourcingRefusal>>, Fault> {
    let now = clock.now();
    // The event first: it waits for other writers of the journal, one of which may have the same
    // key.
    let payload = SourcingChanged { rule: json!(input.rule), stores: json!(input.stores) };
    let event = SOURCING_SET.event(&payload);
    let seq = journal::append(work, vec![event], now).await?;
    let receipts = idempotency::look_up(work, [key]).await?;
    match idempotency::key_use(key, &receipts) {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![SourcingRefusal::KeyReused])),
        Some(KeyUse::Same(receipt)) => {
            return Ok(Ok(SourcingResult { seq: receipt.parse().ok(), is_replayed: true, would_be: None }));
        }
    }
    let store_ids: Vec<StoreId> = input.stores.iter().map(|setting| setting.store).collect();
    let existing_stores = rows::open_stores(work, &store_ids).await?;
    let refusals = find_refused_stores(&store_ids, &existing_stores);
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    if let Some(request) = &input.rule {
        let (before, tenant) = (rows::sourcing_rule(work).await?, work.tenant());
        let rule = before.with(request);
        rows::write_sourcing_rule(work, &rule, now).await?;
        audit::changed(work, tenant, Some(&rule_audit_fields(before)), Some(&rule_audit_fields(rule)), None);
    }
    let before = if audit::logs_changes() { rows::sourcing_of(work, &store_ids).await? } else { Vec::new() };
    for setting in &input.stores {
        rows::write_store_sourcing(work, setting, now).await?;
        let old_fields = before.iter().find(|old_sourcing| old_sourcing.store == setting.store).map(store_audit_fields);
        audit::changed(work, setting.store, old_fields.as_ref(), Some(&store_audit_fields(setting)), None);
    }
    let receipt = seq.map_or_else(String::new, |seq| seq.to_string());
    idempotency::store_receipts(work, [(key, receipt)], now).await?;
    let would_be =
        if dry_run::is_on() { Some((rows::sourcing_rule(work).await?, rows::store_sourcing(work).await?)) } else { None };
    Ok(Ok(SourcingResult { seq, is_replayed: false, would_be }))
}

/// Returns all unknown stores; if there are none, those that occur earlier in the list.
fn find_refused_stores(store_ids: &[StoreId], existing_stores: &HashSet<StoreId>) -> Vec<SourcingRefusal> {
    let (mut unknown, mut repeated, mut seen_stores) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, store) in store_ids.iter().enumerate() {
        if !existing_stores.contains(store) {
            unknown.push(SourcingRefusal::NoStore(index));
        } else if !seen_stores.insert(store) {
            repeated.push(SourcingRefusal::Twice(index));
        }
    }
    if unknown.is_empty() { repeated } else { unknown }
}

/// Fields of the tenant's rule that the audit log compares.
fn rule_audit_fields(rule: SourcingRule) -> Fields {
    const STORES: &str = code::<kind::StoreRead>();
    Fields::default()
        .masked("sourcing.strategy", STORES, rule.strategy.as_str())
        .masked("sourcing.split", STORES, rule.split.as_str())
        .masked("sourcing.maxStores", STORES, rule.max_stores)
}

/// Fields of a store's settings that the audit log compares.
fn store_audit_fields(sourcing: &StoreSourcing) -> Fields {
    let position = sourcing.position.map(|at| {
        let (latitude, longitude) = at.degrees();
        json!({ "latitude": latitude, "longitude": longitude })
    });
    Fields::default()
        .with("sourcing.isSource", sourcing.is_source)
        .with("sourcing.priority", sourcing.priority)
        .with("sourcing.position", position)
}
