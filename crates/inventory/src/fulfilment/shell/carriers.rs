//! Creating and changing carriers.

use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, Key, KeyUse},
        journal,
    },
};
use serde::Serialize;

use crate::{
    catalog::core::text::fold,
    fulfilment::{
        core::{CarrierProblem, NewCarrier, ShippingCarrier, check_carrier},
        events::{CARRIER_SET, CarrierChanged},
        rows,
    },
    ledger::{Ledger, Mode, key_of},
};

/// Input of a carrier's upsert, by its code. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct CarrierUpsert {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(flatten)]
    pub carrier: NewCarrier,
}

/// Reasons to refuse a change of a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarrierRefusal {
    Invalid(CarrierProblem),
    /// The carrier is at this version.
    Stale(i64),
    /// The tenant has the maximum of carriers.
    TooMany,
    KeyReused,
}

/// The carrier after the change, and the event of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierResult {
    pub carrier: ShippingCarrier,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

type Answer = Result<CarrierResult, Vec<CarrierRefusal>>;

pub async fn carrier_upsert(
    ledger: &Ledger,
    permit: Permit<kind::StoreWrite>,
    input: CarrierUpsert,
    mode: Mode,
) -> Result<Answer, Fault> {
    let refusals: Vec<CarrierRefusal> = check_carrier(&input.carrier).into_iter().map(CarrierRefusal::Invalid).collect();
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    let key = key_of(&permit, "carrierUpsert", &input.idempotency_key, &input);
    let mut work = permit.scope(ledger.database()).begin().await?;
    match upsert_once(&mut work, ledger, &key, &input).await {
        Ok(Ok(outcome)) if !outcome.is_replayed && mode == Mode::Commit => {
            work.commit().await?;
            Ok(Ok(outcome))
        }
        Ok(answer) => {
            work.rollback().await?;
            let without_seq =
                |outcome: CarrierResult| if outcome.is_replayed { outcome } else { CarrierResult { seq: None, ..outcome } };
            Ok(answer.map(without_seq))
        }
        Err(fault) => {
            let _ = work.rollback().await;
            Err(fault)
        }
    }
}

async fn upsert_once(work: &mut Work, ledger: &Ledger, key: &Key, input: &CarrierUpsert) -> Result<Answer, Fault> {
    let now = ledger.clock().now();
    // Concurrent changes of the tenant's master data wait here: they may have the same key or the
    // same code.
    journal::hold(work).await?;
    let folded_code = fold(input.carrier.code.trim());
    let existing = rows::find_carrier_by_code(work, &folded_code).await?;
    let used_keys = idempotency::look_up(work, [key]).await?;
    match idempotency::key_use(key, &used_keys) {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(vec![CarrierRefusal::KeyReused])),
        Some(KeyUse::Same(receipt)) => {
            let carrier = existing.ok_or_else(|| Fault::corrupt("carrier", "a receipt names a carrier that exists"))?;
            return Ok(Ok(CarrierResult { carrier, seq: receipt.parse().ok(), is_replayed: true }));
        }
    }
    let version = existing.as_ref().map_or(0, |existing| existing.version);
    if input.expected_version.is_some_and(|expected| expected != version) {
        return Ok(Err(vec![CarrierRefusal::Stale(version)]));
    }
    if existing.is_none() && rows::load_carriers(work).await?.len() >= rows::MAX_CARRIERS {
        return Ok(Err(vec![CarrierRefusal::TooMany]));
    }
    let before = existing.as_ref().map(audit_fields);
    let NewCarrier { code, name, services, url_template, number_pattern, is_active } = input.carrier.clone();
    let (id, created_at) = existing.map_or_else(|| (ledger.clock().id(), now), |existing| (existing.id, existing.created_at));
    let carrier = ShippingCarrier {
        id,
        code: code.trim().to_owned(),
        name: name.trim().to_owned(),
        services,
        url_template,
        number_pattern,
        is_active,
        version: version + 1,
        created_at,
        updated_at: now,
    };
    work.write(rows::put_carrier(work.tenant(), &carrier, &folded_code)).await?;
    audit::changed(work, id, before.as_ref(), Some(&audit_fields(&carrier)), None);
    let event = CARRIER_SET.event(&CarrierChanged { id, code: carrier.code.clone(), version: carrier.version });
    let seq = journal::append(work, vec![event], now).await?;
    let receipt = seq.map_or_else(String::new, |seq| seq.to_string());
    idempotency::store_receipts(work, [(key, receipt)], now).await?;
    Ok(Ok(CarrierResult { carrier, seq, is_replayed: false }))
}

/// Fields that the audit log compares, under their names in the API.
fn audit_fields(carrier: &ShippingCarrier) -> Fields {
    Fields::default()
        .with("code", &carrier.code)
        .with("name", &carrier.name)
        .with("services", &carrier.services)
        .with("trackingUrlTemplate", &carrier.url_template)
        .with("numberPattern", &carrier.number_pattern)
        .with("isActive", carrier.is_active)
}
