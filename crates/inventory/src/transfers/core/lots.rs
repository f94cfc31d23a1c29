//! Choice of the lots of a line that leave, and of those that arrive.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    parcels::MatchedParcel,
    refusal::Refusal,
    transfer::{Line, SentLot, Transfer},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, Noun, Rejection, RoomRefusal};

/// Quantity of a lot; above 0.
pub(super) type LotPart = (LotId, i64);

/// Returns the place in the input of a parcel's lots.
pub(super) fn lots_field(wanted_line: &MatchedParcel<'_>) -> At {
    wanted_line.index.map_or_else(|| wanted_line.field, |index| At::line(index).field(Field::Lots))
}

/// Reports faults of the lots that a parcel names, before their stock is checked.
pub(super) fn check_parcel_lots(draft: &mut Draft<'_>, key: LevelKey, wanted_line: &MatchedParcel<'_>) -> Result<(), Rejection> {
    if wanted_line.lots.is_empty() {
        return Ok(());
    }
    let facts = draft.level(key, wanted_line.field)?.facts.clone();
    let lots_result = match facts.tracking {
        Tracking::None => check_no_lots(&facts.sku, wanted_line).map(|_| ()),
        Tracking::Lot | Tracking::Serial => resolve_requested_lots(draft, key.product, wanted_line).map(|_| ()),
    };
    draft.pass(lots_result).map(|_| ())
}

/// Returns the lots that leave, with the units of each: the named ones, else the first to expire.
/// Empty if stock is not kept by lots, and `None` if some of the named ones were refused. `held_units` is
/// the quantity that the transfer held of it.
pub(super) fn select_leaving_lots(
    draft: &mut Draft<'_>,
    key: LevelKey,
    (wanted_line, held_units): (&MatchedParcel<'_>, i64),
) -> Result<Option<Vec<LotPart>>, Rejection> {
    let facts = &draft.level(key, wanted_line.field)?.facts;
    if facts.tracking == Tracking::None {
        return check_no_lots(&facts.sku, wanted_line).map(Some);
    }
    let parts: Vec<LotPart> = if wanted_line.lots.is_empty() {
        draft.lots_to_take(key, (&LotChoice::Unsaid, wanted_line.quantity), wanted_line.field)?
    } else {
        let Some(named_lots) = resolve_requested_lots(draft, key.product, wanted_line)? else { return Ok(None) };
        let mut parts = BTreeMap::new();
        for (lot, amount, field) in &named_lots {
            let lots_result = draft.lots_to_take(key, (&LotChoice::Id(*lot), *amount), *field);
            if draft.pass(lots_result)?.is_some() {
                parts.insert(*lot, *amount);
            }
        }
        if parts.len() < named_lots.len() {
            return Ok(None);
        }
        parts.into_iter().collect()
    };
    draft.check_promised_stock_remains(key, (&parts, held_units), lots_field(wanted_line))?;
    Ok(Some(parts))
}

/// Returns the lots that arrive, with the units of each: the named ones, else the first to expire
/// of those in transit. Empty if stock is not kept by lots, and `None` if some of the named ones
/// were refused.
pub(super) fn select_arriving_lots(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    line: &Line,
    wanted_line: &MatchedParcel<'_>,
) -> Result<Option<Vec<LotPart>>, Rejection> {
    if line.lots.is_empty() {
        return check_no_lots(&line.sku, wanted_line).map(Some);
    }
    if line.lots.iter().any(|sent_lot| draft.lot(sent_lot.lot).is_none()) {
        // The line was sent after its lots were read to find the rows to lock.
        return Err(transfer.stale());
    }
    let under_way = |lot: LotId| line.lots.iter().find(|sent_lot| sent_lot.lot == lot).map_or(0, SentLot::under_way);
    if !wanted_line.lots.is_empty() {
        let Some(named_lots) = resolve_requested_lots(draft, line.product, wanted_line)? else { return Ok(None) };
        let mut parts = Vec::with_capacity(named_lots.len());
        for (lot, amount, field) in &named_lots {
            let max_units = under_way(*lot);
            if *amount > max_units {
                draft.refuse(Refusal::LotUpTo { most: max_units }.at(*field))?;
                continue;
            }
            parts.push((*lot, *amount));
        }
        return Ok((parts.len() == named_lots.len()).then_some(parts));
    }
    let mut lots_under_way: Vec<&SentLot> = line.lots.iter().filter(|sent_lot| sent_lot.under_way() > 0).collect();
    let sort_key =
        |sent_lot: &&SentLot| draft.lot(sent_lot.lot).map(|lot| (lot.expires_on.is_none(), lot.expires_on, lot.key.clone()));
    lots_under_way.sort_by_cached_key(sort_key);
    let mut remaining = wanted_line.quantity;
    let mut parts = Vec::new();
    for sent_lot in lots_under_way {
        let amount = remaining.min(sent_lot.under_way());
        if amount > 0 {
            parts.push((sent_lot.lot, amount));
            remaining -= amount;
        }
    }
    debug_assert_eq!(remaining, 0, "a line's lots sum to the line");
    Ok(Some(parts))
}

fn check_no_lots(sku: &str, wanted_line: &MatchedParcel<'_>) -> Result<Vec<LotPart>, Rejection> {
    if wanted_line.lots.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Refusal::NotTracked { sku: sku.to_owned() }.at(lots_field(wanted_line)))
    }
}

/// A lot that a parcel names, its quantity, and the place of that in the input.
type ResolvedLot = (LotId, i64, At);

/// Returns the lots that a parcel names, each once; they sum to the parcel. None if some of them
/// were refused.
fn resolve_requested_lots(
    draft: &mut Draft<'_>,
    product: ProductId,
    wanted_line: &MatchedParcel<'_>,
) -> Result<Option<Vec<ResolvedLot>>, Rejection> {
    let mut named_lots: Vec<ResolvedLot> = Vec::with_capacity(wanted_line.lots.len());
    for (nth, lot) in wanted_line.lots.iter().enumerate() {
        let lot = resolve_requested_lot(draft, product, (lot, &named_lots), lots_field(wanted_line).part(Field::Lots, nth));
        named_lots.extend(draft.pass(lot)?);
    }
    if named_lots.len() < wanted_line.lots.len() {
        return Ok(None);
    }
    let sum: i128 = named_lots.iter().map(|(_, amount, _)| i128::from(*amount)).sum();
    if sum != i128::from(wanted_line.quantity) {
        return Err(Refusal::LotsSum { quantity: wanted_line.quantity, sum }.at(lots_field(wanted_line)));
    }
    Ok(Some(named_lots))
}

fn resolve_requested_lot(
    draft: &Draft<'_>,
    product: ProductId,
    ((choice, quantity), before): (&(LotChoice, Quantity), &[ResolvedLot]),
    part: At,
) -> Result<ResolvedLot, Rejection> {
    let at = |name: Field| part.field(name);
    let lot = draft.find_lot(product, choice).ok_or_else(|| Rejection::not_found(Noun::Lot, at(Field::Lot)))?.id;
    if before.iter().any(|(earlier_lot, ..)| *earlier_lot == lot) {
        return Err(Refusal::LotTwice.at(at(Field::Lot)));
    }
    if !quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    Ok((lot, quantity.get(), at(Field::Quantity)))
}
