//! Reversal of a revaluation: a document of its own, possible while no unit of its products has
//! been received or left since.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    clock::{self, Clock},
    storage::{
        Database, Fault, Work,
        idempotency::{self, Key, KeyUse, hash_of},
        journal::{self, CounterRequest, NewEvent, Numbered},
    },
};
use serde::Serialize;

use super::{
    charge::touch_order,
    revalue::{Outcome, Write, exceeds_max_value, replay_outcome, run_with_retries, write_document},
};
use crate::{
    catalog::rows::small_tables::tenant_zone,
    costing::{
        core::{ChargeShare, MAX_NOTE, NewRevaluation, Revaluation, RevaluationLine, UndoProblem, Values, share},
        rows::{self, WorthsBefore},
    },
    purchasing::rows as purchases,
};

/// A revaluation to undo. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct RevaluationReverse {
    #[serde(skip)]
    pub idempotency_key: String,
    pub revaluation: RevaluationId,
    pub note: String,
}

/// Undoes a revaluation, whole.
pub async fn revaluation_reverse(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::CostWrite>,
    input: RevaluationReverse,
    write: Write,
) -> Result<Result<Outcome, UndoProblem>, Fault> {
    let note = input.note.trim();
    if note.is_empty() || note.contains('\0') {
        return Ok(Err(UndoProblem::NoNote));
    }
    if note.chars().count() > MAX_NOTE {
        return Ok(Err(UndoProblem::NoteTooLong));
    }
    let hash = hash_of(&input);
    let key = Key { owner: permit.actor().id, mutation: "revaluationReverse", key: input.idempotency_key.clone(), hash };
    let scope = permit.scope(db);
    let (permit, key, input) = (&permit, &key, &input);
    let decide = |mut work: Work| async move {
        let decided = reverse_once(&mut work, clock, (permit, key), input).await;
        (work, decided)
    };
    run_with_retries(&scope, write, decide).await
}

async fn reverse_once(
    work: &mut Work,
    clock: &Clock,
    (permit, key): (&Permit<kind::CostWrite>, &Key),
    input: &RevaluationReverse,
) -> Result<Result<Outcome, UndoProblem>, Fault> {
    match idempotency::before(work, key).await? {
        None => {}
        Some(KeyUse::Reused) => return Ok(Err(UndoProblem::KeyReused)),
        Some(KeyUse::Same(receipt)) => return replay_outcome(work, &receipt).await.map(Ok),
    }
    let Some(original) = rows::load_revaluation(work, input.revaluation).await? else {
        return Ok(Err(UndoProblem::NoRevaluation));
    };
    if original.reverses.is_some() {
        return Ok(Err(UndoProblem::OfReversal));
    }
    // The journal's lock is held from here on: no stock moves and nothing is revalued, so no more
    // documents can depend on the original.
    let events = if original.charge.is_some() { 2 } else { 1 };
    let before = journal::take_numbers(work, CounterRequest::events(events).and(1, Numbered::Revaluation), clock.now()).await?;
    if rows::is_reversed(work, original.id).await? {
        return Ok(Err(UndoProblem::AlreadyReversed));
    }
    let products: BTreeSet<ProductId> = original.lines.iter().map(|line| line.product).collect();
    let later_documents = rows::load_later_documents(work, &products, original.seq).await?;
    if later_documents.count > 0 {
        return Ok(Err(UndoProblem::Rests(later_documents)));
    }
    if rows::load_booked_seq(work).await? < original.seq {
        return Ok(Err(UndoProblem::NotBooked));
    }
    let worths = rows::load_worths_before(work, &[original.id]).await?;
    let Some((lines, expected_values)) = restored_lines(work, &original, &products, &worths).await? else {
        return Ok(Err(UndoProblem::WorthUnknown));
    };
    if exceeds_max_value(work, &expected_values).await? {
        return Ok(Err(UndoProblem::TooDearTogether));
    }
    let now = before.recorded_at;
    let document = NewRevaluation {
        id: clock.document_id(),
        external_ref: None,
        note: input.note.trim().to_owned(),
        actor: permit.actor(),
        business_date: clock::local_day(now, &tenant_zone(work).await?),
        reverses: Some(original.id),
        charge: None,
        lines,
    };
    let other_events = order_change_event(work, &original, now).await?;
    write_document(work, key, before, (document, expected_values), other_events).await.map(Ok)
}

/// Returns the event of the order that loses a charge, as when the charge was added: the order has
/// changed.
async fn order_change_event(work: &Work, original: &Revaluation, now: Timestamp) -> Result<Vec<NewEvent>, Fault> {
    let Some(charge) = &original.charge else { return Ok(Vec::new()) };
    let order = purchases::lock_orders(work, &[charge.order]).await?.pop();
    let order = order.ok_or_else(|| Fault::corrupt("revaluation", "the order of a charge stays"))?;
    Ok(vec![touch_order(work, &order, now).await?])
}

/// Returns the lines of the document that undoes another one, each with the resulting value of a
/// whole unit, and the change of the stock's value. None if the values from before were not stored.
async fn restored_lines(
    work: &Work,
    original: &Revaluation,
    products: &BTreeSet<ProductId>,
    worths: &WorthsBefore,
) -> Result<Option<(Vec<RevaluationLine>, Vec<Values>)>, Fault> {
    let mut pools = rows::load_pools(work, products).await?;
    let (mut lines, mut expected_values) = (Vec::with_capacity(original.lines.len()), Vec::with_capacity(original.lines.len()));
    for line in &original.lines {
        let Some(before) = worths.get(&(original.id.uuid(), line.product)) else { return Ok(None) };
        let pool = pools.of.entry(line.product).or_default();
        let unit_cost = share(before.average, 10i64.pow(u32::from(line.decimals)), pool.quantity);
        let charge = line.charge.as_ref().map(ChargeShare::negated);
        lines.push(RevaluationLine { unit_cost, charge, ..line.clone() });
        expected_values.push(pool.restore(before));
    }
    Ok(Some((lines, expected_values)))
}
