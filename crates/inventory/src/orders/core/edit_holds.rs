//! Changes of reservations by an edit: the difference of each line. Other reservations are not
//! touched.

use std::{cmp::Reverse, collections::HashMap};

use entity::prelude::*;

use super::{
    hold::{Wanted, active_reservations_of, found, order_head, reservation},
    line::count,
    order::Order,
    refusal::Refusal,
    sourcing::{Share, Sourcing, total},
};
use crate::stock::core::{At, Delta, Draft, Field, LevelKey, MovementHead, Rejection, Reservation, RoomRefusal, whole_kits};

/// Actor and note of an edit, and the IDs of its movements: the release, and the new reservation.
#[derive(Debug, Clone)]
pub(super) struct EditContext<'a> {
    pub actor: Actor,
    pub note: Option<&'a str>,
    pub movements: [MovementId; 2],
}

impl EditContext<'_> {
    fn head(&self, kind: MovementKind, order: &Order, now: Timestamp) -> MovementHead {
        let id = self.movements[usize::from(kind == MovementKind::Reserve)];
        MovementHead { actor: self.actor, note: self.note.map(str::to_owned), ..order_head(id, kind, order, now) }
    }
}

/// Releases the reservations of these lines beyond their open units, the newest first: a line with
/// fewer reserved than open units releases nothing.
pub(super) fn release_excess(
    draft: &mut Draft<'_>,
    order: &Order,
    fallen: &[Wanted],
    editing: &EditContext<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let mut held: HashMap<(u16, ProductId), Vec<Reservation>> = HashMap::new();
    for one in active_reservations_of(draft, order) {
        if let Some((_, position)) = one.order {
            held.entry((position, one.key.product)).or_default().push(one);
        }
    }
    let mut begin = Some(editing.head(MovementKind::Release, order, now));
    for Wanted { index, place, .. } in fallen {
        let (line, field) = (&order.lines[*index], place.field(Field::Quantity));
        for (product, takes) in line.goods() {
            let mut own = held.remove(&(line.position, product)).unwrap_or_default();
            own.sort_by_key(|one| Reverse((one.created_at, one.id)));
            let excess = own.iter().map(|one| one.remaining.get()).sum::<i64>() - line.open.get() * takes;
            draft.let_go(own, excess, &mut begin, (now, field))?;
        }
    }
    Ok(())
}

/// Reserves the added units of these lines, or backorders them if the product allows it.
pub(super) fn reserve_added(
    draft: &mut Draft<'_>,
    order: &mut Order,
    raised: &[Wanted],
    sourcing: Option<&Sourcing>,
    editing: &EditContext<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let plan = sourcing.map(|sourcing| found(draft, order, raised, sourcing)).transpose()?;
    let mut held: HashMap<u16, Vec<StoreId>> = HashMap::new();
    for one in active_reservations_of(draft, order) {
        if let Some((_, position)) = one.order {
            held.entry(position).or_default().push(one.key.store);
        }
    }
    let mut begin = Some(editing.head(MovementKind::Reserve, order, now));
    let mut number = 0;
    for (nth, raise) in raised.iter().enumerate() {
        let line = &order.lines[raise.index];
        let (position, field) = (line.position, raise.place.field(Field::Quantity));
        let goods: Vec<(ProductId, i64)> = line.goods().collect();
        let shares = match &plan {
            _ if goods.is_empty() => Vec::new(),
            Some(plan) => plan[nth].clone(),
            None => {
                let near = near(draft, order, raise, held.get(&position).map(Vec::as_slice).unwrap_or_default());
                let Some(near) = draft.pass(near)? else { continue };
                near
            }
        };
        let found = if goods.is_empty() { raise.units } else { total(&shares) };
        let line = &mut order.lines[raise.index];
        line.open = count(line.open.get() + found);
        line.backordered = count(line.backordered.get() + raise.units - found);
        for (share, (product, takes)) in shares.iter().flat_map(|share| goods.iter().map(move |one| (share, one))) {
            number += 1;
            if number > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            let key = LevelKey { product: *product, store: share.store };
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            let quantity = count(share.quantity * takes);
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            let id = editing.movements[1].line(number);
            draft.put_reservation(Reservation { id, ..reservation(order, (position, number), key, (quantity, now)) });
        }
    }
    Ok(())
}

/// Splits the added units of a line among stores: those that have reservations of it, then the
/// order's own. Units without stock are backordered if the product allows it.
fn near(draft: &Draft<'_>, order: &Order, raise: &Wanted, held: &[StoreId]) -> Result<Vec<Share>, Rejection> {
    let (line, field) = (&order.lines[raise.index], raise.place.field(Field::Quantity));
    let mut bound = None;
    for (product, _) in line.goods() {
        let level = draft.stocked(LevelKey { product, store: order.store }, field)?;
        // A line keeps the policy with which it was placed; that of a kit's parts comes from the
        // catalogue.
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        if policy != StockPolicy::Backorder {
            bound.get_or_insert(level.key);
        }
    }
    let mut stores: Vec<StoreId> = Vec::with_capacity(held.len() + 1);
    for store in held.iter().copied().chain([order.store]) {
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    let mut left = raise.units;
    let mut shares = Vec::new();
    for store in stores {
        // The stock of a product that has been archived since is not available.
        let there = |(product, takes)| (draft.promisable(LevelKey { product, store }, At::NOWHERE).unwrap_or(0), takes);
        let quantity = left.min(whole_kits(line.goods().map(there)));
        if quantity > 0 {
            shares.push(Share { store, quantity });
            left -= quantity;
        }
    }
    match bound {
        Some(key) if left > 0 && line.is_kit() => {
            Err(draft.kit_shortage((&line.sku, key), (raise.units, raise.units - left), field))
        }
        Some(key) if left > 0 => Err(draft.reserve_shortage(key, (raise.units, raise.units - left), field)),
        _ => Ok(shares),
    }
}
