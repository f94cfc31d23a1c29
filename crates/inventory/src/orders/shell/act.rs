//! Confirming, cancelling and closing.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::storage::idempotency::Key;

use super::{
    input::{MAX_LINES, OrderAct},
    sourced::{Search, submit_sourced},
};
use crate::{
    ledger::{Checks, Command, Done, Ledger, MAX_NOTE, Mode, Stop, check_key, key_of, submit},
    orders::{
        core::{Act, CancelLines, Confirm, OrderCommand},
        shell::ownership::{own_order, own_placed},
    },
    stock::core::{At, Field},
};

/// Confirms an order: a draft reserves its stock now; the reservations of a pending order no longer
/// expire.
pub async fn order_confirm(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    let key = checked(&permit, &input, "orderConfirm")?;
    let (order, placed) = own_placed(ledger, &permit, input.order).await?;
    let (levels, drafted) = placed.map(|placed| (placed.levels, placed.sourcing)).unwrap_or_default();
    let act = act_on(ledger, &permit, input, order);
    let confirm = |sourcing| {
        let confirm = Confirm { act: act.clone(), sourcing };
        Command::of(OrderCommand::Confirm(Box::new(confirm), levels.clone()))
    };
    match drafted {
        None => submit(ledger, &permit, confirm(None), key, mode).await,
        Some((rule, destination)) => {
            let products = levels.iter().map(|level| level.product).collect();
            let search = Search { rule, destination, products, reserved: Vec::new() };
            submit_sourced(ledger, &permit, search, (key, mode), |sourcing| confirm(Some(sourcing))).await
        }
    }
}

/// Cancels the outstanding units, or the named ones, and releases their reservations.
pub async fn order_cancel(ledger: &Ledger, permit: Permit<kind::OrderCancel>, input: OrderAct, mode: Mode) -> Done {
    let lines = input.lines.clone();
    let fulfilment = ledger.clock().id();
    let key = checked(&permit, &input, "orderCancel")?;
    let (order, placed) = own_placed(ledger, &permit, input.order).await?;
    let levels = placed.map_or_else(Vec::new, |placed| placed.levels);
    let act = act_on(ledger, &permit, input, order);
    let command = match lines {
        None => Command::of(OrderCommand::Cancel(act, levels)),
        Some(lines) => Command::of(OrderCommand::CancelLines(Box::new(CancelLines { act, lines, fulfilment }), levels)),
    };
    submit(ledger, &permit, command, key, mode).await
}

/// Reopens a closed order.
pub async fn order_reopen(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    act(ledger, permit, input, ("orderReopen", mode), |act| Command::of(OrderCommand::Reopen(act))).await
}

/// Closes a fulfilled order.
pub async fn order_close(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    act(ledger, permit, input, ("orderClose", mode), |act| Command::of(OrderCommand::Close(act))).await
}

/// Submits a step that reads no levels.
async fn act<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    input: OrderAct,
    (mutation, mode): (&'static str, Mode),
    command: impl FnOnce(Act) -> Command,
) -> Done {
    let key = checked(&permit, &input, mutation)?;
    let order = own_order(ledger, &permit, input.order).await?;
    submit(ledger, &permit, command(act_on(ledger, &permit, input, order)), key, mode).await
}

/// Checks the input of a step, and returns its key.
fn checked<P: Permission>(permit: &Permit<P>, input: &OrderAct, mutation: &'static str) -> Result<Key, Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.register(input.register.as_deref(), || At::argument(Field::Register));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::argument(Field::Lines));
    checks.done()?;
    Ok(key_of(permit, mutation, &input.idempotency_key, input))
}

/// Returns the step, on the order as the caller may see it.
fn act_on<P: Permission>(ledger: &Ledger, permit: &Permit<P>, input: OrderAct, order: OrderId) -> Act {
    Act {
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
