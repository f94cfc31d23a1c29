//! Kits that are short of a part, as they are refused: in whole kits.

use entity::prelude::*;

use super::order::Order;
use crate::stock::core::{At, Draft, LevelKey, PickRules, Reason, Rejection, Shortage, Step};

/// Refusal that states the available number of whole kits, in place of a refusal of one of the
/// parts.
pub(super) struct KitShortage {
    keys: Vec<LevelKey>,
    field: At,
    refusal: Rejection,
}

/// Returns a quote for each kit that is short of a part, before any stock is taken. `owners` has
/// the line of each step, and the quantity of the product in one unit of the line.
pub(super) fn build_kit_quotes(
    draft: &Draft<'_>,
    order: &Order,
    (steps, owners): (&[Step], &[(u16, i64)]),
    policy: Shortage,
) -> Result<Vec<KitShortage>, Rejection> {
    let pick_rules = PickRules { kind: MovementKind::Sale, dates: policy.dates() };
    let mut shortages = Vec::new();
    // Under other policies, reservations give way, and the rejection itself has the available
    // quantity.
    for line in order.lines.iter().filter(|line| line.is_kit() && policy == Shortage::Refuse) {
        let step_indexes: Vec<usize> = (0..steps.len()).filter(|step_index| owners[*step_index].0 == line.position).collect();
        let (mut keys, mut scarce) = (Vec::with_capacity(step_indexes.len()), None::<(i64, usize)>);
        for step_index in step_indexes {
            let units = draft.usable(steps, step_index, pick_rules)? / owners[step_index].1.max(1);
            keys.push(steps[step_index].key);
            if scarce.is_none_or(|(least, _)| units < least) {
                scarce = Some((units, step_index));
            }
        }
        let Some((usable, step_index)) = scarce else { continue };
        let (step, requested) = (&steps[step_index], -steps[step_index].on_hand_delta / owners[step_index].1.max(1));
        if usable < requested {
            let refusal = draft.kit_shortage((&line.sku, step.key), (requested, usable), step.field);
            shortages.push(KitShortage { keys, field: step.field, refusal });
        }
    }
    Ok(shortages)
}

/// If all refusals are collected, adds those in whole kits before those of parts.
pub(super) fn report_kit_shortages(draft: &mut Draft<'_>, quotes: &[KitShortage]) -> Result<(), Rejection> {
    if draft.collects_refusals() {
        for quote in quotes {
            draft.refuse(quote.refusal.clone())?;
        }
        // A line is reported once; without a place for each line, each part of a kit would be
        // reported beside it.
        if quotes.iter().any(|quote| quote.field.row.is_none()) {
            draft.end_pass()?;
        }
    }
    Ok(())
}

/// Returns the rejection in whole kits if it is of a part of a kit.
pub(super) fn as_kit_shortage(refusal: Rejection, quotes: Vec<KitShortage>) -> Rejection {
    let (Reason::Insufficient { level, .. } | Reason::LotShort { level: Some(level), .. }) = &refusal.why else { return refusal };
    let (key, at) = (level.key, refusal.at);
    let of_kit = quotes.into_iter().find(|quote| quote.keys.contains(&key) && quote.field == at);
    of_kit.map_or(refusal, |quote| quote.refusal)
}
