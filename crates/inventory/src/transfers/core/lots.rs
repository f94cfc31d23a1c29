//! Choice of the lots of a line that leave, and of those that arrive.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    parcels::Wanted,
    refusal::Refusal,
    transfer::{Line, SentLot, Transfer},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, RoomRefusal};

/// Quantity of a lot; above 0.
pub(super) type LotPart = (LotId, i64);

/// Returns the place in the input of a parcel's lots.
pub(super) fn lots_field(one: &Wanted<'_>) -> At {
    one.index.map_or_else(|| one.field, |index| At::line(index).field(Field::Lots))
}

/// Reports faults of the lots that a parcel names, before their stock is checked.
pub(super) fn check_named_parcel_lots(draft: &mut Draft<'_>, key: LevelKey, one: &Wanted<'_>) -> Result<(), Rejection> {
    if one.lots.is_empty() {
        return Ok(());
    }
    let facts = draft.level(key, one.field)?.facts.clone();
    let looked = match facts.tracking {
        Tracking::None => check_no_lots(&facts.sku, one).map(|_| ()),
        Tracking::Lot | Tracking::Serial => named(draft, key.product, one).map(|_| ()),
    };
    draft.pass(looked).map(|_| ())
}

/// Returns the lots that leave, with the units of each: the named ones, else the first to expire.
/// Empty if stock is not kept by lots, and `None` if some of the named ones were refused. `held` is
/// the quantity that the transfer held of it.
pub(super) fn leaving(
    draft: &mut Draft<'_>,
    key: LevelKey,
    (one, held): (&Wanted<'_>, i64),
) -> Result<Option<Vec<LotPart>>, Rejection> {
    let facts = &draft.level(key, one.field)?.facts;
    if facts.tracking == Tracking::None {
        return check_no_lots(&facts.sku, one).map(Some);
    }
    let parts: Vec<LotPart> = if one.lots.is_empty() {
        draft.lots_to_take(key, (&LotChoice::Unsaid, one.quantity), one.field)?
    } else {
        let Some(named) = named(draft, key.product, one)? else { return Ok(None) };
        let mut parts = BTreeMap::new();
        for (lot, amount, field) in &named {
            let taken = draft.lots_to_take(key, (&LotChoice::Id(*lot), *amount), *field);
            if draft.pass(taken)?.is_some() {
                parts.insert(*lot, *amount);
            }
        }
        if parts.len() < named.len() {
            return Ok(None);
        }
        parts.into_iter().collect()
    };
    draft.check_promised_stock_remains(key, (&parts, held), lots_field(one))?;
    Ok(Some(parts))
}

/// Returns the lots that arrive, with the units of each: the named ones, else the first to expire
/// of those in transit. Empty if stock is not kept by lots, and `None` if some of the named ones
/// were refused.
pub(super) fn arriving(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    line: &Line,
    one: &Wanted<'_>,
) -> Result<Option<Vec<LotPart>>, Rejection> {
    if line.lots.is_empty() {
        return check_no_lots(&line.sku, one).map(Some);
    }
    if line.lots.iter().any(|sent| draft.lot(sent.lot).is_none()) {
        // The line was sent after its lots were read to find the rows to lock.
        return Err(transfer.stale());
    }
    let under_way = |lot: LotId| line.lots.iter().find(|sent| sent.lot == lot).map_or(0, SentLot::under_way);
    if !one.lots.is_empty() {
        let Some(named) = named(draft, line.product, one)? else { return Ok(None) };
        let mut parts = Vec::with_capacity(named.len());
        for (lot, amount, field) in &named {
            let most = under_way(*lot);
            if *amount > most {
                draft.refuse(Refusal::LotUpTo { most }.at(*field))?;
                continue;
            }
            parts.push((*lot, *amount));
        }
        return Ok((parts.len() == named.len()).then_some(parts));
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
    Ok(Some(parts))
}

fn check_no_lots(sku: &str, one: &Wanted<'_>) -> Result<Vec<LotPart>, Rejection> {
    if one.lots.is_empty() { Ok(Vec::new()) } else { Err(Refusal::NotTracked { sku: sku.to_owned() }.at(lots_field(one))) }
}

/// A lot that a parcel names, its quantity, and the place of that in the input.
type NamedLot = (LotId, i64, At);

/// Returns the lots that a parcel names, each once; they sum to the parcel. None if some of them
/// were refused.
fn named(draft: &mut Draft<'_>, product: ProductId, one: &Wanted<'_>) -> Result<Option<Vec<NamedLot>>, Rejection> {
    let mut found: Vec<NamedLot> = Vec::with_capacity(one.lots.len());
    for (nth, lot) in one.lots.iter().enumerate() {
        let lot = named_lot(draft, product, (lot, &found), lots_field(one).part(Field::Lots, nth));
        found.extend(draft.pass(lot)?);
    }
    if found.len() < one.lots.len() {
        return Ok(None);
    }
    let sum: i128 = found.iter().map(|(_, amount, _)| i128::from(*amount)).sum();
    if sum != i128::from(one.quantity) {
        return Err(Refusal::LotsSum { quantity: one.quantity, sum }.at(lots_field(one)));
    }
    Ok(Some(found))
}

fn named_lot(
    draft: &Draft<'_>,
    product: ProductId,
    ((choice, quantity), before): (&(LotChoice, Quantity), &[NamedLot]),
    part: At,
) -> Result<NamedLot, Rejection> {
    let at = |name: Field| part.field(name);
    let lot = draft.said(product, choice).ok_or_else(|| Rejection::not_found(Noun::Lot, at(Field::Lot)))?.id;
    if before.iter().any(|(known, ..)| *known == lot) {
        return Err(Refusal::LotTwice.at(at(Field::Lot)));
    }
    if !quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    Ok((lot, quantity.get(), at(Field::Quantity)))
}
