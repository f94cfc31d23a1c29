//! Placing an order: lines, prices, reservations and its own rows, accepted or rejected whole.

use entity::prelude::*;

use super::{
    book::{BuyerFacts, OrderBook},
    decision::{OrderDecision, OrderFact},
    detail::{DetailChange, OrderDetail},
    kit_shortage::{as_kit_shortage, build_kit_quotes, report_kit_shortages},
    line::{Line, NewLine, price_line},
    order::Order,
    paid::PaymentSums,
    refusal::{LineRefusal, Refusal},
    reservations::{order_movement_head, reserve_lines},
    rule_facts::AddressFacts,
    sourcing::Sourcing,
};
use crate::ledger::DocumentNumber;
use crate::orders::events;
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, LotChoice, MovementHead, Noun, Posting, Reference, ReferenceKind, Rejection, Reservation,
    RoomRefusal, Shortage, Step, ensure_available,
};

/// Initial state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewStatus {
    /// Reserves nothing.
    Draft,
    /// Reserves stock until this time.
    Pending { until: Timestamp },
    /// Reserves stock without expiry.
    Confirmed,
    /// Sold over the counter, at once.
    Fulfilled,
}

#[derive(Debug, Clone)]
pub struct Create {
    pub id: OrderId,
    pub store: StoreId,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// Country that the order is sold to; None for the customer's.
    pub country: Option<String>,
    /// Register of the order; None if none is named.
    pub register: Option<String>,
    /// None for the time at which it is recorded.
    pub placed_at: Option<Timestamp>,
    pub status: NewStatus,
    /// Existing reservations that the order takes over.
    pub reservations: Vec<ReservationId>,
    pub on_shortage: Shortage,
    pub lines: Vec<NewLine>,
    /// Sourcing of the order; None to reserve all of it at the order's store.
    pub sourcing: Option<Sourcing>,
    /// Details beside the lines; None if there are none.
    pub detail: Option<Box<OrderDetail>>,
    /// Facts of the addresses for rules; the detail has the addresses only encrypted.
    pub whereabouts: AddressFacts,
    pub actor: Actor,
    /// IDs for the movements that may be needed: shortening of other reservations, release, and the
    /// order's own.
    pub movements: [MovementId; 3],
    /// The currency of an order without a priced line.
    pub currency: Currency,
}

impl Create {
    /// True if no line has a product, so that no level is loaded.
    pub fn is_only_charges(&self) -> bool {
        self.lines.iter().all(|line| line.product.is_none())
    }
}

pub fn decide_create(book: &OrderBook, draft: &mut Draft<'_>, command: &Create) -> Result<OrderDecision, Rejection> {
    if draft.collects_refusals() {
        check_references(draft, command)?;
    }
    check_names(book, draft, command)?;
    let now = draft.now();
    let placed_at = command.placed_at.unwrap_or(now);
    let mut order = draft_order(book, draft, command, placed_at)?;
    release_replaced_reservations(draft, command, &order)?;
    let (movement, sourcing) = ((command.movements[2], placed_at), command.sourcing.as_ref());
    let mut drafted = Vec::new();
    match command.status {
        NewStatus::Draft => drafted.extend(sourcing.map(|sourcing| (order.id, sourcing.rule, sourcing.destination))),
        NewStatus::Pending { until } => {
            order.expires_at = Some(until);
            reserve_lines(draft, &mut order, movement, sourcing)?;
        }
        NewStatus::Confirmed => reserve_lines(draft, &mut order, movement, sourcing)?,
        NewStatus::Fulfilled => post_counter_sale(draft, &mut order, command)?,
    }
    let by = command.actor.into();
    let event = OrderFact { kind: events::ORDER_CREATED, order: order.id, before: None, by, changed: Vec::new() };
    let detail = command.detail.as_deref();
    let details = detail
        .map(|detail| DetailChange { before: None, after: detail.clone(), history_key: None, is_unaddressed: false })
        .into_iter()
        .collect();
    let whereabouts = vec![(order.id, command.whereabouts.clone())];
    Ok(OrderDecision { orders: vec![order], events: vec![event], drafted, whereabouts, details, ..OrderDecision::default() })
}

/// Reports all references of lines and reservations that do not exist, before any other check.
fn check_references(draft: &mut Draft<'_>, command: &Create) -> Result<(), Rejection> {
    for (index, line) in command.lines.iter().enumerate() {
        if let Some(product) = line.product {
            draft.check_exists(LevelKey { product, store: command.store }, At::line(index).field(Field::Product))?;
        }
    }
    for (index, id) in command.reservations.iter().enumerate() {
        if draft.reservation(*id).is_none() {
            draft.refuse(Rejection::not_found(Noun::Reservation, At::row(Field::Reservations, index)))?;
        }
    }
    Ok(())
}

/// Checks that the customer may be set on an order.
pub(super) fn check_buyer(book: &OrderBook, customer: CustomerId) -> Result<(), Rejection> {
    match book.customers.get(&customer) {
        None => Err(Rejection::not_found(Noun::Customer, At::input(Field::Customer))),
        Some(BuyerFacts { archived_at: Some(since), .. }) => {
            Err(Refusal::CustomerArchived { since: *since }.at(At::input(Field::Customer)))
        }
        Some(_) => Ok(()),
    }
}

fn check_names(book: &OrderBook, draft: &mut Draft<'_>, command: &Create) -> Result<(), Rejection> {
    match book.channels.get(&command.channel) {
        None => draft.refuse(Rejection::not_found(Noun::Channel, At::input(Field::Channel)))?,
        Some(Some(since)) => draft.refuse(Refusal::ChannelArchived { since: *since }.at(At::input(Field::Channel)))?,
        Some(None) => {}
    }
    if let Some(customer) = command.customer
        && let Err(refusal) = check_buyer(book, customer)
    {
        draft.refuse(refusal)?;
    }
    if let Some(reference) = &command.external_ref
        && book.taken_refs.contains(&(command.channel, reference.clone()))
    {
        draft.refuse(Refusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))?;
    }
    if command.lines.is_empty() {
        draft.refuse(Refusal::NoLines.at(At::input(Field::Lines)))?;
    }
    // A line with a product has a level, which has the store's facts.
    if command.is_only_charges() {
        match book.stores.get(&command.store) {
            None => draft.refuse(Rejection::not_found(Noun::Store, At::input(Field::Store)))?,
            Some(store) if store.archived => draft.refuse(Refusal::StoreArchived.at(At::input(Field::Store)))?,
            Some(_) => {}
        }
    }
    if command.sourcing.is_some() && command.status == NewStatus::Fulfilled {
        draft.refuse(Refusal::SourcedOverCounter.at(At::input(Field::Sourcing)))?;
    }
    if command.sourcing.as_ref().is_some_and(Sourcing::lacks_destination) {
        draft.refuse(Refusal::NoDestination.at(At::input(Field::SourcingDestination)))?;
    }
    if command.on_shortage != Shortage::Refuse && command.status != NewStatus::Fulfilled {
        draft.refuse(Refusal::OverrideBeforeSale.at(At::input(Field::OnShortage)))?;
    }
    Ok(())
}

/// Returns the order with its priced lines, before any stock is touched.
fn draft_order(book: &OrderBook, draft: &mut Draft<'_>, command: &Create, placed_at: Timestamp) -> Result<Order, Rejection> {
    let now = draft.now();
    let mut lines = Vec::with_capacity(command.lines.len());
    let mut currency = None;
    let mut zone = book.stores.get(&command.store).filter(|_| command.is_only_charges()).map(|store| store.time_zone.clone());
    for (index, new_line) in command.lines.iter().enumerate() {
        let priced = price_line((&book.kits, &*draft), command.store, (index as u16 + 1, At::line(index)), new_line);
        let Some((line, line_zone)) = draft.pass(priced)? else { continue };
        if *currency.get_or_insert(line.total.currency) != line.total.currency {
            draft.refuse(LineRefusal::OtherCurrency.at(At::line(index).field(Field::UnitPriceCurrency)))?;
        }
        zone = zone.or(line_zone);
        lines.push(line);
    }
    draft.end_pass()?;
    let holds = lines.len() + lines.iter().map(|line| line.parts().len()).sum::<usize>();
    if holds > usize::from(entity::id::MAX_LINES) {
        return Err(Refusal::TooManyHolds { holds, most: entity::id::MAX_LINES }.at(At::input(Field::Lines)));
    }
    let currency = currency.unwrap_or(command.currency);
    let total = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.checked_add(line.total));
    let total = total.ok_or_else(|| Refusal::TotalTooLarge.at(At::input(Field::Lines)))?;
    let business_date = check_placed_at(draft, placed_at, zone.as_deref().unwrap_or("UTC"))?;
    let status = match command.status {
        NewStatus::Draft => OrderStatus::Draft,
        NewStatus::Pending { .. } => OrderStatus::Pending,
        NewStatus::Confirmed => OrderStatus::Confirmed,
        NewStatus::Fulfilled => OrderStatus::Fulfilled,
    };
    Ok(Order {
        id: command.id,
        number: DocumentNumber::Pending,
        status,
        store: command.store,
        channel: command.channel,
        customer: command.customer,
        country: command.country.clone().or_else(|| book.customers.get(&command.customer?)?.country.clone()),
        register: command.register.clone(),
        external_ref: command.external_ref.clone(),
        total,
        placed_at,
        business_date,
        expires_at: None,
        actor: command.actor,
        version: 1,
        created_at: now,
        updated_at: now,
        paid: PaymentSums::NOTHING,
        hold_kinds: Vec::new(),
        lines,
    })
}

pub(super) fn check_placed_at(draft: &Draft<'_>, placed_at: Timestamp, zone: &str) -> Result<i32, Rejection> {
    let at = At::input(Field::PlacedAt);
    crate::stock::core::check_moment(draft.book(), placed_at, zone).map_err(|rejection| Rejection { at, ..rejection })
}

/// Returns a reservation that the order takes over, if it may.
fn find_own_reservation(
    draft: &Draft<'_>,
    command: &Create,
    (id, goods): (ReservationId, &[ProductId]),
    field: At,
) -> Result<Reservation, Rejection> {
    let Some(reservation) = draft.reservation(id) else { return Err(Rejection::not_found(Noun::Reservation, field)) };
    if reservation.status != ReservationStatus::Active {
        return Err(Refusal::ReservationEnded(reservation.status).at(field));
    }
    if reservation.order.is_some() {
        return Err(Refusal::HeldForOrder.at(field));
    }
    if reservation.is_held_by_document() {
        return Err(Refusal::HeldForDocument.at(field));
    }
    if command.status == NewStatus::Draft {
        return Err(Refusal::DraftHolds.at(field));
    }
    if !goods.contains(&reservation.key.product) {
        return Err(Refusal::HeldProductElsewhere.at(field));
    }
    Ok(reservation.clone())
}

/// Ends the reservations that the order takes over.
fn release_replaced_reservations(draft: &mut Draft<'_>, command: &Create, order: &Order) -> Result<(), Rejection> {
    let goods: Vec<ProductId> = order.lines.iter().flat_map(Line::goods).map(|(product, _)| product).collect();
    let mut has_begun = false;
    for (index, id) in command.reservations.iter().enumerate() {
        let field = At::row(Field::Reservations, index);
        let given = find_own_reservation(draft, command, (*id, &goods), field);
        let Some(mut reservation) = draft.pass(given)? else { continue };
        if !has_begun {
            let head = MovementHead {
                id: command.movements[1],
                kind: MovementKind::Release,
                reason: None,
                note: None,
                external_ref: command.external_ref.clone(),
                reference: Some(Reference { kind: ReferenceKind::Order, id: command.id.uuid() }),
                actor: command.actor,
                reverses: None,
                occurred_at: command.placed_at.unwrap_or(draft.now()),
            };
            draft.begin(head, reservation.key, field)?;
            has_begun = true;
        }
        let held_quantity = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held_quantity, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held_quantity, ReservationStatus::Consumed, draft.now());
        draft.put_reservation(reservation);
    }
    draft.end_pass()
}

/// Sells over the counter: posts SALE entries only, at the time of the sale.
fn post_counter_sale(draft: &mut Draft<'_>, order: &mut Order, command: &Create) -> Result<(), Rejection> {
    let head = order_movement_head(command.movements[2], MovementKind::Sale, order, order.placed_at);
    let mut steps = Vec::with_capacity(order.lines.len());
    let mut owners = Vec::with_capacity(order.lines.len());
    for (index, line) in order.lines.iter().enumerate() {
        owners.extend(line.goods().map(|(_, part_quantity)| (line.position, part_quantity)));
        steps.extend(line.goods().map(|(product, part_quantity)| {
            let (key, field) = (LevelKey { product, store: order.store }, At::line(index).field(Field::Quantity));
            Step::moves(key, -(line.quantity.get() * part_quantity), &LotChoice::Unsaid, field)
        }));
    }
    let quotes = build_kit_quotes(draft, order, (&steps, &owners), command.on_shortage)?;
    report_kit_shortages(draft, &quotes)?;
    post_counter_goods(draft, (&steps, head), command).map_err(|refusal| as_kit_shortage(refusal, quotes))?;
    order.lines.iter_mut().for_each(|line| line.fulfil(line.quantity.get(), 0));
    Ok(())
}

/// Posts goods that are sold over the counter.
fn post_counter_goods(draft: &mut Draft<'_>, (steps, head): (&[Step], MovementHead), command: &Create) -> Result<(), Rejection> {
    if let Some(first_step) = steps.first() {
        ensure_available(draft, steps, command.on_shortage, &head, command.movements[0].into())?;
        draft.begin(head, first_step.key, first_step.field)?;
        for step in steps {
            let cost = draft.level(step.key, step.field)?.facts.cost;
            let delta = Delta { on_hand: step.on_hand_delta, ..Delta::default() };
            let dates = command.on_shortage.dates();
            let posted = draft.post_to(step.key, Posting { delta, cost, dates, ..Posting::default() }, step.field);
            draft.pass(posted)?;
        }
    }
    Ok(())
}
