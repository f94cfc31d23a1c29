//! What an edit lets go and holds: the difference of each line, and nothing of what stays.

use std::{cmp::Reverse, collections::HashMap};

use entity::prelude::*;

use super::{
    act::held_for,
    hold::{Wanted, found, order_head, reservation},
    order::{Order, count},
    refusal::Refusal,
    sourcing::{Share, Sourcing, total},
};
use crate::stock::core::{At, Delta, Draft, Field, LevelKey, MovementHead, Rejection, Reservation, RoomRefusal, whole_kits};

/// Who edits, why, and the ids of the movements of what is let go and of what is held.
#[derive(Debug, Clone)]
pub(super) struct Editing<'a> {
    pub actor: Actor,
    pub note: Option<&'a str>,
    pub movements: [MovementId; 2],
}

impl Editing<'_> {
    fn head(&self, kind: MovementKind, order: &Order, now: Timestamp) -> MovementHead {
        let id = self.movements[usize::from(kind == MovementKind::Reserve)];
        MovementHead { actor: self.actor, note: self.note.map(str::to_owned), ..order_head(id, kind, order, now) }
    }
}

/// Lets go what these lines hold beyond what is open of them, the newest holds first: what is short of its holds already lets nothing go.
pub(super) fn let_go_excess(
    draft: &mut Draft<'_>,
    order: &Order,
    fallen: &[Wanted],
    editing: &Editing<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let mut held: HashMap<(u16, ProductId), Vec<Reservation>> = HashMap::new();
    for one in held_for(draft, order) {
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

/// Holds so many more units of these lines, or lets them wait where they may.
pub(super) fn hold_more(
    draft: &mut Draft<'_>,
    order: &mut Order,
    raised: &[Wanted],
    sourcing: Option<&Sourcing>,
    editing: &Editing<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let plan = sourcing.map(|sourcing| found(draft, order, raised, sourcing)).transpose()?;
    let mut held: HashMap<u16, Vec<StoreId>> = HashMap::new();
    for one in held_for(draft, order) {
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

/// Where more of a line is found: where it is held already, then at the order's own store. What is nowhere waits, where it may.
fn near(draft: &Draft<'_>, order: &Order, raise: &Wanted, held: &[StoreId]) -> Result<Vec<Share>, Rejection> {
    let (line, field) = (&order.lines[raise.index], raise.place.field(Field::Quantity));
    let mut bound = None;
    for (product, _) in line.goods() {
        let level = draft.stocked(LevelKey { product, store: order.store }, field)?;
        // What a line is of was frozen with it; what it is made of is as the catalogue has it.
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
        // What was archived meanwhile gives nothing.
        let there = |(product, takes)| (draft.promisable(LevelKey { product, store }, At::NOWHERE).unwrap_or(0), takes);
        let quantity = left.min(whole_kits(line.goods().map(there)));
        if quantity > 0 {
            shares.push(Share { store, quantity });
            left -= quantity;
        }
    }
    match bound {
        Some(key) if left > 0 && line.is_kit() => {
            Err(draft.kits_short((&line.sku, key), (raise.units, raise.units - left), field))
        }
        Some(key) if left > 0 => Err(draft.unpromised(key, (raise.units, raise.units - left), field)),
        _ => Ok(shares),
    }
}
