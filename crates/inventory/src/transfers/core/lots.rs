//! Which lots of a line leave, and which of them arrive.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    moves::Wanted,
    refusal::Refusal,
    transfer::{Line, SentLot, Transfer},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, RoomRefusal};

/// So much of a lot; above 0.
pub(super) type LotPart = (LotId, i64);

/// Where a parcel names its lots.
pub(super) fn lots_field(one: &Wanted<'_>) -> At {
    one.index.map_or_else(|| one.field, |index| At::line(index).field(Field::Lots))
}

/// What leaves of which lots: those that are named, else the first to expire. Empty where stock is not kept by lots.
/// `held` is what the transfer held of it.
pub(super) fn leaving(draft: &Draft<'_>, key: LevelKey, (one, held): (&Wanted<'_>, i64)) -> Result<Vec<LotPart>, Rejection> {
    let facts = &draft.level(key, one.field)?.facts;
    if facts.tracking == Tracking::None {
        return untracked(&facts.sku, one);
    }
    let parts: Vec<LotPart> = if one.lots.is_empty() {
        draft.lots_to_take(key, (&LotChoice::Unsaid, one.quantity), one.field)?
    } else {
        let mut parts = BTreeMap::new();
        for (lot, amount, field) in named(draft, key.product, one)? {
            draft.lots_to_take(key, (&LotChoice::Id(lot), amount), field)?;
            parts.insert(lot, amount);
        }
        parts.into_iter().collect()
    };
    draft.leaves_what_is_promised(key, (&parts, held), lots_field(one))?;
    Ok(parts)
}

/// What arrives of which lots: those that are named, else the first to expire of those that are under way. Empty where stock is not kept by
/// lots.
pub(super) fn arriving(draft: &Draft<'_>, transfer: &Transfer, line: &Line, one: &Wanted<'_>) -> Result<Vec<LotPart>, Rejection> {
    if line.lots.is_empty() {
        return untracked(&line.sku, one);
    }
    if line.lots.iter().any(|sent| draft.lot(sent.lot).is_none()) {
        // It was sent after its lots were read to know what to lock.
        return Err(transfer.stale());
    }
    let under_way = |lot: LotId| line.lots.iter().find(|sent| sent.lot == lot).map_or(0, SentLot::under_way);
    if !one.lots.is_empty() {
        let mut parts = Vec::with_capacity(one.lots.len());
        for (lot, amount, field) in named(draft, line.product, one)? {
            let most = under_way(lot);
            if amount > most {
                return Err(Refusal::LotUpTo { most }.at(field));
            }
            parts.push((lot, amount));
        }
        return Ok(parts);
    }
    let mut there: Vec<&SentLot> = line.lots.iter().filter(|sent| sent.under_way() > 0).collect();
    let first = |sent: &&SentLot| draft.lot(sent.lot).map(|lot| (lot.expires_on.is_none(), lot.expires_on, lot.key.clone()));
    there.sort_by_cached_key(first);
    let mut left = one.quantity;
    let mut parts = Vec::new();
    for sent in there {
        let amount = left.min(sent.under_way());
        if amount > 0 {
            parts.push((sent.lot, amount));
            left -= amount;
        }
    }
    debug_assert_eq!(left, 0, "a line's lots sum to the line");
    Ok(parts)
}

fn untracked(sku: &str, one: &Wanted<'_>) -> Result<Vec<LotPart>, Rejection> {
    if one.lots.is_empty() { Ok(Vec::new()) } else { Err(Refusal::NotTracked { sku: sku.to_owned() }.at(lots_field(one))) }
}

/// The lots that a parcel names, each once, with the fields of their quantities; they sum to the parcel.
fn named(draft: &Draft<'_>, product: ProductId, one: &Wanted<'_>) -> Result<Vec<(LotId, i64, At)>, Rejection> {
    let at = |nth: usize, name: Field| lots_field(one).part(Field::Lots, nth).field(name);
    let mut found: Vec<(LotId, i64, At)> = Vec::with_capacity(one.lots.len());
    for (nth, (choice, quantity)) in one.lots.iter().enumerate() {
        let lot = draft.said(product, choice).ok_or_else(|| Rejection::not_found(Noun::Lot, at(nth, Field::Lot)))?.id;
        if found.iter().any(|(known, ..)| *known == lot) {
            return Err(Refusal::LotTwice.at(at(nth, Field::Lot)));
        }
        if !quantity.is_positive() {
            return Err(Refusal::NotPositive.at(at(nth, Field::Quantity)));
        }
        found.push((lot, quantity.get(), at(nth, Field::Quantity)));
    }
    let sum: i128 = found.iter().map(|(_, amount, _)| i128::from(*amount)).sum();
    if sum != i128::from(one.quantity) {
        return Err(Refusal::LotsSum { quantity: one.quantity, sum }.at(lots_field(one)));
    }
    Ok(found)
}
