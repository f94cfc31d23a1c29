//! Changes of reservations by an edit: the difference of each line. Other reservations are not
//! touched.

use std::{cmp::Reverse, collections::HashMap};

use entity::prelude::*;

use super::{
    line::count,
    order::Order,
    refusal::Refusal,
    reservations::{LineDemand, active_reservations_of, order_movement_head, plan_sourcing, reservation},
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
        MovementHead { actor: self.actor, note: self.note.map(str::to_owned), ..order_movement_head(id, kind, order, now) }
    }
}

/// Releases the reservations of these lines beyond their open units, the newest first: a line with
/// fewer reserved than open units releases nothing.
pub(super) fn release_excess(
    draft: &mut Draft<'_>,
    order: &Order,
    lowered_lines: &[LineDemand],
    edit_context: &EditContext<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let mut by_line: HashMap<(u16, ProductId), Vec<Reservation>> = HashMap::new();
    for reservation in active_reservations_of(draft, order) {
        if let Some((_, position)) = reservation.order {
            by_line.entry((position, reservation.key.product)).or_default().push(reservation);
        }
    }
    let mut begin = Some(edit_context.head(MovementKind::Release, order, now));
    for LineDemand { index, place, .. } in lowered_lines {
        let (line, field) = (&order.lines[*index], place.field(Field::Quantity));
        for (product, part_quantity) in line.goods() {
            let mut line_reservations = by_line.remove(&(line.position, product)).unwrap_or_default();
            line_reservations.sort_by_key(|reservation| Reverse((reservation.created_at, reservation.id)));
            let excess = line_reservations.iter().map(|reservation| reservation.remaining.get()).sum::<i64>()
                - line.open.get() * part_quantity;
            draft.release_excess(line_reservations, excess, &mut begin, (now, field))?;
        }
    }
    Ok(())
}

/// Reserves the added units of these lines, or backorders them if the product allows it.
pub(super) fn reserve_added_units(
    draft: &mut Draft<'_>,
    order: &mut Order,
    raised_lines: &[LineDemand],
    sourcing: Option<&Sourcing>,
    edit_context: &EditContext<'_>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let plan = sourcing.map(|sourcing| plan_sourcing(draft, order, raised_lines, sourcing)).transpose()?;
    let mut stores_by_line: HashMap<u16, Vec<StoreId>> = HashMap::new();
    for one in active_reservations_of(draft, order) {
        if let Some((_, position)) = one.order {
            stores_by_line.entry(position).or_default().push(one.key.store);
        }
    }
    let mut begin = Some(edit_context.head(MovementKind::Reserve, order, now));
    let mut number = 0;
    for (nth, line_change) in raised_lines.iter().enumerate() {
        let line = &order.lines[line_change.index];
        let (position, field) = (line.position, line_change.place.field(Field::Quantity));
        let goods: Vec<(ProductId, i64)> = line.goods().collect();
        let shares = match &plan {
            _ if goods.is_empty() => Vec::new(),
            Some(plan) => plan[nth].clone(),
            None => {
                let near = allocate_nearby(
                    draft,
                    order,
                    line_change,
                    stores_by_line.get(&position).map(Vec::as_slice).unwrap_or_default(),
                );
                let Some(near) = draft.pass(near)? else { continue };
                near
            }
        };
        let found = if goods.is_empty() { line_change.units } else { total(&shares) };
        let line = &mut order.lines[line_change.index];
        line.open = count(line.open.get() + found);
        line.backordered = count(line.backordered.get() + line_change.units - found);
        for (share, (product, part_quantity)) in shares.iter().flat_map(|share| goods.iter().map(move |one| (share, one))) {
            number += 1;
            if number > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            let key = LevelKey { product: *product, store: share.store };
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            let quantity = count(share.quantity * part_quantity);
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            let id = edit_context.movements[1].line(number);
            draft.put_reservation(Reservation { id, ..reservation(order, (position, number), key, (quantity, now)) });
        }
    }
    Ok(())
}

/// Splits the added units of a line among stores: those that have reservations of it, then the
/// order's own. Units without stock are backordered if the product allows it.
fn allocate_nearby(
    draft: &Draft<'_>,
    order: &Order,
    line_change: &LineDemand,
    held_stores: &[StoreId],
) -> Result<Vec<Share>, Rejection> {
    let (line, field) = (&order.lines[line_change.index], line_change.place.field(Field::Quantity));
    let mut bound_level = None;
    for (product, _) in line.goods() {
        let level = draft.stocked_level(LevelKey { product, store: order.store }, field)?;
        // A line keeps the policy with which it was placed; that of a kit's parts comes from the
        // catalogue.
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        if policy != StockPolicy::Backorder {
            bound_level.get_or_insert(level.key);
        }
    }
    let mut stores: Vec<StoreId> = Vec::with_capacity(held_stores.len() + 1);
    for store in held_stores.iter().copied().chain([order.store]) {
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    let mut remaining_units = line_change.units;
    let mut shares = Vec::new();
    for store in stores {
        // The stock of a product that has been archived since is not available.
        let part_stock = |(product, part_quantity)| {
            (draft.promisable_quantity(LevelKey { product, store }, At::NOWHERE).unwrap_or(0), part_quantity)
        };
        let quantity = remaining_units.min(whole_kits(line.goods().map(part_stock)));
        if quantity > 0 {
            shares.push(Share { store, quantity });
            remaining_units -= quantity;
        }
    }
    match bound_level {
        Some(key) if remaining_units > 0 && line.is_kit() => {
            Err(draft.kit_shortage((&line.sku, key), (line_change.units, line_change.units - remaining_units), field))
        }
        Some(key) if remaining_units > 0 => {
            Err(draft.reserve_shortage(key, (line_change.units, line_change.units - remaining_units), field))
        }
        _ => Ok(shares),
    }
}
