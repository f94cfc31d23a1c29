//! Placing an order. With IDs and no reservations nothing is read before the ledger's own batch.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, Reach, kind};
use platform::storage::{Fault, Reads};

use super::{
    detail::{self, new_detail},
    input::{MAX_LINES, MAX_METHOD_LENGTH, MAX_SOURCED_LINES, NewOrderLine, NewOrderStatus, OrderCreate, PaidAtOnce},
    sourced::{Search, submit_sourced},
};
use crate::orders::core::Refusal;
use crate::{
    catalog::core::customer::{MAX_COUNTRY, country_code},
    ledger::{
        Checks, Command, Done, Ledger, MAX_NAME, MAX_NOTE, MAX_REFERENCE, Missing, Mode, Names, ProductRef, Stop, StoreRef,
        check_key, check_override, document_ids, key_of, known_store, may_override, own_reservations, stored_answer_or, submit,
        submit_with_missing,
    },
    orders::{
        core::{Create, NewLine, NewStatus, OrderCommand, Sourcing},
        rows,
        shell::ownership::own_channel,
    },
    stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal},
};

/// Maximum payments of a new order.
const MAX_INITIAL_PAYMENTS: usize = 100;

/// Places an order. Needs `order.price` if a product's price is overridden, and `stock.override` if
/// a shortage is.
pub async fn order_create(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderCreate, mode: Mode) -> Done {
    let command = |create, levels| Command::of(OrderCommand::Create(create, levels));
    Box::pin(order_place(ledger, permit, input, mode, command)).await
}

/// Places an order by the command that `command` makes of it. Needs `payment.write` in its store if
/// the input has payments.
pub async fn order_place(
    ledger: &Ledger,
    permit: Permit<kind::OrderWrite>,
    input: OrderCreate,
    mode: Mode,
    command: impl Fn(Box<Create>, Vec<LevelKey>) -> Command + Send + Sync,
) -> Done {
    let overriding = may_override(&permit, input.on_shortage)?;
    if input.lines.iter().any(|line| line.kind == LineKind::Product && line.unit_price.is_some()) {
        permit.also::<kind::OrderPrice>()?;
    }
    let paying = if input.payments.is_empty() { None } else { Some(permit.also::<kind::PaymentWrite>()?) };
    check(&input)?;
    let key = key_of(&permit, "orderCreate", &input.idempotency_key, &input);
    let (create, levels, missing) = match placed(ledger, &permit, input, &overriding).await {
        Ok(placed) => placed,
        Err(stop) => return stored_answer_or(ledger, &permit, &key, stop).await,
    };
    // The nil ID of an unknown store is rejected by the ledger.
    let is_elsewhere = |paying: &Permit<kind::PaymentWrite>| {
        create.store != StoreId::NIL && !paying.covers_document(create.store, create.channel)
    };
    if paying.as_ref().is_some_and(is_elsewhere) {
        return Err(Denied(kind::PaymentWrite::info().code).into());
    }
    if missing.has_any() {
        let command = command(Box::new(create), levels);
        return submit_with_missing(ledger, &permit, Ok((command, missing)), key, mode).await;
    }
    let by = create.sourcing.as_ref().map(|by| (by.rule, by.destination));
    match by {
        // Only an order that reserves stock is sourced.
        Some((rule, destination)) if matches!(create.status, NewStatus::Pending { .. } | NewStatus::Confirmed) => {
            let products = create.lines.iter().filter_map(|line| line.product).collect();
            let search = Search { rule, destination, products, reserved: levels.clone() };
            let sourced = |sourcing| {
                let create = Create { sourcing: Some(sourcing), ..create.clone() };
                command(Box::new(create), levels.clone())
            };
            submit_sourced(ledger, &permit, search, (key, mode), sourced).await
        }
        _ => submit(ledger, &permit, command(Box::new(create), levels), key, mode).await,
    }
}

/// Returns the order, and the levels of the reservations that it takes over. The stores of its
/// sourcing are not looked up yet.
async fn placed(
    ledger: &Ledger,
    permit: &Permit<kind::OrderWrite>,
    input: OrderCreate,
    overriding: &Reach,
) -> Result<(Create, Vec<LevelKey>, Missing), Stop> {
    let scope = permit.scope(ledger.database());
    let now = ledger.clock().now();
    let terms = ledger.terms(&scope).await?;
    let mut missing = Missing::default();
    let store = missing.or_nil(store_of(&scope, &input, &permit.reach()).await?);
    check_override(overriding, [store])?;
    let lines = lines_of(&scope, &mut missing, (&input.lines, Field::Lines)).await?;
    let (reservations, levels) = own_reservations(ledger, permit, &scope, input.reservations).await?;
    let channel = own_channel(ledger, permit, input.channel)
        .or(terms.direct)
        .ok_or_else(|| Refusal::NoDirectChannel.at(At::input(Field::Channel)))?;
    let status = match input.status {
        NewOrderStatus::Draft => NewStatus::Draft,
        NewOrderStatus::Pending => NewStatus::Pending { until: now.plus_seconds(terms.reservation_seconds) },
        NewOrderStatus::Confirmed => NewStatus::Confirmed,
        NewOrderStatus::Fulfilled => NewStatus::Fulfilled,
    };
    let by = match &input.sourcing {
        None => None,
        Some(asked) => Some((rows::sourcing_rule(&scope).await?.with(asked), asked.destination)),
    };
    let id = ledger.clock().document_id();
    let detail = input.detail.as_deref().map(|said| new_detail(&scope, id, said)).transpose()?;
    let country = input.country.or_else(|| input.detail.as_deref()?.shipping_address.set()?.country.clone());
    let whereabouts = detail::new_address_facts(input.detail.as_deref());
    let create = Create {
        id,
        store,
        channel,
        customer: input.customer,
        external_ref: input.external_ref,
        country: country.map(country_code),
        register: input.register.map(|code| code.trim().to_owned()),
        placed_at: input.placed_at,
        status,
        reservations,
        on_shortage: input.on_shortage,
        lines,
        sourcing: by.map(|(rule, destination)| Sourcing { rule, destination, stores: Vec::new() }),
        detail: detail.map(Box::new),
        whereabouts,
        actor: permit.actor(),
        movements: document_ids(ledger),
        currency: terms.currency,
    };
    Ok((create, levels, missing))
}

fn check(input: &OrderCreate) -> Result<(), Stop> {
    let mut checks = Checks::default();
    let country = || At::input(Field::ShippingCountry);
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.text(input.country.as_deref(), MAX_COUNTRY, country);
    checks.register(input.register.as_deref(), || At::input(Field::Register));
    // An empty text, and NUL, are refused above.
    let is_odd = |text: &str| !text.is_empty() && text.trim().is_empty() || text.chars().any(|c| c.is_control() && c != '\0');
    if input.country.as_deref().is_some_and(is_odd) {
        checks.refuse(Refusal::OddCountry.at(country()));
    }
    if let Some(said) = &input.detail {
        detail::check(&mut checks, said, Field::Tags);
    }
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    if input.sourcing.is_some() {
        checks.items(input.lines.len(), MAX_SOURCED_LINES, || At::input(Field::Lines));
    }
    checks.items(input.reservations.len(), MAX_LINES, || At::input(Field::Reservations));
    for (index, line) in input.lines.iter().enumerate().take(MAX_LINES) {
        checks.text(line.name.as_deref(), MAX_NAME, || At::line(index).field(Field::Name));
    }
    check_paid(&mut checks, &input.payments);
    let mut seen = std::collections::HashSet::with_capacity(input.reservations.len());
    for (index, id) in input.reservations.iter().enumerate() {
        if !seen.insert(id) {
            checks.refuse(Refusal::ReservationTwice.at(At::row(Field::Reservations, index)));
        }
    }
    checks.done()
}

fn check_paid(checks: &mut Checks, payments: &[PaidAtOnce]) {
    checks.items(payments.len(), MAX_INITIAL_PAYMENTS, || At::input(Field::Payments));
    for (index, paid) in payments.iter().enumerate().take(MAX_INITIAL_PAYMENTS) {
        let place = At::row(Field::Payments, index);
        checks.text(Some(&paid.method), MAX_METHOD_LENGTH, || place.field(Field::Method));
        checks.text(paid.reference.as_deref(), MAX_REFERENCE, || place.field(Field::PaymentReference));
        checks.text(paid.note.as_deref(), MAX_NOTE, || place.field(Field::Note));
    }
}

/// Returns the ID of the order's store. The ledger finds out if a store that is given by ID exists,
/// with the levels of the lines or, if no line has a product, separately.
async fn store_of(reads: &impl Reads, input: &OrderCreate, reach: &Reach) -> Result<Result<StoreId, Rejection>, Fault> {
    Ok(match &input.store {
        StoreRef::Id(id) => Ok(reach.or_nil(*id)),
        named @ StoreRef::Code(_) => {
            let store = known_store(reads, named, reach).await?;
            store.map(|store| store.id).ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store)))
        }
    })
}

/// Returns the lines of an input list with their products; products that are not found are noted.
pub(super) async fn lines_of(
    reads: &impl Reads,
    missing: &mut Missing,
    (said, list): (&[NewOrderLine], Field),
) -> Result<Vec<NewLine>, Fault> {
    let names = Names::look_up(reads, said.iter().filter_map(|line| line.product.as_ref())).await?;
    let mut lines = Vec::with_capacity(said.len());
    for (index, line) in said.iter().enumerate() {
        let found = |named: &ProductRef| names.product(named, || At::row(list, index).field(Field::Product));
        lines.push(line.with_product(|named| missing.or_nil(found(named))));
    }
    Ok(lines)
}
