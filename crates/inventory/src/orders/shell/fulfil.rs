//! Shipping lines of an order.

use entity::prelude::OrderId;
use iam::access::{Permit, Reach, kind};
use platform::storage::Fault;

use super::input::{LineQuantity, MAX_LINES, OrderFulfil};
use crate::orders::core::Refusal;
use crate::{
    ledger::{
        Checks, Command, Done, Ledger, Mode, Stop, StoreRef, check_key, check_override, document_ids, key_of, known_store,
        lot_choice, may_override, submit_resolved,
    },
    orders::{
        core::{self as rules, Fulfil, OrderCommand},
        rows::line_reservations_of,
        shell::ownership::{own_order, own_placed},
    },
    stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal},
};

/// Ships lines of an order from its own store or another one. Needs `stock.override` if a shortage
/// is overridden.
pub async fn order_fulfil(ledger: &Ledger, permit: Permit<kind::OrderFulfil>, input: OrderFulfil, mode: Mode) -> Done {
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
        Some(named) => match known_store(&scope, named, &permit.reach()).await? {
            Some(store) => Some(store.id),
            None => return Err(store_rejection(ledger, permit, named, input.order).await?.into()),
        },
    };
    let (order, placed) = own_placed(ledger, permit, input.order).await?;
    let own = placed.as_ref().map(|placed| placed.store);
    let mut levels = placed.map_or_else(Vec::new, |placed| placed.levels);
    if let Some(store) = store {
        // The goods may leave from this store too.
        let there: Vec<LevelKey> = levels.iter().map(|key| LevelKey { store, ..*key }).collect();
        levels.extend(there);
    } else if levels.is_empty() {
        // No level has the store's time zone then.
        store = own;
    }
    check_override(overriding, levels.iter().map(|key| key.store).filter(|own| store.is_none_or(|store| store == *own)))?;
    let fulfil = Fulfil {
        order,
        expected_version: input.expected_version,
        store,
        lines: input.lines.map(|lines| {
            let rule = |one: LineQuantity| rules::LineQuantity {
                line: one.line,
                quantity: one.quantity,
                lot: lot_choice(ledger, one.lot.as_ref()),
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
    named: &StoreRef,
    order: OrderId,
) -> Result<Rejection, Fault> {
    let field = At::input(Field::Store);
    let not_found = Rejection::not_found(Noun::Store, field);
    let Ok(seen) = permit.also::<kind::OrderRead>() else { return Ok(not_found) };
    let scope = permit.scope(ledger.database());
    let Some(store) = known_store(&scope, named, &Reach::Everywhere).await? else { return Ok(not_found) };
    let order = own_order(ledger, &seen, own_order(ledger, permit, order).await?).await?;
    let held = line_reservations_of(&scope, &[order]).await?;
    let is_held = held.iter().any(|one| one.store == store.id && one.remaining.is_positive());
    Ok(if is_held { Refusal::MayNotShipThere.at(field) } else { not_found })
}
