//! Kits on orders. A line stays the kit; its parts, as they were when the order was placed, are
//! taken from stock.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    line::NewLine,
    order::{Order, OrderBook},
    refusal::{LineRefusal, Refusal},
};
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, PickRules, Reason, Rejection, RoomRefusal, Shortage, Step};

/// Quantity of a product in one kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub product: ProductId,
    /// SKU, as it was when the order was placed.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// In smallest units.
    pub quantity: Quantity,
}

/// The current parts of the kits that a batch sells or takes back.
pub type Kits = HashMap<ProductId, Vec<Part>>;

/// Returns the parts of a line that is being placed; none if it is no kit.
pub(super) fn parts(book: &OrderBook, facts: Option<&Facts>, new: &NewLine, place: At) -> Result<Vec<Part>, Rejection> {
    let (Some(facts), Some(product)) = (facts, new.product) else { return Ok(Vec::new()) };
    let Some(parts) = book.kits.get(&product) else {
        if facts.is_kit {
            return Err(Refusal::KitChanged { sku: facts.sku.clone() }.at(place.field(Field::Product)));
        }
        return Ok(Vec::new());
    };
    for part in parts {
        times(new.quantity.get(), part.quantity.get(), || place.field(Field::Quantity))?;
    }
    Ok(parts.clone())
}

/// Returns the quantity of a part in this many kits, in smallest units.
pub(crate) fn times(kits: i64, takes: i64, field: impl FnOnce() -> At) -> Result<i64, Rejection> {
    let all = kits.checked_mul(takes).and_then(Quantity::new).map(Quantity::get);
    all.ok_or_else(|| LineRefusal::KitsTooLarge.at(field()))
}

/// Returns the cost of one kit: the sum of its parts, or None unless all of them have a cost in one
/// currency.
pub(super) fn cost(draft: &Draft<'_>, store: StoreId, parts: &[Part]) -> Option<Money> {
    let cost = |part: &Part| {
        let facts = &draft.level(LevelKey { product: part.product, store }, At::NOWHERE).ok()?.facts;
        facts.cost?.times(part.quantity, facts.decimals)
    };
    let costs: Vec<Money> = parts.iter().map(cost).collect::<Option<_>>()?;
    let (first, rest) = costs.split_first()?;
    rest.iter().try_fold(*first, |sum, cost| sum.checked_add(*cost))
}

/// Refusal that states the available number of whole kits, in place of a refusal of one of the
/// parts.
pub(super) struct KitShortage {
    keys: Vec<LevelKey>,
    field: At,
    refusal: Rejection,
}

/// Returns a quote for each kit that is short of a part, before any stock is taken. `owners` has
/// the line of each step, and the quantity of the product in one unit of the line.
pub(super) fn quotes(
    draft: &Draft<'_>,
    order: &Order,
    (steps, owners): (&[Step], &[(u16, i64)]),
    policy: Shortage,
) -> Result<Vec<KitShortage>, Rejection> {
    let taking = PickRules { kind: MovementKind::Sale, dates: policy.dates() };
    let mut found = Vec::new();
    // Under other policies, reservations give way, and the rejection itself has the available
    // quantity.
    for line in order.lines.iter().filter(|line| line.is_kit() && policy == Shortage::Refuse) {
        let own: Vec<usize> = (0..steps.len()).filter(|nth| owners[*nth].0 == line.position).collect();
        let (mut keys, mut scarce) = (Vec::with_capacity(own.len()), None::<(i64, usize)>);
        for nth in own {
            let units = draft.usable(steps, nth, taking)? / owners[nth].1.max(1);
            keys.push(steps[nth].key);
            if scarce.is_none_or(|(least, _)| units < least) {
                scarce = Some((units, nth));
            }
        }
        let Some((usable, nth)) = scarce else { continue };
        let (step, requested) = (&steps[nth], -steps[nth].on_hand_delta / owners[nth].1.max(1));
        if usable < requested {
            let refusal = draft.kit_shortage((&line.sku, step.key), (requested, usable), step.field);
            found.push(KitShortage { keys, field: step.field, refusal });
        }
    }
    Ok(found)
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
