//! Reservations of an order: those of its lines, for a kit those of its parts.

use entity::prelude::*;

use super::{
    line::{Line, count},
    order::Order,
    refusal::Refusal,
    sourcing::{Demand, LineShortage, OnShortage, Share, Source, Sourcing, SourcingPlan, find_shortages, source, total},
};
use crate::stock::core::{
    At, Delta, Draft, Field, Level, LevelKey, MovementHead, Reason, Reference, ReferenceKind, Rejection, Reservation,
    RoomRefusal, RowState, Scarce, whole_kits,
};

/// Returns the common fields of an order's movements.
pub(super) fn order_movement_head(id: MovementId, kind: MovementKind, order: &Order, occurred_at: Timestamp) -> MovementHead {
    MovementHead {
        id,
        kind,
        reason: (kind == MovementKind::Sale).then_some(ReasonCode::Sale),
        note: None,
        external_ref: order.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() }),
        actor: order.actor,
        reverses: None,
        occurred_at,
    }
}

/// Returns the number of a line's open units that can be held: all of them, or those available if
/// every short product may be backordered.
fn reservable_units(draft: &mut Draft<'_>, line: &Line, store: StoreId, field: At) -> Result<i64, Rejection> {
    let requested_units = line.open.get();
    let mut parts = Vec::new();
    let mut shortage = None;
    let mut limiting_parts = Vec::new();
    for (product, part_quantity) in line.goods() {
        let level = draft.stocked_level(LevelKey { product, store }, field)?;
        let needed_quantity = requested_units.saturating_mul(part_quantity);
        // A line keeps the policy with which it was placed; that of a kit's parts comes from the
        // catalogue.
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        let available = draft.promisable_quantity(level.key, field)?;
        if policy != StockPolicy::Backorder {
            limiting_parts.push((available, part_quantity));
            if available < needed_quantity {
                shortage.get_or_insert((level.key, needed_quantity, available));
            }
        }
        parts.push((available, part_quantity));
    }
    if let Some((key, needed_quantity, available)) = shortage {
        let refusal = if line.is_kit() {
            draft.kit_shortage((&line.sku, key), (requested_units, whole_kits(limiting_parts.into_iter())), field)
        } else {
            draft.reserve_shortage(key, (needed_quantity, available), field)
        };
        // A draft that collects all rejections continues and reserves the available units.
        draft.refuse(refusal)?;
    }
    Ok(if parts.is_empty() { requested_units } else { requested_units.min(whole_kits(parts.into_iter())) })
}

/// The reservations of an order that is being placed.
struct NewReservations {
    head: MovementHead,
    has_begun: bool,
    /// The number of the next reservation that does not use its line's number: for a kit's parts, and
    /// for a line's further stores.
    next: u16,
}

/// Reserves stock for every line that takes any: at the order's store, or in the stores of its
/// sourcing. BACKORDER products reserve the available units and backorder the rest.
pub(super) fn reserve_lines(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (movement, at): (MovementId, Timestamp),
    sourcing: Option<&Sourcing>,
) -> Result<(), Rejection> {
    let line_requests = |order: &Order| -> Vec<LineDemand> {
        let lines = order.lines.iter().enumerate();
        lines.map(|(index, line)| LineDemand { index, units: line.open.get(), place: At::line(index) }).collect()
    };
    let found = sourcing.map(|sourcing| plan_sourcing(draft, order, &line_requests(order), sourcing)).transpose()?;
    // One reservation of a line has the line's number under the order's ID; the others have numbers
    // after those of the lines.
    let head = order_movement_head(movement, MovementKind::Reserve, order, at);
    let mut new_reservations = NewReservations { head, has_begun: false, next: order.lines.len() as u16 + 1 };
    for index in 0..order.lines.len() {
        let result = reserve_line(draft, order, (index, found.as_ref()), &mut new_reservations);
        draft.pass(result)?;
    }
    Ok(())
}

fn reserve_line(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (index, sourcing_plan): (usize, Option<&SourcingPlan>),
    new_reservations: &mut NewReservations,
) -> Result<(), Rejection> {
    let line = &order.lines[index];
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    // A line of a draft may have been set to 0.
    if goods.is_empty() || line.open.is_zero() {
        return Ok(());
    }
    let field = At::line(index).field(Field::Quantity);
    let shares = match sourcing_plan {
        None => vec![Share { store: order.store, quantity: reservable_units(draft, line, order.store, field)? }],
        Some(plan) => plan[index].clone(),
    };
    let (position, is_kit, open_units, held_units) = (line.position, line.is_kit(), line.open.get(), total(&shares));
    let line = &mut order.lines[index];
    (line.open, line.backordered) = (count(held_units), count(open_units - held_units));
    for (nth, share) in shares.iter().enumerate().filter(|(_, share)| share.quantity > 0) {
        for (product, part_quantity) in &goods {
            let is_apart = is_kit || nth > 0;
            let number = if is_apart { new_reservations.next } else { position };
            new_reservations.next += u16::from(is_apart);
            if number > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            let key = LevelKey { product: *product, store: share.store };
            if !new_reservations.has_begun {
                draft.begin(new_reservations.head.clone(), key, field)?;
                new_reservations.has_begun = true;
            }
            let quantity = count(share.quantity * part_quantity);
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            draft.put_reservation(reservation(order, (position, number), key, (quantity, draft.now())));
        }
    }
    Ok(())
}

/// Units of the line at this index of its order, and their place in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineDemand {
    pub index: usize,
    pub units: i64,
    pub place: At,
}

/// Plans the sourcing of the wanted units from the stock that is available now.
pub(super) fn plan_sourcing(
    draft: &mut Draft<'_>,
    order: &Order,
    requests: &[LineDemand],
    sourcing: &Sourcing,
) -> Result<SourcingPlan, Rejection> {
    let current_source = |source: &Source| {
        // The stock of a product that has been archived since is not available.
        let promisable_stock = |product: &ProductId| {
            draft.promisable_quantity(LevelKey { product: *product, store: source.store }, At::NOWHERE).ok()
        };
        let available = source.available.keys().filter_map(|product| Some((*product, promisable_stock(product)?))).collect();
        Source { available, ..source.clone() }
    };
    let stores: Vec<Source> = sourcing.stores.iter().map(current_source).collect();
    let demands: Vec<Demand> = requests.iter().map(|requests| demand(draft, order, requests)).collect::<Result<_, _>>()?;
    let short = |draft: &Draft<'_>, shortage: LineShortage| {
        let LineDemand { index, units, place } = requests[shortage.line];
        let line = &order.lines[index];
        let home_level = line_level(draft, line, order.store);
        let scarce = Scarce::Stores { sku: line.sku.clone(), most: sourcing.rule.max_stores(), own: home_level };
        let reason = Reason::LotShort { level: None, what: scarce, usable: shortage.found, requested: units };
        Rejection { why: reason, at: place.field(Field::Quantity) }
    };
    if draft.collects_refusals() {
        for shortage in find_shortages(&demands, &stores, sourcing.rule, sourcing.destination) {
            let refusal = short(draft, shortage);
            draft.refuse(refusal)?;
        }
        draft.end_pass()?;
    }
    source(&demands, &stores, &sourcing.rule, sourcing.destination).map_err(|shortage| short(draft, shortage))
}

/// Returns the level of a line's product in a store; None for a kit.
pub(super) fn line_level(draft: &Draft<'_>, line: &Line, store: StoreId) -> Option<Box<Level>> {
    let product = line.product().filter(|_| !line.is_kit())?;
    draft.level(LevelKey { product, store }, At::NOWHERE).ok().cloned().map(Box::new)
}

/// Returns the demand of a line. It may wait if all of its products may be backordered.
fn demand(draft: &Draft<'_>, order: &Order, request: &LineDemand) -> Result<Demand, Rejection> {
    let (line, field) = (&order.lines[request.index], request.place.field(Field::Product));
    if request.units == 0 {
        return Ok(Demand { goods: Vec::new(), quantity: 0, short: OnShortage::Wait });
    }
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    let mut short = OnShortage::Wait;
    for (product, _) in &goods {
        let level = draft.stocked_level(LevelKey { product: *product, store: order.store }, field)?;
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        short = if policy == StockPolicy::Backorder { short } else { OnShortage::Refuse };
    }
    Ok(Demand { goods, quantity: request.units, short })
}

/// Returns the order's reservations that are loaded and active, by line.
pub(super) fn active_reservations_of(draft: &Draft<'_>, order: &Order) -> Vec<Reservation> {
    let mut active: Vec<_> = draft
        .book()
        .reservations
        .values()
        .filter(|reservation| {
            reservation.status == ReservationStatus::Active && reservation.order.is_some_and(|(id, _)| id == order.id)
        })
        .cloned()
        .collect();
    active.sort_by_key(|reservation| (reservation.order.map(|(_, position)| position), reservation.id));
    active
}

/// Creates a reservation for a line of the order; its number is part of its ID.
pub(super) fn reservation(
    order: &Order,
    (position, number): (u16, u16),
    key: LevelKey,
    (quantity, now): (Quantity, Timestamp),
) -> Reservation {
    Reservation {
        id: order.id.line(number),
        key,
        quantity,
        remaining: quantity,
        status: ReservationStatus::Active,
        expires_at: order.expires_at,
        channel: Some(order.channel),
        order: Some((order.id, position)),
        reference: Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() }),
        version: 1,
        created_at: now,
        updated_at: now,
        row: RowState::New,
    }
}
