//! Adjustments of stock, whose costs may be in other currencies than the books': missing rates are
//! looked up after the ledger has named them.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};
use serde::Serialize;

use super::lines::{Head, Lines, MAX_LINES, build_head, check_call};
use crate::{
    currency::shell::load_rate_on,
    ledger::{
        Command, Ledger, LotRef, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, ProductRef, StockCommand, Stop, StoreRef,
        SubmitResult, check_override, key_of, lot_choice, may_override, submit_with_missing,
    },
    stock::core::{Adjust, At, Change, Costs, Field, RateLookup, Reason, Refusal, Rejection, Shortage},
};

/// Input of `stockAdjust`.
#[derive(Debug, Clone, Serialize)]
pub struct AdjustInput {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: MovementKind,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub changes: Vec<ChangeInput>,
}
#[derive(Debug, Clone, Serialize)]
pub struct ChangeInput {
    pub product: ProductRef,
    pub store: StoreRef,
    pub delta: Quantity,
    /// Not part of the hash: the same change may be sent again with a newer version.
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub unit_cost: Option<Money>,
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}

/// Changes stock by deltas, all or none.
pub async fn stock_adjust(ledger: &Ledger, permit: Permit<kind::StockAdjust>, input: AdjustInput, mode: Mode) -> SubmitResult {
    let override_reach = may_override(&permit, input.on_shortage)?;
    let texts = [(input.note.as_ref(), MAX_NOTE, Field::Note), (input.external_ref.as_ref(), MAX_REFERENCE, Field::ExternalRef)];
    let mut checks = check_call(&input.idempotency_key, input.changes.len(), Field::Changes, &texts);
    for (index, change) in input.changes.iter().enumerate().take(MAX_LINES) {
        checks.text(change.note.as_deref(), MAX_NOTE, || At::row(Field::Changes, index).field(Field::Note));
        checks.lot(change.lot.as_ref(), || At::row(Field::Changes, index).field(Field::Lot));
        if change.unit_cost.is_some_and(|cost| cost.minor < 0) {
            checks.refuse(Refusal::NegativeCost.at(At::row(Field::Changes, index).field(Field::UnitCost)));
        }
    }
    checks.done()?;
    let key = key_of(&permit, "stockAdjust", &input.idempotency_key, &input);
    submit_adjustment(ledger, &permit, (&input, &override_reach), key, mode).await
}

async fn build_adjust_command(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    (input, override_reach): (&AdjustInput, &Reach),
    rates: &[RateLookup],
) -> Result<(Command, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let lines = Lines::look_up(
        &scope,
        permit.reach(),
        input.changes.iter().map(|change_input| (&change_input.product, &change_input.store)),
    )
    .await?;
    let new_head = Head {
        kind: input.kind,
        reason: Some(input.reason),
        note: input.note.as_ref(),
        external_ref: input.external_ref.as_ref(),
        reference: None,
        occurred_at: input.occurred_at,
    };
    let head = build_head(ledger, permit, new_head);
    let mut missing = MissingReferences::default();
    let mut changes = Vec::with_capacity(input.changes.len());
    for (index, change) in input.changes.iter().enumerate() {
        changes.push(Change {
            key: lines.key(&mut missing, (&change.product, &change.store), At::row(Field::Changes, index)),
            delta: change.delta,
            expected_version: change.expected_version,
            unit_cost: change.unit_cost,
            note: change.note.clone(),
            lot: lot_choice(ledger, change.lot.as_ref()),
        });
    }
    check_override(override_reach, changes.iter().map(|change| change.key.store))?;
    let costs = Costs { books: Some(ledger.terms(&scope).await?.currency), rates: rates.to_vec() };
    let adjust = Adjust { head, room: ledger.clock().document_id(), on_shortage: input.on_shortage, costs, changes };
    Ok((Command::of(StockCommand::Adjust(adjust)), missing))
}

/// Submits an adjustment. If it lacks the rate of a cost's currency, the rate of its day is looked
/// up, and it is submitted again with the result, even if there is none: costs in the books'
/// currency need no look-up. A call that runs past midnight looks up the rate of the next day.
pub(super) async fn submit_adjustment(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    (input, override_reach): (&AdjustInput, &Reach),
    key: Key,
    mode: Mode,
) -> SubmitResult {
    let scope = permit.scope(ledger.database());
    let mut rates: Vec<RateLookup> = Vec::new();
    loop {
        let command = build_adjust_command(ledger, permit, (input, override_reach), &rates).await;
        let outcome = submit_with_missing(ledger, permit, command, key.clone(), mode).await;
        let Err(Stop::Refused(rejections)) = &outcome else { return outcome };
        let missing = missing_rates(&scope, rejections, &rates).await?;
        if missing.is_empty() {
            return outcome;
        }
        rates.extend(missing);
    }
}

/// Returns the rates for whose lack an adjustment was rejected, except those that were looked up
/// before.
async fn missing_rates(
    reads: &impl Reads,
    rejections: &[Rejection],
    known_rates: &[RateLookup],
) -> Result<Vec<RateLookup>, Fault> {
    let missing: BTreeSet<(Currency, Currency, i32)> = rejections
        .iter()
        .filter_map(|rejection| match &rejection.why {
            Reason::Stock(Refusal::RateMissing { from, to, day }) => Some((*from, *to, *day)),
            _ => None,
        })
        .filter(|missing| !known_rates.iter().any(|rate| (rate.from, rate.to, rate.day) == *missing))
        .collect();
    let mut looked_up_rates = Vec::with_capacity(missing.len());
    for (from, to, day) in missing {
        looked_up_rates.push(RateLookup { from, to, day, found: load_rate_on(reads, from, to, day).await? });
    }
    Ok(looked_up_rates)
}
