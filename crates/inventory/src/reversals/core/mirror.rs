//! The mirror of a document's postings: the opposite of each entry, for the reversed quantity.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::reversal::{Call, Part, ReversalLine, ReversalNeeds};
use crate::{
    ledger::Needs,
    stock::core::{
        At, Dates, Delta, Draft, Entry, Field, LevelKey, LotChoice, Movement, MovementHead, Posting, Rejection, Shortage, Step,
        ensure_available, opposite_delta,
    },
};

/// Adds what the mirror of these movements needs.
pub fn needs(needs: &mut Needs, originals: &[Movement], policy: Shortage) {
    for original in originals {
        let keys = original.entries.iter().map(|entry| &entry.key);
        needs.levels.extend(keys.clone());
        needs.lots.ids.extend(original.entries.iter().filter_map(|entry| entry.lot));
        let aside_entries = original.entries.iter().filter(|entry| entry.unavailable_delta != 0 || entry.lot.is_some());
        needs.lots.asides.extend(aside_entries.map(|entry| entry.key));
        needs.shortage(policy, keys);
    }
    let ids: BTreeSet<MovementId> = originals.iter().map(|original| original.id).collect();
    needs.documents.with(|reversal_needs: &mut ReversalNeeds| reversal_needs.movements.extend(ids));
}

/// Returns the reversed part of an entry, as an entry.
fn partial_entry(part: &Part) -> Entry {
    let share = |delta: i64| delta.signum() * delta.abs().min(part.quantity);
    let entry = &part.entry;
    Entry {
        on_hand_delta: share(entry.on_hand_delta),
        unavailable_delta: share(entry.unavailable_delta),
        in_transit_delta: share(entry.in_transit_delta),
        reserved_delta: share(entry.reserved_delta),
        ..entry.clone()
    }
}

/// A part with the changes that it posts.
struct MirroredPart<'a> {
    part: &'a Part,
    delta: Delta,
    condition: Option<Condition>,
}

/// Posts the opposite of the parts, a movement for each original. Planned quantities (`incoming`)
/// are not mirrored: the document posts them itself in the last movement, which stays open. Returns
/// the lines of the reversal.
pub fn post_mirror(
    draft: &mut Draft<'_>,
    (call, occurred_at): (&Call, Timestamp),
    originals: &[Movement],
    parts: &[Part],
) -> Result<Vec<ReversalLine>, Rejection> {
    let mut lines = Vec::with_capacity(parts.len());
    for (original, [room, id]) in originals.iter().zip(&call.movements) {
        let mirrored_parts: Vec<MirroredPart<'_>> = parts
            .iter()
            .rev()
            .filter(|part| part.movement == original.id)
            .map(|part| {
                let entry = partial_entry(part);
                let (delta, condition) = opposite_delta(draft, &entry);
                let (in_transit, reserved) = (-entry.in_transit_delta, -entry.reserved_delta);
                MirroredPart { part, delta: Delta { reserved, in_transit, ..delta }, condition }
            })
            .collect();
        let Some(first) = mirrored_parts.first() else { continue };
        let head = MovementHead {
            id: *id,
            kind: MovementKind::Reversal,
            reason: Some(ReasonCode::Correction),
            note: Some(call.note.clone()),
            external_ref: original.external_ref.clone(),
            reference: original.reference,
            actor: call.actor,
            reverses: Some(original.id),
            occurred_at,
        };
        let key: LevelKey = first.part.entry.key;
        let steps: Vec<Step> = mirrored_parts.iter().map(step).collect();
        ensure_available(draft, &steps, call.on_shortage, &head, (*room).into())?;
        draft.begin(head, key, At::input(Field::OccurredAt))?;
        for MirroredPart { part, delta, condition } in mirrored_parts {
            let entry = &part.entry;
            let posting = Posting {
                delta,
                cost: entry.unit_cost,
                note: entry.note.clone(),
                lot: entry.lot.map_or(LotChoice::Unsaid, LotChoice::Id),
                condition,
                dates: Dates::Override,
            };
            let post_result = draft.post_to(entry.key, posting, part.field);
            draft.pass(post_result)?;
        }
        lines.extend(parts.iter().filter(|part| part.movement == original.id).map(|part| ReversalLine::of(part, *id)));
    }
    Ok(lines)
}

fn step(mirrored_part: &MirroredPart<'_>) -> Step {
    let MirroredPart { part, delta, .. } = mirrored_part;
    Step {
        key: part.entry.key,
        available_delta: delta.on_hand - delta.unavailable - delta.reserved,
        on_hand_delta: delta.on_hand,
        lots: part
            .entry
            .lot
            .filter(|_| delta.unavailable == 0)
            .map(|lot| (LotChoice::Id(lot), delta.on_hand))
            .into_iter()
            .collect(),
        field: part.field,
    }
}
