//! Actions on an existing order.

use entity::prelude::*;

use super::{
    book::OrderBook,
    decision::{ActionDetails, OrderDecision, OrderFact},
    fulfil::{Fulfil, Parcel},
    hold_commands::check_not_on_hold,
    kit_shortage::{as_kit_shortage, build_kit_quotes, report_kit_shortages},
    line::{Line, check_product_active, count},
    order::Order,
    other_stores::{release_reservations_elsewhere, remaining_reserved_units},
    refusal::Refusal,
    reservations::{active_reservations_of, order_movement_head, reserve_lines},
    shipment::{Fulfilment, FulfilmentLine},
    shipped_lines::resolve_shipped_lines,
    sourcing::Sourcing,
    states::{Action, is_action_allowed},
};
use crate::orders::events::{self, EventType, OrderEvent};
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, LotChoice, MovementHead, Noun, Posting, Rejection, RoomMovement, RoomRefusal, Step,
    check_moment, ensure_available,
};

/// An action that needs only the order.
#[derive(Debug, Clone)]
pub struct ActOnOrder {
    pub order: OrderId,
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    /// Reason of a cancellation.
    pub reason: Option<CancelReason>,
    /// Register of the cancellation; None if none is named.
    pub register: Option<String>,
    pub actor: Actor,
    /// True if the caller is bound to a channel.
    pub by_channel: bool,
    pub movement: MovementId,
}

impl From<&ActOnOrder> for ActionDetails {
    fn from(act: &ActOnOrder) -> Self {
        Self { actor: act.actor, reason: act.note.clone(), cancel: act.reason, register: act.register.clone() }
    }
}

/// A confirmation, and the sourcing of a draft; None to reserve all of it at the order's store.
#[derive(Debug, Clone)]
pub struct Confirm {
    pub act: ActOnOrder,
    pub sourcing: Option<Sourcing>,
}

impl From<ActOnOrder> for Confirm {
    fn from(act: ActOnOrder) -> Self {
        Self { act, sourcing: None }
    }
}

/// Returns the order, if the action is allowed in its status.
pub(super) fn open(book: &OrderBook, id: OrderId, version: Option<i64>, action: Action) -> Result<Order, Rejection> {
    let order = book.orders.get(&id).ok_or_else(|| Rejection::not_found(Noun::Order, At::input(Field::Id)))?;
    order.check_version(version)?;
    if is_action_allowed(order.status, action) {
        return Ok(order.clone());
    }
    Err(Refusal::Status(order.status).at(At::input(Field::Id)))
}

pub(super) fn build_decision(book: &OrderBook, order: Order, kind: EventType<OrderEvent>, by: ActionDetails) -> OrderDecision {
    let before = book.orders.get(&order.id).map(|order| order.status);
    let event = OrderFact { kind, order: order.id, before, by, changed: Vec::new() };
    OrderDecision { orders: vec![order], events: vec![event], ..OrderDecision::default() }
}

/// Confirms an order: a draft reserves its stock now; the reservations of a pending order no longer
/// expire.
pub fn decide_confirm(book: &OrderBook, draft: &mut Draft<'_>, confirm: &Confirm) -> Result<OrderDecision, Rejection> {
    let act = &confirm.act;
    let mut order = open(book, act.order, act.expected_version, Action::Confirm)?;
    // The movements' actor is the caller; the order's stays the one who placed it.
    let placed_by = std::mem::replace(&mut order.actor, act.actor);
    if order.status == OrderStatus::Draft {
        // A line that was set to 0 is not sold.
        for product in order.lines.iter().filter(|line| line.outstanding() > 0).filter_map(Line::product) {
            // The step has loaded the levels of all products of a draft.
            let level = draft.level(LevelKey { product, store: order.store }, At::NOWHERE);
            let sale_check = level.map_or(Ok(()), |level| check_product_active(&level.facts, At::input(Field::Id)));
            draft.pass(sale_check)?;
        }
        // The reservations begin now: the day of the order may be in a closed period.
        let now = draft.now();
        reserve_lines(draft, &mut order, (act.movement, now), confirm.sourcing.as_ref())?;
    } else {
        for mut reservation in active_reservations_of(draft, &order) {
            reservation.expires_at = None;
            reservation.version += 1;
            reservation.updated_at = draft.now();
            draft.put_reservation(reservation);
        }
    }
    order.actor = placed_by;
    order.status = OrderStatus::Confirmed;
    order.expires_at = None;
    order.touch(draft.now());
    Ok(build_decision(book, order, events::ORDER_CONFIRMED, act.into()))
}

/// Cancels the outstanding units and releases their reservations.
pub fn decide_cancel(book: &OrderBook, draft: &mut Draft<'_>, act: &ActOnOrder) -> Result<OrderDecision, Rejection> {
    let mut order = open(book, act.order, act.expected_version, Action::Cancel)?;
    let delivered = order.lines.iter().any(|line| line.fulfilled.is_positive());
    order.status = if delivered { OrderStatus::Fulfilled } else { OrderStatus::Cancelled };
    release_reservations(draft, &mut order, act, ReservationStatus::Released)?;
    Ok(OrderDecision { by_channel: act.by_channel, ..build_decision(book, order, events::ORDER_CANCELLED, act.into()) })
}

/// The job's command: expires an order. Returns None if the order is not pending or not yet
/// expired: repeating it does nothing.
pub fn decide_expire(book: &OrderBook, draft: &mut Draft<'_>, act: &ActOnOrder) -> Result<Option<OrderDecision>, Rejection> {
    let Some(order) = book.orders.get(&act.order) else { return Ok(None) };
    if !is_action_allowed(order.status, Action::Expire) || order.expires_at.is_none_or(|at| at > draft.now()) {
        return Ok(None);
    }
    let mut order = order.clone();
    order.status = OrderStatus::Expired;
    release_reservations(draft, &mut order, act, ReservationStatus::Expired)?;
    Ok(Some(build_decision(book, order, events::ORDER_EXPIRED, act.into())))
}

pub fn decide_close(book: &OrderBook, draft: &mut Draft<'_>, act: &ActOnOrder) -> Result<OrderDecision, Rejection> {
    let mut order = open(book, act.order, act.expected_version, Action::Close)?;
    order.status = OrderStatus::Closed;
    order.touch(draft.now());
    Ok(build_decision(book, order, events::ORDER_CLOSED, act.into()))
}

/// Reopens a closed order: its lines determine its status.
pub fn decide_reopen(book: &OrderBook, draft: &mut Draft<'_>, act: &ActOnOrder) -> Result<OrderDecision, Rejection> {
    let mut order = open(book, act.order, act.expected_version, Action::Reopen)?;
    order.status = order.fulfilment_status();
    order.touch(draft.now());
    Ok(build_decision(book, order, events::ORDER_REOPENED, act.into()))
}

fn release_reservations(
    draft: &mut Draft<'_>,
    order: &mut Order,
    act: &ActOnOrder,
    end: ReservationStatus,
) -> Result<(), Rejection> {
    let field = At::input(Field::Id);
    let now = draft.now();
    let head = MovementHead {
        actor: act.actor,
        note: act.note.clone(),
        ..order_movement_head(act.movement, MovementKind::Release, order, now)
    };
    for (index, mut reservation) in active_reservations_of(draft, order).into_iter().enumerate() {
        if index == 0 {
            draft.begin(head.clone(), reservation.key, field)?;
        }
        let held_quantity = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held_quantity, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held_quantity, end, now);
        draft.put_reservation(reservation);
    }
    order.lines.iter_mut().for_each(Line::cancel_rest);
    order.expires_at = None;
    order.touch(now);
    Ok(())
}

pub fn decide_fulfil(book: &OrderBook, draft: &mut Draft<'_>, command: &Fulfil) -> Result<OrderDecision, Rejection> {
    let mut order = open(book, command.order, command.expected_version, Action::Fulfil)?;
    check_not_on_hold(&order, At::input(Field::Id))?;
    let store = command.store.unwrap_or(order.store);
    let occurred_at = command.occurred_at.unwrap_or(draft.now());
    let reservations = active_reservations_of(draft, &order);
    let mut requested_lines = resolve_shipped_lines(draft, &order, command, &reservations)?;
    // In the order of the lines, whatever the order of the input: a shipment stores no other order,
    // and its entries are found by it (`assign_entries`).
    requested_lines.sort_by_key(|(position, ..)| *position);
    let mut parcels = Vec::with_capacity(requested_lines.len());
    let mut lines = Vec::with_capacity(requested_lines.len());
    for (position, quantity, lot, field) in requested_lines {
        let Some(line) = order.line_mut(position) else { continue };
        let held_quantity = remaining_reserved_units(&reservations, line, store, quantity);
        line.fulfil(quantity, held_quantity);
        lines.push(FulfilmentLine { position, quantity: count(quantity) });
        if lot.is_specified() && line.is_kit() {
            draft.refuse(Refusal::LotOfKit { sku: line.sku.clone() }.at(field.field(Field::Lot)))?;
            continue;
        }
        let cost = line.unit_cost.filter(|_| !line.is_kit());
        for (product, part_quantity) in line.goods() {
            let (key, quantity) = (LevelKey { product, store }, quantity * part_quantity);
            let line_reservations = reservations
                .iter()
                .filter(|reservation| reservation.key == key && reservation.order.is_some_and(|(_, p)| p == position));
            let held_at_store = line_reservations.map(|reservation| reservation.remaining.get()).sum::<i64>().min(quantity);
            let lots = lots_of(command, (position, product), (&lot, quantity));
            parcels.push(Parcel { position, key, quantity, held: held_at_store, cost, lots, takes: part_quantity, field });
        }
    }
    draft.end_pass()?;
    release_reservations_elsewhere(draft, &order, command, &parcels, occurred_at)?;
    ship(draft, &order, command, &parcels, occurred_at)?;
    lines.extend(deliver_charges(&mut order));
    // Also if nothing leaves stock.
    check_moment(draft.book(), occurred_at, store_time_zone(book, draft, &order, store))?;
    order.status = order.fulfilment_status();
    order.touch(draft.now());
    let fulfilment = Fulfilment::shipped((command.fulfilment, order.id), store, occurred_at, lines);
    Ok(OrderDecision {
        fulfilments: vec![fulfilment],
        ..build_decision(book, order, events::ORDER_FULFILLED, command.actor.into())
    })
}

/// Returns the lots of a product that leave for a line: those that were packed by name, and the
/// rest from the line's own lot.
fn lots_of(command: &Fulfil, (position, product): (u16, ProductId), (lot, quantity): (&LotChoice, i64)) -> Vec<(LotChoice, i64)> {
    let matching_parts = command.lots.iter().filter(|part| (part.position, part.product) == (position, product));
    let mut lots: Vec<(LotChoice, i64)> = matching_parts.map(|part| (LotChoice::Id(part.lot), part.units)).collect();
    let remaining_quantity = quantity - lots.iter().map(|(_, units)| units).sum::<i64>();
    if remaining_quantity > 0 {
        lots.push((lot.clone(), remaining_quantity));
    }
    lots
}

/// Fulfils the charges when no goods are outstanding any more, since no later shipment would
/// deliver them.
pub(super) fn deliver_charges(order: &mut Order) -> Vec<FulfilmentLine> {
    let goods = || order.lines.iter().filter(|line| line.kind() == LineKind::Product);
    if goods().next().is_none() || goods().any(|line| line.outstanding() > 0) {
        return Vec::new();
    }
    let charges = order.lines.iter_mut().filter(|line| line.kind() == LineKind::Charge && line.outstanding() > 0);
    let delivered = charges.map(|line| {
        let quantity = count(line.outstanding());
        line.fulfil(quantity.get(), 0);
        FulfilmentLine { position: line.position, quantity }
    });
    delivered.collect()
}

/// Returns the store's time zone, from any loaded row that has it.
fn store_time_zone<'a>(book: &'a OrderBook, draft: &'a Draft<'_>, order: &Order, store: StoreId) -> &'a str {
    let mut goods = order.lines.iter().flat_map(|line| line.goods().collect::<Vec<_>>());
    let level = goods.find_map(|(product, _)| draft.level(LevelKey { product, store }, At::NOWHERE).ok());
    let zone = level.map(|level| level.facts.time_zone.as_str());
    zone.or_else(|| book.stores.get(&store).map(|facts| facts.time_zone.as_str())).unwrap_or("UTC")
}

/// Posts the goods as sold, and consumes their reservations.
fn ship(draft: &mut Draft<'_>, order: &Order, command: &Fulfil, parcels: &[Parcel], at: Timestamp) -> Result<(), Rejection> {
    let step = |p: &Parcel| Step {
        key: p.key,
        available_delta: p.held - p.quantity,
        on_hand_delta: -p.quantity,
        lots: p.lots.iter().map(|(lot, units)| (lot.clone(), -units)).collect(),
        field: p.field,
    };
    let steps: Vec<Step> = parcels.iter().map(step).collect();
    let owners: Vec<(u16, i64)> = parcels.iter().map(|parcel| (parcel.position, parcel.takes)).collect();
    let quotes = build_kit_quotes(draft, order, (&steps, &owners), command.on_shortage)?;
    report_kit_shortages(draft, &quotes)?;
    post_parcels(draft, order, command, (parcels, &steps), at).map_err(|refusal| as_kit_shortage(refusal, quotes))
}

fn post_parcels(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    (parcels, steps): (&[Parcel], &[Step]),
    at: Timestamp,
) -> Result<(), Rejection> {
    let Some(first_step) = steps.first() else { return Ok(()) };
    let head = MovementHead { actor: command.actor, ..order_movement_head(command.movements[2], MovementKind::Sale, order, at) };
    ensure_available(draft, steps, command.on_shortage, &head, RoomMovement { id: command.movements[0], spare: Some(order.id) })?;
    draft.begin(head, first_step.key, first_step.field)?;
    for parcel in parcels {
        let key = parcel.key;
        let mut consumed = consume(draft, order, parcel);
        let cost = match parcel.cost {
            Some(cost) => Some(cost),
            None => draft.level(key, parcel.field)?.facts.cost,
        };
        for (lot, units) in &parcel.lots {
            let reserved = consumed.min(*units);
            consumed -= reserved;
            let delta = Delta { on_hand: -units, reserved: -reserved, ..Delta::default() };
            let (lot, dates) = (lot.clone(), command.on_shortage.dates());
            let posted = draft.post_to(key, Posting { delta, cost, lot, dates, ..Posting::default() }, parcel.field);
            draft.pass(posted)?;
        }
    }
    Ok(())
}

/// Consumes the reservations of a parcel's goods for its line, and returns the quantity consumed.
fn consume(draft: &mut Draft<'_>, order: &Order, parcel: &Parcel) -> i64 {
    let mut consumed = 0;
    for id in draft.active_reservations(parcel.key) {
        let Some(reservation) = draft.reservation(id) else { continue };
        if reservation.order != Some((order.id, parcel.position)) || consumed == parcel.held {
            continue;
        }
        let mut reservation = reservation.clone();
        let consumed_part = (parcel.held - consumed).min(reservation.remaining.get());
        consumed += consumed_part;
        reservation.give_back(consumed_part, ReservationStatus::Consumed, draft.now());
        draft.put_reservation(reservation);
    }
    consumed
}
