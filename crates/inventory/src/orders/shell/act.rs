//! Confirming, cancelling and closing.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::storage::idempotency::Key;

use super::{
    input::{MAX_LINES, OrderAct},
    sourced::{Search, submit_sourced},
};
use crate::{
    ledger::{Checks, Command, Ledger, MAX_NOTE, Mode, Stop, SubmitResult, check_key, key_of, submit},
    orders::{
        core::{ActOnOrder, CancelLines, Confirm, OrderCommand},
        shell::ownership::{visible_order, visible_order_and_place},
    },
    stock::core::{At, Field},
};

/// Confirms an order: a draft reserves its stock now; the reservations of a pending order no longer
/// expire.
pub async fn order_confirm(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> SubmitResult {
    let key = check_act_input(&permit, &input, "orderConfirm")?;
    let (order, order_place) = visible_order_and_place(ledger, &permit, input.order).await?;
    let (levels, draft_sourcing) = order_place.map(|order_place| (order_place.levels, order_place.sourcing)).unwrap_or_default();
    let act = build_act(ledger, &permit, input, order);
    let confirm = |sourcing| {
        let confirm = Confirm { act: act.clone(), sourcing };
        Command::of(OrderCommand::Confirm(Box::new(confirm), levels.clone()))
    };
    match draft_sourcing {
        None => submit(ledger, &permit, confirm(None), key, mode).await,
        Some((rule, destination)) => {
            let products = levels.iter().map(|level| level.product).collect();
            let search = Search { rule, destination, products, reserved: Vec::new() };
            submit_sourced(ledger, &permit, search, (key, mode), |sourcing| confirm(Some(sourcing))).await
        }
    }
}

/// Cancels the outstanding units, or the named ones, and releases their reservations.
pub async fn order_cancel(ledger: &Ledger, permit: Permit<kind::OrderCancel>, input: OrderAct, mode: Mode) -> SubmitResult {
    let lines = input.lines.clone();
    let fulfilment = ledger.clock().id();
    let key = check_act_input(&permit, &input, "orderCancel")?;
    let (order, order_place) = visible_order_and_place(ledger, &permit, input.order).await?;
    let levels = order_place.map_or_else(Vec::new, |order_place| order_place.levels);
    let act = build_act(ledger, &permit, input, order);
    let command = match lines {
        None => Command::of(OrderCommand::Cancel(act, levels)),
        Some(lines) => Command::of(OrderCommand::CancelLines(Box::new(CancelLines { act, lines, fulfilment }), levels)),
    };
    submit(ledger, &permit, command, key, mode).await
}

/// Reopens a closed order.
pub async fn order_reopen(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> SubmitResult {
    act(ledger, permit, input, ("orderReopen", mode), |act| Command::of(OrderCommand::Reopen(act))).await
}

/// Closes a fulfilled order.
pub async fn order_close(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> SubmitResult {
    act(ledger, permit, input, ("orderClose", mode), |act| Command::of(OrderCommand::Close(act))).await
}

/// Submits a step that reads no levels.
async fn act<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    input: OrderAct,
    (mutation, mode): (&'static str, Mode),
    command: impl FnOnce(ActOnOrder) -> Command,
) -> SubmitResult {
    let key = check_act_input(&permit, &input, mutation)?;
    let order = visible_order(ledger, &permit, input.order).await?;
    submit(ledger, &permit, command(build_act(ledger, &permit, input, order)), key, mode).await
}

/// Checks the input of a step, and returns its key.
fn check_act_input<P: Permission>(permit: &Permit<P>, input: &OrderAct, mutation: &'static str) -> Result<Key, Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.register(input.register.as_deref(), || At::argument(Field::Register));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::argument(Field::Lines));
    checks.done()?;
    Ok(key_of(permit, mutation, &input.idempotency_key, input))
}

/// Returns the step, on the order as the caller may see it.
fn build_act<P: Permission>(ledger: &Ledger, permit: &Permit<P>, input: OrderAct, order: OrderId) -> ActOnOrder {
    ActOnOrder {
        order,
        expected_version: input.expected_version,
        note: input.note,
        reason: input.reason,
        register: input.register.map(|code| code.trim().to_owned()),
        actor: permit.actor(),
        by_channel: permit.channel().is_some(),
        movement: ledger.clock().document_id(),
    }
}
