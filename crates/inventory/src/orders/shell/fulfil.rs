//! Shipping lines of an order.

use entity::prelude::OrderId;
use iam::access::{Permit, Reach, kind};
use platform::storage::Fault;

use super::input::{LineQuantity, MAX_LINES, OrderFulfil};
use crate::orders::core::Refusal;
use crate::{
    ledger::{
        Checks, Command, Ledger, Mode, Stop, StoreRef, SubmitResult, check_key, check_override, document_ids, key_of,
        load_known_store, lot_choice, may_override, submit_resolved,
    },
    orders::{
        core::{self as rules, Fulfil, OrderCommand},
        rows::line_reservations_of,
        shell::ownership::{visible_order, visible_order_and_place},
    },
    stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal},
};

/// Ships lines of an order from its own store or another one. Needs `stock.override` if a shortage
/// is overridden.
pub async fn order_fulfil(ledger: &Ledger, permit: Permit<kind::OrderFulfil>, input: OrderFulfil, mode: Mode) -> SubmitResult {
    let overriding = may_override(&permit, input.on_shortage)?;
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    for (index, line) in input.lines.iter().flatten().enumerate().take(MAX_LINES) {
        checks.lot(line.lot.as_ref(), || At::line(index).field(Field::Lot));
    }
    checks.done()?;
    let key = key_of(&permit, "orderFulfil", &input.idempotency_key, &input);
    let command = build_fulfil_command(ledger, &permit, input, &overriding).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn build_fulfil_command(
    ledger: &Ledger,
    permit: &Permit<kind::OrderFulfil>,
    input: OrderFulfil,
    overriding: &Reach,
) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let mut store = match &input.store {
        None => None,
        Some(store_ref) => match load_known_store(&scope, store_ref, &permit.reach()).await? {
            Some(store) => Some(store.id),
            None => return Err(store_rejection(ledger, permit, store_ref, input.order).await?.into()),
        },
    };
    let (order, order_place) = visible_order_and_place(ledger, permit, input.order).await?;
    let order_store = order_place.as_ref().map(|order_place| order_place.store);
    let mut levels = order_place.map_or_else(Vec::new, |order_place| order_place.levels);
    if let Some(store) = store {
        // The goods may leave from this store too.
        let store_levels: Vec<LevelKey> = levels.iter().map(|key| LevelKey { store, ..*key }).collect();
        levels.extend(store_levels);
    } else if levels.is_empty() {
        // No level has the store's time zone then.
        store = order_store;
    }
    check_override(
        overriding,
        levels.iter().map(|key| key.store).filter(|order_store| store.is_none_or(|store| store == *order_store)),
    )?;
    let fulfil = Fulfil {
        order,
        expected_version: input.expected_version,
        store,
        lines: input.lines.map(|lines| {
            let rule = |requested_line: LineQuantity| rules::LineQuantity {
                line: requested_line.line,
                quantity: requested_line.quantity,
                lot: lot_choice(ledger, requested_line.lot.as_ref()),
            };
            lines.into_iter().map(rule).collect()
        }),
        lots: Vec::new(),
        occurred_at: input.occurred_at,
        on_shortage: input.on_shortage,
        actor: permit.actor(),
        fulfilment: ledger.clock().id(),
        movements: document_ids(ledger),
    };
    Ok(Command::of(OrderCommand::Fulfil(fulfil, levels)))
}

/// Returns the refusal for a store that the caller may not ship from. A caller who may read the
/// order, and so sees its reservations there, gets a refusal that names the missing permission; for
/// others the store does not exist.
async fn store_rejection(
    ledger: &Ledger,
    permit: &Permit<kind::OrderFulfil>,
    store_ref: &StoreRef,
    order: OrderId,
) -> Result<Rejection, Fault> {
    let field = At::input(Field::Store);
    let not_found = Rejection::not_found(Noun::Store, field);
    let Ok(read_permit) = permit.also::<kind::OrderRead>() else { return Ok(not_found) };
    let scope = permit.scope(ledger.database());
    let Some(store) = load_known_store(&scope, store_ref, &Reach::Everywhere).await? else { return Ok(not_found) };
    let order = visible_order(ledger, &read_permit, visible_order(ledger, permit, order).await?).await?;
    let reservations = line_reservations_of(&scope, &[order]).await?;
    let is_held = reservations.iter().any(|reservation| reservation.store == store.id && reservation.remaining.is_positive());
    Ok(if is_held { Refusal::MayNotShipThere.at(field) } else { not_found })
}
