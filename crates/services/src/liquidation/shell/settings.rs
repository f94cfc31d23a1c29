//! Setting a tenant's criteria.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use inventory::{ledger::Mode, purchasing::rows::known_suppliers};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, Acted, Before, Key, hash_of, settle},
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

type May = Permit<kind::StockPolicy>;
type Done = Result<Acted<Settings>, LiquidationError>;

/// Sets all criteria at once.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_settings(db: &Database, clock: &Clock, permit: May, input: SettingsSet, mode: Mode) -> Done {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(LiquidationRefusal::BadKey));
    refusals.extend(input.criteria.problems().into_iter().map(LiquidationRefusal::Criteria));
    refusals.extend((permit.reach() != Reach::Everywhere).then_some(LiquidationRefusal::NotEverywhere));
    refusals.end(Stage::Shape)?;
    let mut work = permit.scope(db).begin().await?;
    let done = set(&mut work, clock.now(), &permit, (&input, refusals)).await;
    settle(work, done, mode.is_dry()).await
}

async fn set(
    work: &mut Work,
    now: Timestamp,
    permit: &May,
    (input, mut refusals): (&SettingsSet, Refusals<LiquidationRefusal>),
) -> Done {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "liquidationSettingsSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::lock_and_look_up(work, &key).await?;
    let before = rows::settings(work).await?;
    match earlier {
        Before::Nothing => {}
        Before::Reused => return Err(LiquidationRefusal::KeyReused.into()),
        Before::Same(Receipt { seq }) => return Ok(Acted { value: before, seq, is_replayed: true }),
    }
    refusals.extend(unknown(work, &input.criteria).await?);
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
    Ok(Acted { value: after, seq, is_replayed: false })
}

/// The suppliers and stores that criteria name and that are not there.
async fn unknown(work: &Work, criteria: &Criteria) -> Result<Vec<LiquidationRefusal>, Fault> {
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
    let named: Vec<SupplierId> = criteria.supplier_terms.iter().map(|terms| terms.supplier).collect();
    let known = if named.is_empty() { Vec::new() } else { known_suppliers(work, &named, &[]).await? };
    for (index, supplier) in named.iter().enumerate() {
        if !known.iter().any(|known| known.id == *supplier) {
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
    let Ok(Value::Object(all)) = serde_json::to_value(criteria) else { return Fields::default() };
    let masked =
        |fields: Fields, (name, value): (String, Value)| fields.masked(format!("liquidationSettings.{name}"), MASK, value);
    all.into_iter().fold(Fields::default(), masked)
}
