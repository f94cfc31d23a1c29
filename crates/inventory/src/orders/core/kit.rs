//! Kits on orders. A line stays the kit; what it takes from stock are its parts, as they were when the order was placed.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    line::NewLine,
    order::{Order, OrderBook},
    refusal::{LineRefusal, Refusal},
};
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, Reason, Rejection, RoomRefusal, Shortage, Step, Taking};

/// What one kit takes of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub product: ProductId,
    /// As they were when the order was placed.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// In smallest units.
    pub quantity: Quantity,
}

/// The kits that a batch sells or takes back, and what they are made of now.
pub type Kits = HashMap<ProductId, Vec<Part>>;

/// The parts of a line that is placed; none where it is no kit.
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

/// What so many kits take of a part, in smallest units.
pub(crate) fn times(kits: i64, takes: i64, field: impl FnOnce() -> At) -> Result<i64, Rejection> {
    let all = kits.checked_mul(takes).and_then(Quantity::new).map(Quantity::get);
    all.ok_or_else(|| LineRefusal::KitsTooLarge.at(field()))
}

/// What one kit costs: its parts together, where all of them have a cost in one currency.
pub(super) fn cost(draft: &Draft<'_>, store: StoreId, parts: &[Part]) -> Option<Money> {
    let cost = |part: &Part| {
        let facts = &draft.level(LevelKey { product: part.product, store }, At::NOWHERE).ok()?.facts;
        facts.cost?.times(part.quantity, facts.decimals)
    };
    let costs: Vec<Money> = parts.iter().map(cost).collect::<Option<_>>()?;
    let (first, rest) = costs.split_first()?;
    rest.iter().try_fold(*first, |sum, cost| sum.checked_add(*cost))
}

/// What could be had of a kit, in whole ones, said instead of a refusal of one of its parts.
pub(super) struct Quote {
    keys: Vec<LevelKey>,
    field: At,
    refusal: Rejection,
}

/// What could be had of each kit that is short of something, before anything is taken. A step is of the line at its position, of which one unit
/// takes so much.
pub(super) fn quotes(
    draft: &Draft<'_>,
    order: &Order,
    (steps, owners): (&[Step], &[(u16, i64)]),
    policy: Shortage,
) -> Result<Vec<Quote>, Rejection> {
    let taking = Taking { kind: MovementKind::Sale, dates: policy.dates() };
    let mut found = Vec::new();
    // Where holds give way, a refusal says by itself how far they do.
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
            let refusal = draft.kits_short((&line.sku, step.key), (requested, usable), step.field);
            found.push(Quote { keys, field: step.field, refusal });
        }
    }
    Ok(found)
}

/// Where all refusals are asked for: tells what is short in whole kits, before a part of one is.
pub(super) fn tell_quotes(draft: &mut Draft<'_>, quotes: &[Quote]) -> Result<(), Rejection> {
    if draft.tells_all() {
        for quote in quotes {
            draft.refuse(quote.refusal.clone())?;
        }
        // A line is short once; where no line is named, each part of a kit would be told beside it.
        if quotes.iter().any(|quote| quote.field.row.is_none()) {
            draft.end_pass()?;
        }
    }
    Ok(())
}

/// The refusal in whole kits, where it is of a part of one.
pub(super) fn in_kits(refusal: Rejection, quotes: Vec<Quote>) -> Rejection {
    let (Reason::Insufficient { level, .. } | Reason::LotShort { level: Some(level), .. }) = &refusal.why else { return refusal };
    let (key, at) = (level.key, refusal.at);
    let of_kit = quotes.into_iter().find(|quote| quote.keys.contains(&key) && quote.field == at);
    of_kit.map_or(refusal, |quote| quote.refusal)
}
