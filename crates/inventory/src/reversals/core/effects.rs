//! Effects of a reversal, listed in one order: the document's status, its lines, then levels.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    refusal::Refusal,
    reversal::{Effect, Part},
};
use crate::stock::core::{At, Draft, Field, Level, LevelKey, Rejection, RoomRefusal};

/// Returns the change of a document's status, if there is one.
pub fn status_effect(document: &impl ToString, before: &impl ToString, after: &impl ToString) -> Option<Effect> {
    let status = (before.to_string(), after.to_string());
    (status.0 != status.1).then(|| Effect {
        subject: document.to_string(),
        kind: ReversalEffect::Status,
        quantity: None,
        money: None,
        status: Some(status),
    })
}

/// Returns the changes of the levels that a draft moved, and of the value of their units by the
/// entries that were mirrored.
pub fn level_effects(
    draft: &Draft<'_>,
    keys: impl IntoIterator<Item = LevelKey>,
    parts: &[Part],
) -> Result<Vec<Effect>, Rejection> {
    let values = sum_values(draft, parts)?;
    let keys: BTreeSet<LevelKey> = keys.into_iter().collect();
    let mut effects = Vec::new();
    for key in keys {
        let Some(before) = draft.book().levels.get(&key) else { continue };
        let after = draft.level(key, At::NOWHERE)?;
        for (kind, quantity_of) in BUCKETS {
            let delta = quantity_of(after).get() - quantity_of(before).get();
            if delta != 0 {
                effects.push(Effect::quantity(&after.id, kind, delta));
            }
        }
        let money = values.get(&key).into_iter().flatten().filter(|money| money.minor != 0);
        effects.extend(money.map(|money| Effect::money(&after.id, ReversalEffect::Value, *money)));
    }
    Ok(effects)
}

type Bucket = fn(&Level) -> Quantity;

const BUCKETS: [(ReversalEffect, Bucket); 5] = [
    (ReversalEffect::OnHand, |level| level.on_hand),
    (ReversalEffect::Reserved, |level| level.reserved),
    (ReversalEffect::Unavailable, |level| level.unavailable),
    (ReversalEffect::Incoming, |level| level.incoming),
    (ReversalEffect::InTransit, |level| level.in_transit),
];

/// Returns the value that the parts took out of or returned to each level, by the costs of their
/// entries: a sum for each currency.
fn sum_values(draft: &Draft<'_>, parts: &[Part]) -> Result<BTreeMap<LevelKey, Vec<Money>>, Rejection> {
    let too_large = || Refusal::TooLarge.at(At::input(Field::Lines));
    let mut values: BTreeMap<LevelKey, Vec<Money>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.entry.on_hand_delta != 0) {
        let Some(cost) = part.entry.unit_cost else { continue };
        let key = part.entry.key;
        let decimals = draft.level(key, part.field)?.facts.decimals;
        let units = Quantity::new(-part.entry.on_hand_delta.signum() * part.quantity).ok_or_else(too_large)?;
        let part_value = cost.times(units, decimals).ok_or_else(too_large)?;
        let sums = values.entry(key).or_default();
        match sums.iter_mut().find(|sum| sum.currency == part_value.currency) {
            Some(sum) => *sum = sum.checked_add(part_value).ok_or_else(too_large)?,
            None => sums.push(part_value),
        }
    }
    Ok(values)
}
