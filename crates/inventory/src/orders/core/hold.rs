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
pub(super) fn order_head(id: MovementId, kind: MovementKind, order: &Order, occurred_at: Timestamp) -> MovementHead {
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
    let wanted = line.open.get();
    let mut parts = Vec::new();
    let mut short = None;
    let mut bound = Vec::new();
    for (product, takes) in line.goods() {
        let level = draft.stocked(LevelKey { product, store }, field)?;
        let needed = wanted.saturating_mul(takes);
        // A line keeps the policy with which it was placed; that of a kit's parts comes from the
        // catalogue.
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        let there = draft.promisable(level.key, field)?;
        if policy != StockPolicy::Backorder {
            bound.push((there, takes));
            if there < needed {
                short.get_or_insert((level.key, needed, there));
            }
        }
        parts.push((there, takes));
    }
    if let Some((key, needed, there)) = short {
        let refusal = if line.is_kit() {
            draft.kit_shortage((&line.sku, key), (wanted, whole_kits(bound.into_iter())), field)
        } else {
            draft.reserve_shortage(key, (needed, there), field)
        };
        // A draft that collects all rejections continues and reserves the available units.
        draft.refuse(refusal)?;
    }
    Ok(if parts.is_empty() { wanted } else { wanted.min(whole_kits(parts.into_iter())) })
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
pub(super) fn hold(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (movement, at): (MovementId, Timestamp),
    sourcing: Option<&Sourcing>,
) -> Result<(), Rejection> {
    let all = |order: &Order| -> Vec<Wanted> {
        let lines = order.lines.iter().enumerate();
        lines.map(|(index, line)| Wanted { index, units: line.open.get(), place: At::line(index) }).collect()
    };
    let found = sourcing.map(|sourcing| found(draft, order, &all(order), sourcing)).transpose()?;
    // One reservation of a line has the line's number under the order's ID; the others have numbers
    // after those of the lines.
    let head = order_head(movement, MovementKind::Reserve, order, at);
    let mut holds = NewReservations { head, has_begun: false, next: order.lines.len() as u16 + 1 };
    for index in 0..order.lines.len() {
        let held = reserve_line(draft, order, (index, found.as_ref()), &mut holds);
        draft.pass(held)?;
    }
    Ok(())
}

fn reserve_line(
    draft: &mut Draft<'_>,
    order: &mut Order,
    (index, found): (usize, Option<&SourcingPlan>),
    holds: &mut NewReservations,
) -> Result<(), Rejection> {
    let line = &order.lines[index];
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    // A line of a draft may have been set to 0.
    if goods.is_empty() || line.open.is_zero() {
        return Ok(());
    }
    let field = At::line(index).field(Field::Quantity);
    let shares = match found {
        None => vec![Share { store: order.store, quantity: reservable_units(draft, line, order.store, field)? }],
        Some(plan) => plan[index].clone(),
    };
    let (position, is_kit, wanted, held) = (line.position, line.is_kit(), line.open.get(), total(&shares));
    let line = &mut order.lines[index];
    (line.open, line.backordered) = (count(held), count(wanted - held));
    for (nth, share) in shares.iter().enumerate().filter(|(_, share)| share.quantity > 0) {
        for (product, takes) in &goods {
            let is_apart = is_kit || nth > 0;
            let number = if is_apart { holds.next } else { position };
            holds.next += u16::from(is_apart);
            if number > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            let key = LevelKey { product: *product, store: share.store };
            if !holds.has_begun {
                draft.begin(holds.head.clone(), key, field)?;
                holds.has_begun = true;
            }
            let quantity = count(share.quantity * takes);
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            draft.put_reservation(reservation(order, (position, number), key, (quantity, draft.now())));
        }
    }
    Ok(())
}

/// Units of the line at this index of its order, and their place in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub index: usize,
    pub units: i64,
    pub place: At,
}

/// Plans the sourcing of the wanted units from the stock that is available now.
pub(super) fn found(
    draft: &mut Draft<'_>,
    order: &Order,
    wanted: &[Wanted],
    sourcing: &Sourcing,
) -> Result<SourcingPlan, Rejection> {
    let now = |source: &Source| {
        // The stock of a product that has been archived since is not available.
        let there = |product: &ProductId| draft.promisable(LevelKey { product: *product, store: source.store }, At::NOWHERE).ok();
        let available = source.available.keys().filter_map(|product| Some((*product, there(product)?))).collect();
        Source { available, ..source.clone() }
    };
    let stores: Vec<Source> = sourcing.stores.iter().map(now).collect();
    let demands: Vec<Demand> = wanted.iter().map(|wanted| demand(draft, order, wanted)).collect::<Result<_, _>>()?;
    let short = |draft: &Draft<'_>, lacking: LineShortage| {
        let Wanted { index, units, place } = wanted[lacking.line];
        let line = &order.lines[index];
        let own = own_level(draft, line, order.store);
        let what = Scarce::Stores { sku: line.sku.clone(), most: sourcing.rule.most(), own };
        let why = Reason::LotShort { level: None, what, usable: lacking.found, requested: units };
        Rejection { why, at: place.field(Field::Quantity) }
    };
    if draft.collects_refusals() {
        for lacking in find_shortages(&demands, &stores, sourcing.rule, sourcing.destination) {
            let refusal = short(draft, lacking);
            draft.refuse(refusal)?;
        }
        draft.end_pass()?;
    }
    source(&demands, &stores, &sourcing.rule, sourcing.destination).map_err(|lacking| short(draft, lacking))
}

/// Returns the level of a line's product in a store; None for a kit.
pub(super) fn own_level(draft: &Draft<'_>, line: &Line, store: StoreId) -> Option<Box<Level>> {
    let product = line.product().filter(|_| !line.is_kit())?;
    draft.level(LevelKey { product, store }, At::NOWHERE).ok().cloned().map(Box::new)
}

/// Returns the demand of a line. It may wait if all of its products may be backordered.
fn demand(draft: &Draft<'_>, order: &Order, wanted: &Wanted) -> Result<Demand, Rejection> {
    let (line, field) = (&order.lines[wanted.index], wanted.place.field(Field::Product));
    if wanted.units == 0 {
        return Ok(Demand { goods: Vec::new(), quantity: 0, short: OnShortage::Wait });
    }
    let goods: Vec<(ProductId, i64)> = line.goods().collect();
    let mut short = OnShortage::Wait;
    for (product, _) in &goods {
        let level = draft.stocked(LevelKey { product: *product, store: order.store }, field)?;
        let policy = if line.is_kit() { level.facts.policy } else { line.policy() };
        short = if policy == StockPolicy::Backorder { short } else { OnShortage::Refuse };
    }
    Ok(Demand { goods, quantity: wanted.units, short })
}

/// Returns the order's reservations that are loaded and active, by line.
pub(super) fn active_reservations_of(draft: &Draft<'_>, order: &Order) -> Vec<Reservation> {
    let mut held: Vec<_> = draft
        .book()
        .reservations
        .values()
        .filter(|r| r.status == ReservationStatus::Active && r.order.is_some_and(|(id, _)| id == order.id))
        .cloned()
        .collect();
    held.sort_by_key(|r| (r.order.map(|(_, position)| position), r.id));
    held
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
