//! Placing an order. With IDs and no reservations nothing is read before the ledger's own batch.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, Reach, kind};
use platform::storage::{Fault, Reads};

use super::{
    detail::{self, new_detail},
    input::{ImmediatePayment, MAX_LINES, MAX_METHOD_LENGTH, MAX_SOURCED_LINES, NewOrderLine, NewOrderStatus, OrderCreate},
    sourced::{Search, submit_sourced},
};
use crate::orders::core::Refusal;
use crate::{
    catalog::core::customer::{MAX_COUNTRY, country_code},
    ledger::{
        Checks, Command, Ledger, MAX_NAME, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, ProductRef, Stop, StoreRef,
        SubmitResult, check_key, check_override, document_ids, key_of, load_known_store, may_override, resolve_reservations,
        stored_answer_or, submit, submit_with_missing,
    },
    orders::{
        core::{Create, NewLine, NewStatus, OrderCommand, Sourcing},
        rows,
        shell::ownership::resolve_channel,
    },
    stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal},
};

/// Maximum payments of a new order.
const MAX_INITIAL_PAYMENTS: usize = 100;

/// Places an order. Needs `order.price` if a product's price is overridden, and `stock.override` if
/// a shortage is.
pub async fn order_create(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderCreate, mode: Mode) -> SubmitResult {
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
) -> SubmitResult {
    let overriding = may_override(&permit, input.on_shortage)?;
    if input.lines.iter().any(|line| line.kind == LineKind::Product && line.unit_price.is_some()) {
        permit.also::<kind::OrderPrice>()?;
    }
    let payment_permit = if input.payments.is_empty() { None } else { Some(permit.also::<kind::PaymentWrite>()?) };
    check(&input)?;
    let key = key_of(&permit, "orderCreate", &input.idempotency_key, &input);
    let (create, levels, missing) = match prepare_create(ledger, &permit, input, &overriding).await {
        Ok(prepared) => prepared,
        Err(stop) => return stored_answer_or(ledger, &permit, &key, stop).await,
    };
    // The nil ID of an unknown store is rejected by the ledger.
    let is_elsewhere = |payment_permit: &Permit<kind::PaymentWrite>| {
        create.store != StoreId::NIL && !payment_permit.covers_document(create.store, create.channel)
    };
    if payment_permit.as_ref().is_some_and(is_elsewhere) {
        return Err(Denied(kind::PaymentWrite::info().code).into());
    }
    if missing.has_any() {
        let command = command(Box::new(create), levels);
        return submit_with_missing(ledger, &permit, Ok((command, missing)), key, mode).await;
    }
    let sourcing_choice = create.sourcing.as_ref().map(|sourcing_choice| (sourcing_choice.rule, sourcing_choice.destination));
    match sourcing_choice {
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
async fn prepare_create(
    ledger: &Ledger,
    permit: &Permit<kind::OrderWrite>,
    input: OrderCreate,
    overriding: &Reach,
) -> Result<(Create, Vec<LevelKey>, MissingReferences), Stop> {
    let scope = permit.scope(ledger.database());
    let now = ledger.clock().now();
    let terms = ledger.terms(&scope).await?;
    let mut missing = MissingReferences::default();
    let store = missing.or_nil(resolve_store(&scope, &input, &permit.reach()).await?);
    check_override(overriding, [store])?;
    let lines = lines_of(&scope, &mut missing, (&input.lines, Field::Lines)).await?;
    let (reservations, levels) = resolve_reservations(ledger, permit, &scope, input.reservations).await?;
    let channel = resolve_channel(ledger, permit, input.channel)
        .or(terms.direct)
        .ok_or_else(|| Refusal::NoDirectChannel.at(At::input(Field::Channel)))?;
    let status = match input.status {
        NewOrderStatus::Draft => NewStatus::Draft,
        NewOrderStatus::Pending => NewStatus::Pending { until: now.plus_seconds(terms.reservation_seconds) },
        NewOrderStatus::Confirmed => NewStatus::Confirmed,
        NewOrderStatus::Fulfilled => NewStatus::Fulfilled,
    };
    let sourcing_choice = match &input.sourcing {
        None => None,
        Some(request) => Some((rows::sourcing_rule(&scope).await?.with(request), request.destination)),
    };
    let id = ledger.clock().document_id();
    let detail = input.detail.as_deref().map(|detail_input| new_detail(&scope, id, detail_input)).transpose()?;
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
        sourcing: sourcing_choice.map(|(rule, destination)| Sourcing { rule, destination, stores: Vec::new() }),
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
    if let Some(detail_input) = &input.detail {
        detail::check(&mut checks, detail_input, Field::Tags);
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
    let mut seen_ids = std::collections::HashSet::with_capacity(input.reservations.len());
    for (index, id) in input.reservations.iter().enumerate() {
        if !seen_ids.insert(id) {
            checks.refuse(Refusal::ReservationTwice.at(At::row(Field::Reservations, index)));
        }
    }
    checks.done()
}

fn check_paid(checks: &mut Checks, payments: &[ImmediatePayment]) {
    checks.items(payments.len(), MAX_INITIAL_PAYMENTS, || At::input(Field::Payments));
    for (index, payment) in payments.iter().enumerate().take(MAX_INITIAL_PAYMENTS) {
        let place = At::row(Field::Payments, index);
        checks.text(Some(&payment.method), MAX_METHOD_LENGTH, || place.field(Field::Method));
        checks.text(payment.reference.as_deref(), MAX_REFERENCE, || place.field(Field::PaymentReference));
        checks.text(payment.note.as_deref(), MAX_NOTE, || place.field(Field::Note));
    }
}

/// Returns the ID of the order's store. The ledger finds out if a store that is given by ID exists,
/// with the levels of the lines or, if no line has a product, separately.
async fn resolve_store(reads: &impl Reads, input: &OrderCreate, reach: &Reach) -> Result<Result<StoreId, Rejection>, Fault> {
    Ok(match &input.store {
        StoreRef::Id(id) => Ok(reach.or_nil(*id)),
        store_ref @ StoreRef::Code(_) => {
            let store = load_known_store(reads, store_ref, reach).await?;
            store.map(|store| store.id).ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store)))
        }
    })
}

/// Returns the lines of an input list with their products; products that are not found are noted.
pub(super) async fn lines_of(
    reads: &impl Reads,
    missing: &mut MissingReferences,
    (inputs, list): (&[NewOrderLine], Field),
) -> Result<Vec<NewLine>, Fault> {
    let names = Names::look_up(reads, inputs.iter().filter_map(|line| line.product.as_ref())).await?;
    let mut lines = Vec::with_capacity(inputs.len());
    for (index, line) in inputs.iter().enumerate() {
        let product_id = |product_ref: &ProductRef| names.product(product_ref, || At::row(list, index).field(Field::Product));
        lines.push(line.with_product(|product_ref| missing.or_nil(product_id(product_ref))));
    }
    Ok(lines)
}
