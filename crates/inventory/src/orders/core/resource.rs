//! Goods that a store cannot send: their reservation there is released, and they are sourced from
//! other stores.

use entity::prelude::*;

use super::{
    act::build_decision,
    book::OrderBook,
    decision::OrderDecision,
    line::{Line, count},
    order::Order,
    refusal::Refusal,
    reservations::{active_reservations_of, line_level, order_movement_head, reservation},
    sourcing::{Demand, LineShortage, OnShortage, Share, Source, Sourcing, SourcingPlan, find_shortages, source, total},
};
use crate::orders::events;
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, MovementHead, Noun, Reason, Rejection, Reservation, RoomRefusal, Scarce,
};

/// Units of an order's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineUnits {
    pub position: u16,
    pub units: i64,
}

/// Units that a store releases and that are sourced from others.
#[derive(Debug, Clone)]
pub struct Reallocation<'a> {
    pub order: OrderId,
    pub from: StoreId,
    /// Lines of the order, each once.
    pub lines: &'a [LineUnits],
    /// Candidate stores; the store that the goods come from is excluded.
    pub sourcing: &'a Sourcing,
    /// Stores that have refused a line of the order before.
    pub barred: &'a [(u16, StoreId)],
    /// Treatment of units that no store has.
    pub short: OnShortage,
    pub actor: Actor,
    /// IDs of the release and of the new reservation.
    pub movements: [MovementId; 2],
}

impl Reallocation<'_> {
    /// Returns the lines of the order with the units to source for each.
    fn lines_to_source<'o>(&'o self, order: &'o Order) -> impl Iterator<Item = (&'o Line, i64)> {
        let line = move |line_units: &LineUnits| {
            Some((order.lines.iter().find(|line| line.position == line_units.position)?, line_units.units))
        };
        self.lines.iter().filter_map(line)
    }
    /// True if a store has refused a line that takes the product.
    fn has_refused(&self, order: &Order, product: ProductId, store: StoreId) -> bool {
        let has_product = |line: &Line| line.goods().any(|(line_product, _)| line_product == product);
        self.lines_to_source(order).any(|(line, _)| has_product(line) && self.barred.contains(&(line.position, store)))
    }
}

/// Releases the lines' reservations in one store and reserves the units where the rule finds them.
/// Units that no store has are backordered, also of products that are not sold beyond stock, or
/// rejected.
pub fn decide_reallocate(
    book: &OrderBook,
    draft: &mut Draft<'_>,
    command: &Reallocation<'_>,
) -> Result<OrderDecision, Rejection> {
    let order = book.orders.get(&command.order).ok_or_else(|| Rejection::not_found(Noun::Order, At::input(Field::Id)))?;
    let mut order = order.clone();
    // The movements' actor is the caller; the order's stays the one who placed it.
    let placed_by = std::mem::replace(&mut order.actor, command.actor);
    release_reservations(draft, &order, command)?;
    let plan = plan_reallocation(draft, &order, command)?;
    let mut missing = Vec::with_capacity(command.lines.len());
    let mut holding = NewReservations::of(draft, &order, command.movements[1]);
    for ((line, units), shares) in command.lines_to_source(&order).zip(&plan) {
        for share in shares.iter().filter(|share| share.quantity > 0) {
            holding.hold(draft, line, *share)?;
        }
        missing.push((line.position, units - total(shares)));
    }
    for (position, missing) in missing {
        if let Some(line) = order.line_mut(position) {
            line.open = count(line.open.get() - missing);
            line.backordered = count(line.backordered.get() + missing);
        }
    }
    order.actor = placed_by;
    order.touch(draft.now());
    Ok(build_decision(book, order, events::ORDER_UPDATED, command.actor.into()))
}

/// Releases the lines' reservations in the store, of each product as much as their units take.
fn release_reservations(draft: &mut Draft<'_>, order: &Order, command: &Reallocation<'_>) -> Result<(), Rejection> {
    let field = At::input(Field::Id);
    let mut begin = Some(order_movement_head(command.movements[0], MovementKind::Release, order, draft.now()));
    // Read once for all lines: an order has thousands of them.
    let reservations = active_reservations_of(draft, order);
    for (line, units) in command.lines_to_source(order) {
        for (product, part_quantity) in line.goods() {
            let key = LevelKey { product, store: command.from };
            let mut unreleased = units.saturating_mul(part_quantity);
            let is_own =
                |reservation: &&Reservation| reservation.key == key && reservation.order == Some((order.id, line.position));
            for reservation in reservations.iter().filter(is_own) {
                let released_quantity = unreleased.min(reservation.remaining.get());
                if released_quantity == 0 {
                    break;
                }
                if let Some(head) = begin.take() {
                    draft.begin(head, key, field)?;
                }
                unreleased -= released_quantity;
                draft.post(key, Delta { reserved: -released_quantity, ..Delta::default() }, None, None, field)?;
                let mut reservation = reservation.clone();
                reservation.give_back(released_quantity, ReservationStatus::Released, draft.now());
                draft.put_reservation(reservation);
            }
        }
    }
    Ok(())
}

/// Plans the sourcing of the lines from the stock that is available now; a store that has refused a
/// line gives none of its products.
fn plan_reallocation(draft: &mut Draft<'_>, order: &Order, command: &Reallocation<'_>) -> Result<SourcingPlan, Rejection> {
    let current_source = |store_source: &Source| {
        let promisable_stock = |product: &ProductId| {
            let is_open = !command.has_refused(order, *product, store_source.store);
            let key = LevelKey { product: *product, store: store_source.store };
            draft.promisable_quantity(key, At::NOWHERE).ok().filter(|_| is_open)
        };
        let available =
            store_source.available.keys().filter_map(|product| Some((*product, promisable_stock(product)?))).collect();
        Source { available, ..store_source.clone() }
    };
    let stores: Vec<Source> =
        command.sourcing.stores.iter().filter(|store_source| store_source.store != command.from).map(current_source).collect();
    let demand = |(line, quantity): (&Line, i64)| Demand { goods: line.goods().collect(), quantity, short: command.short };
    let demands: Vec<Demand> = command.lines_to_source(order).map(demand).collect();
    let (rule, destination) = (&command.sourcing.rule, command.sourcing.destination);
    let short = |draft: &Draft<'_>, shortage: LineShortage| {
        let demanded_line = command.lines_to_source(order).nth(shortage.line);
        let sku = demanded_line.map_or_else(String::new, |(line, _)| line.sku.clone());
        let home_level = demanded_line.and_then(|(line, _)| line_level(draft, line, command.from));
        let scarce = Scarce::Stores { sku, most: rule.max_stores(), own: home_level };
        let requested = demanded_line.map_or(0, |(_, units)| units);
        let reason = Reason::LotShort { level: None, what: scarce, usable: shortage.found, requested };
        Rejection { why: reason, at: At::input(Field::ToStore) }
    };
    if draft.collects_refusals() {
        for shortage in find_shortages(&demands, &stores, *rule, destination) {
            let refusal = short(draft, shortage);
            draft.refuse(refusal)?;
        }
        draft.end_pass()?;
    }
    source(&demands, &stores, rule, destination).map_err(|shortage| short(draft, shortage))
}

/// New reservations of an order, all in one movement, which begins with the first of them.
struct NewReservations {
    order: Order,
    movement: MovementId,
    begin: Option<MovementHead>,
    next: u16,
}

impl NewReservations {
    fn of(draft: &Draft<'_>, order: &Order, movement: MovementId) -> Self {
        let head = order_movement_head(movement, MovementKind::Reserve, order, draft.now());
        Self { order: order.clone(), movement, begin: Some(head), next: 1 }
    }
    /// Reserves a share of a line: the quantity of each product that its units take.
    fn hold(&mut self, draft: &mut Draft<'_>, line: &Line, share: Share) -> Result<(), Rejection> {
        let field = At::input(Field::Id);
        for (product, part_quantity) in line.goods() {
            let key = LevelKey { product, store: share.store };
            if let Some(head) = self.begin.take() {
                draft.begin(head, key, field)?;
            }
            let quantity = count(share.quantity.saturating_mul(part_quantity));
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            if self.next > entity::id::MAX_LINES {
                return Err(Refusal::TooManyShares { most: entity::id::MAX_LINES }.at(field));
            }
            // Numbered under the movement, like the reservations of a fill.
            let (id, number) = (self.movement.line(self.next), self.next);
            self.next += 1;
            let hold = reservation(&self.order, (line.position, number), key, (quantity, draft.now()));
            draft.put_reservation(Reservation { id, ..hold });
        }
        Ok(())
    }
}
