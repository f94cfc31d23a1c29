//! Placing an order: lines, prices, holds and its own rows, accepted or refused whole.

use entity::prelude::*;
use platform::path;

use super::{
    hold::{hold, sell},
    kit,
    order::{DocumentEvent, Line, Order, OrderBook, OrderDecision},
    sourcing::Sourcing,
};
use crate::orders::events;
use crate::stock::core::{Delta, Draft, Facts, Field, LevelKey, MovementHead, Reference, ReferenceKind, Rejection, Shortage};

/// How an order begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewStatus {
    /// Holds nothing.
    Draft,
    /// Holds until the moment.
    Pending { until: Timestamp },
    /// Holds for good.
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
    /// The country that it is sold to; None: its customer's.
    pub country: Option<String>,
    /// None: the moment it is recorded.
    pub placed_at: Option<Timestamp>,
    pub status: NewStatus,
    /// Holds made before, which this order takes the place of.
    pub reservations: Vec<ReservationId>,
    pub on_shortage: Shortage,
    pub lines: Vec<NewLine>,
    /// How it looks for its stock; None: all of it is held at its store.
    pub sourcing: Option<Sourcing>,
    pub actor: Actor,
    /// Ids for the movements it may need: room, release, and its own.
    pub movements: [MovementId; 3],
    /// The currency of an order without a priced line.
    pub currency: Currency,
}

#[derive(Debug, Clone)]
pub struct NewLine {
    pub kind: LineKind,
    pub product: Option<ProductId>,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub unit_price: Option<Money>,
    pub discount: Option<Money>,
    pub tax: Option<Money>,
}

impl Create {
    /// Whether no line names a product, so that no level is loaded with it.
    pub fn is_only_charges(&self) -> bool {
        self.lines.iter().all(|line| line.product.is_none())
    }
}

pub fn decide_create(book: &OrderBook, draft: &mut Draft<'_>, command: &Create) -> Result<OrderDecision, Rejection> {
    check_names(book, command)?;
    let now = draft.now();
    let placed_at = command.placed_at.unwrap_or(now);
    let mut order = draft_order(book, draft, command, placed_at)?;
    release_given(draft, command, &order)?;
    let (movement, sourcing) = ((command.movements[2], placed_at), command.sourcing.as_ref());
    let mut drafted = Vec::new();
    match command.status {
        NewStatus::Draft => drafted.extend(sourcing.map(|sourcing| (order.id, sourcing.rule, sourcing.destination))),
        NewStatus::Pending { until } => {
            order.expires_at = Some(until);
            hold(draft, &mut order, movement, sourcing)?;
        }
        NewStatus::Confirmed => hold(draft, &mut order, movement, sourcing)?,
        NewStatus::Fulfilled => sell(draft, &mut order, command)?,
    }
    let event = DocumentEvent::Order { kind: events::ORDER_CREATED, order: order.id, before: None };
    Ok(OrderDecision { orders: vec![order], events: vec![event], drafted, ..OrderDecision::default() })
}

fn check_names(book: &OrderBook, command: &Create) -> Result<(), Rejection> {
    if !book.channels.contains(&command.channel) {
        return Err(Rejection::not_found("channel", path!["input", "channelId"]));
    }
    if command.customer.is_some_and(|customer| !book.customers.contains_key(&customer)) {
        return Err(Rejection::not_found("customer", path!["input", "customerId"]));
    }
    if let Some(reference) = &command.external_ref
        && book.taken_refs.contains(&(command.channel, reference.clone()))
    {
        let message = format!("an order of this channel has the reference {reference}");
        return Err(Rejection::Duplicate { message, field: path!["input", "externalRef"] });
    }
    if command.lines.is_empty() {
        return Err(Rejection::invalid("at least one line is needed", path!["input", "lines"]));
    }
    // Where a line names a product, its level knows the store.
    if command.is_only_charges() {
        match book.stores.get(&command.store) {
            None => return Err(Rejection::not_found("store", path!["input", "store"])),
            Some(store) if store.archived => return Err(Rejection::state("the store is archived", path!["input", "store"])),
            Some(_) => {}
        }
    }
    if command.sourcing.is_some() && command.status == NewStatus::Fulfilled {
        let message = "what is sold over the counter (FULFILLED) leaves from its store: leave sourcing out";
        return Err(Rejection::invalid(message, path!["input", "sourcing"]));
    }
    if command.sourcing.as_ref().is_some_and(Sourcing::lacks_destination) {
        let message = "NEAREST needs to know where the order goes: say destination, or another strategy";
        return Err(Rejection::invalid(message, path!["input", "sourcing", "destination"]));
    }
    if command.on_shortage != Shortage::Refuse && command.status != NewStatus::Fulfilled {
        return Err(Rejection::invalid(
            "only a sale that has happened (FULFILLED) can override a shortage",
            path!["input", "onShortage"],
        ));
    }
    Ok(())
}

/// The order with its priced lines, before any stock is touched.
fn draft_order(book: &OrderBook, draft: &Draft<'_>, command: &Create, placed_at: Timestamp) -> Result<Order, Rejection> {
    let now = draft.now();
    let mut lines = Vec::with_capacity(command.lines.len());
    let mut currency = None;
    let mut zone = book.stores.get(&command.store).filter(|_| command.is_only_charges()).map(|store| store.time_zone.clone());
    for (index, new) in command.lines.iter().enumerate() {
        let (line, line_zone) = price_line((book, draft), command, index, new)?;
        if *currency.get_or_insert(line.total.currency) != line.total.currency {
            return Err(Rejection::invalid(
                "an order has one currency",
                path!["input", "lines", index, "unitPrice", "currencyCode"],
            ));
        }
        zone = zone.or(line_zone);
        lines.push(line);
    }
    let holds = lines.len() + lines.iter().map(|line| line.parts.len()).sum::<usize>();
    if holds > usize::from(entity::id::MAX_LINES) {
        let message = format!("its lines and the parts of its kits are {holds}, and at most {} are taken", entity::id::MAX_LINES);
        return Err(Rejection::LimitExceeded { message, field: path!["input", "lines"] });
    }
    let currency = currency.unwrap_or(command.currency);
    let total = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.checked_add(line.total));
    let total =
        total.ok_or_else(|| Rejection::out_of_range("the total is too large to be kept exactly", path!["input", "lines"]))?;
    let business_date = check_placed(draft, placed_at, zone.as_deref().unwrap_or("UTC"))?;
    let status = match command.status {
        NewStatus::Draft => OrderStatus::Draft,
        NewStatus::Pending { .. } => OrderStatus::Pending,
        NewStatus::Confirmed => OrderStatus::Confirmed,
        NewStatus::Fulfilled => OrderStatus::Fulfilled,
    };
    Ok(Order {
        id: command.id,
        number: 0,
        status,
        store: command.store,
        channel: command.channel,
        customer: command.customer,
        country: command.country.clone().or_else(|| book.customers.get(&command.customer?)?.clone()),
        external_ref: command.external_ref.clone(),
        total,
        placed_at,
        business_date,
        expires_at: None,
        actor: command.actor,
        version: 1,
        created_at: now,
        updated_at: now,
        lines,
        exists: false,
    })
}

fn check_placed(draft: &Draft<'_>, placed_at: Timestamp, zone: &str) -> Result<i32, Rejection> {
    crate::stock::core::check_moment(draft.book(), placed_at, zone).map_err(|rejection| match rejection {
        Rejection::OutOfRange { message, .. } => Rejection::OutOfRange { message, field: path!["input", "placedAt"] },
        Rejection::PeriodClosed { through, .. } => Rejection::PeriodClosed { through, field: path!["input", "placedAt"] },
        other => other,
    })
}

fn price_line(
    (book, draft): (&OrderBook, &Draft<'_>),
    command: &Create,
    index: usize,
    new: &NewLine,
) -> Result<(Line, Option<String>), Rejection> {
    let at = |name: &str| path!["input", "lines", index, name];
    if !new.quantity.is_positive() {
        return Err(Rejection::out_of_range("a quantity above 0 is expected", at("quantity")));
    }
    let facts = match (new.kind, new.product) {
        (LineKind::Product, Some(product)) => {
            let level = draft.level(LevelKey { product, store: command.store }, &path!["input", "lines", index, "product"])?;
            for_sale(&level.facts, at("product"))?;
            Some(&*level.facts)
        }
        (LineKind::Product, None) => return Err(Rejection::invalid("a PRODUCT line names its product", at("product"))),
        (LineKind::Charge, Some(_)) => return Err(Rejection::invalid("a CHARGE has no product", at("product"))),
        (LineKind::Charge, None) => None,
    };
    let unit_price = new.unit_price.or_else(|| facts.and_then(|f| f.price));
    let Some(unit_price) = unit_price else { return Err(Rejection::invalid("it has no price: give unitPrice", at("unitPrice"))) };
    if unit_price.minor < 0 && new.kind == LineKind::Product {
        return Err(Rejection::out_of_range("a price is never negative", at("unitPrice")));
    }
    let name = match (facts, &new.name) {
        (Some(facts), _) => facts.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(Rejection::invalid("a CHARGE needs a name", at("name"))),
    };
    let parts = kit::parts(book, facts, new, index)?;
    let decimals = facts.map_or(0, |f| f.decimals);
    let too_large = || Rejection::out_of_range("the line is too large to be kept exactly", at("quantity"));
    let gross = unit_price.times(new.quantity, decimals).ok_or_else(too_large)?;
    let discount = part(new.discount, gross, &at("discount"))?;
    let tax = part(new.tax, gross, &at("tax"))?;
    if discount.minor > gross.minor.max(0) {
        return Err(Rejection::out_of_range("a discount is at most the line's price", at("discount")));
    }
    let total = Money::new(gross.minor - discount.minor, gross.currency).checked_add(tax).ok_or_else(too_large)?;
    let cost = if parts.is_empty() { facts.and_then(|f| f.cost) } else { kit::cost(draft, command, &parts) };
    let policy = facts.filter(|_| parts.is_empty()).map_or(StockPolicy::Untracked, |f| f.policy);
    let line = Line {
        position: index as u16 + 1,
        kind: new.kind,
        product: new.product,
        sku: facts.map_or_else(|| name.clone(), |f| f.sku.clone()),
        name,
        policy,
        decimals,
        quantity: new.quantity,
        open: new.quantity,
        backordered: Quantity::ZERO,
        cancelled: Quantity::ZERO,
        fulfilled: Quantity::ZERO,
        returned: Quantity::ZERO,
        return_pending: Quantity::ZERO,
        unit_price,
        discount,
        tax,
        total,
        // The row keeps it in the order's currency.
        unit_cost: cost.filter(|cost| cost.currency == unit_price.currency),
        parts,
    };
    Ok((line, facts.map(|f| f.time_zone.clone())))
}

/// Refuses what is not, or not any more, sold.
pub(super) fn is_sold(facts: &Facts, field: Field) -> Result<(), Rejection> {
    if facts.status != ProductStatus::Active {
        return Err(Rejection::state(format!("{} is {}: only ACTIVE products are sold", facts.sku, facts.status), field));
    }
    Ok(())
}

fn for_sale(facts: &Facts, field: Field) -> Result<(), Rejection> {
    is_sold(facts, field)?;
    if facts.store_archived {
        return Err(Rejection::state("the store is archived", path!["input", "store"]));
    }
    Ok(())
}

fn part(given: Option<Money>, gross: Money, field: &Field) -> Result<Money, Rejection> {
    let amount = given.unwrap_or(Money::zero(gross.currency));
    if amount.currency != gross.currency {
        return Err(Rejection::invalid("an order has one currency", field.clone()));
    }
    if amount.minor < 0 {
        return Err(Rejection::out_of_range("an amount of 0 or more is expected", field.clone()));
    }
    Ok(amount)
}

/// Ends the holds that the order takes the place of.
fn release_given(draft: &mut Draft<'_>, command: &Create, order: &Order) -> Result<(), Rejection> {
    let goods: Vec<ProductId> = order.lines.iter().flat_map(Line::goods).map(|(product, _)| product).collect();
    for (index, id) in command.reservations.iter().enumerate() {
        let field = path!["input", "reservationIds", index];
        let Some(reservation) = draft.reservation(*id) else { return Err(Rejection::not_found("reservation", field)) };
        if reservation.status != ReservationStatus::Active {
            return Err(Rejection::state(format!("it is {}", reservation.status), field));
        }
        if reservation.order.is_some() {
            return Err(Rejection::state("it belongs to an order", field));
        }
        if reservation.is_of_a_document() {
            return Err(Rejection::state("it belongs to a document", field));
        }
        if command.status == NewStatus::Draft {
            return Err(Rejection::invalid("a DRAFT holds nothing: it takes no reservation's place", field));
        }
        if !goods.contains(&reservation.key.product) {
            return Err(Rejection::invalid("it holds a product that no line of the order takes", field));
        }
        let mut reservation = reservation.clone();
        if index == 0 {
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
            draft.begin(head, reservation.key, &field)?;
        }
        let held = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held, ..Delta::default() }, None, None, &field)?;
        reservation.give_back(held, ReservationStatus::Consumed, draft.now());
        draft.put_reservation(reservation);
    }
    Ok(())
}
