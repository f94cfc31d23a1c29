//! Setting a tenant's criteria.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use inventory::{ledger::Mode, purchasing::rows::suppliers_by_id_or_code};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::{LiquidationError, LiquidationRefusal};
use crate::{
    liquidation::{
        core::Criteria,
        events::{LIQUIDATION_SETTINGS_SET, SettingsEvent},
        rows::{self, Settings},
    },
    replenishment::rows::stores as known_stores,
};

/// Criteria to set. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub criteria: Criteria,
}

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

type PolicyPermit = Permit<kind::StockPolicy>;
type ChangeResult = Result<CallResult<Settings>, LiquidationError>;

/// Sets all criteria at once.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_settings(db: &Database, clock: &Clock, permit: PolicyPermit, input: SettingsSet, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(LiquidationRefusal::BadKey));
    refusals.extend(input.criteria.problems().into_iter().map(LiquidationRefusal::Criteria));
    refusals.extend((permit.reach() != Reach::Everywhere).then_some(LiquidationRefusal::NotEverywhere));
    refusals.end(Stage::Shape)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = set(&mut work, clock.now(), &permit, (&input, refusals)).await;
    settle(work, outcome, mode.is_dry()).await
}

async fn set(
    work: &mut Work,
    now: Timestamp,
    permit: &PolicyPermit,
    (input, mut refusals): (&SettingsSet, Refusals<LiquidationRefusal>),
) -> ChangeResult {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "liquidationSettingsSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::lock_and_look_up(work, &key).await?;
    let before = rows::settings(work).await?;
    match earlier {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(LiquidationRefusal::KeyReused.into()),
        EarlierUse::Same(Receipt { seq }) => return Ok(CallResult { value: before, seq, is_replayed: true }),
    }
    refusals.extend(find_unknown_references(work, &input.criteria).await?);
    let is_stale = input.expected_version.is_some_and(|expected| expected != before.version);
    refusals.extend(is_stale.then_some(LiquidationRefusal::Stale { what: "criteria", actual: before.version }));
    refusals.end(Stage::State)?;
    let after = Settings { criteria: input.criteria.clone(), version: before.version + 1, updated_at: Some(now) };
    rows::change_settings(work, &after, now).await?;
    let tenant = work.tenant();
    audit::changed(work, tenant, Some(&audit_fields(&before.criteria)), Some(&audit_fields(&after.criteria)), None);
    let seq =
        journal::append_other(work, vec![LIQUIDATION_SETTINGS_SET.event(&SettingsEvent { version: after.version })], now).await?;
    idempotency::keep(work, &key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: after, seq, is_replayed: false })
}

/// The suppliers and stores that criteria name and that are not there.
async fn find_unknown_references(work: &Work, criteria: &Criteria) -> Result<Vec<LiquidationRefusal>, Fault> {
    let mut unknown = Vec::new();
    let stores = if criteria.transfer_costs.is_empty() { BTreeSet::new() } else { known_stores(work).await? };
    for (index, cost) in criteria.transfer_costs.iter().enumerate() {
        for (name, store) in [("fromStoreId", Some(cost.from)), ("toStoreId", cost.to)] {
            if store.is_some_and(|store| !stores.contains(&store)) {
                let field = path!["input", "transferCosts", index, name];
                unknown.push(LiquidationRefusal::NotFound { what: "store", field });
            }
        }
    }
    let supplier_ids: Vec<SupplierId> = criteria.supplier_terms.iter().map(|terms| terms.supplier).collect();
    let existing = if supplier_ids.is_empty() { Vec::new() } else { suppliers_by_id_or_code(work, &supplier_ids, &[]).await? };
    for (index, supplier) in supplier_ids.iter().enumerate() {
        if !existing.iter().any(|existing| existing.id == *supplier) {
            let field = path!["input", "supplierTerms", index, "supplierId"];
            unknown.push(LiquidationRefusal::NotFound { what: "supplier", field });
        }
    }
    Ok(unknown)
}

/// Returns the fields for the audit log's comparison. Amounts are in minor units, as they are
/// stored.
fn audit_fields(criteria: &Criteria) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let Ok(Value::Object(criteria_fields)) = serde_json::to_value(criteria) else { return Fields::default() };
    let masked =
        |fields: Fields, (name, value): (String, Value)| fields.masked(format!("liquidationSettings.{name}"), MASK, value);
    criteria_fields.into_iter().fold(Fields::default(), masked)
}
