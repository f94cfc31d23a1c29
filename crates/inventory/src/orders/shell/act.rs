//! Confirming, cancelling and closing.

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use super::{
    MAX_LINES, OrderAct,
    sourced::{Search, submit_sourced},
};
use crate::{
    ledger::{Checks, Command, Done, Ledger, MAX_NOTE, Mode, Stop, check_key, key_of, submit},
    orders::{
        core::{Act, CancelLines, Confirm, OrderCommand},
        rows,
        shell::ownership::own_order,
    },
    stock::core::{At, Field, LevelKey},
};

/// DRAFT begins to hold its stock; PENDING keeps what it holds, for good.
pub async fn order_confirm(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    let (key, act) = prepared(ledger, &permit, input, "orderConfirm").await?;
    let scope = permit.scope(ledger.database());
    let levels = levels_of(&scope, act.order, None).await?;
    let confirm = |sourcing| {
        let confirm = Confirm { act: act.clone(), sourcing };
        Command::of(OrderCommand::Confirm(Box::new(confirm), levels.clone()))
    };
    match rows::drafted_sourcing(&scope, act.order).await? {
        None => submit(ledger, &permit, confirm(None), key, mode).await,
        Some((rule, destination)) => {
            let products = levels.iter().map(|level| level.product).collect();
            let search = Search { rule, destination, products, reserved: Vec::new() };
            submit_sourced(ledger, &permit, search, (key, mode), |sourcing| confirm(Some(sourcing))).await
        }
    }
}

/// Cancels what is outstanding, or what is named of it, and lets its holds go.
pub async fn order_cancel(ledger: &Ledger, permit: Permit<kind::OrderCancel>, input: OrderAct, mode: Mode) -> Done {
    let lines = input.lines.clone();
    let fulfilment = ledger.clock().id();
    let (key, act) = prepared(ledger, &permit, input, "orderCancel").await?;
    let levels = levels_of(&permit.scope(ledger.database()), act.order, None).await?;
    let command = match lines {
        None => Command::of(OrderCommand::Cancel(act, levels)),
        Some(lines) => Command::of(OrderCommand::CancelLines(Box::new(CancelLines { act, lines, fulfilment }), levels)),
    };
    submit(ledger, &permit, command, key, mode).await
}

/// Takes a closed order out of the files.
pub async fn order_reopen(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    act(ledger, permit, input, ("orderReopen", mode), |act| Command::of(OrderCommand::Reopen(act))).await
}

/// Files a fulfilled order.
pub async fn order_close(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderAct, mode: Mode) -> Done {
    act(ledger, permit, input, ("orderClose", mode), |act| Command::of(OrderCommand::Close(act))).await
}

/// A step that looks at no level.
async fn act<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    input: OrderAct,
    (mutation, mode): (&'static str, Mode),
    command: impl FnOnce(Act) -> Command,
) -> Done {
    let (key, act) = prepared(ledger, &permit, input, mutation).await?;
    submit(ledger, &permit, command(act), key, mode).await
}

/// The key of a step, and the step.
async fn prepared<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    input: OrderAct,
    mutation: &'static str,
) -> Result<(Key, Act), Stop> {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::argument(Field::Lines));
    checks.done()?;
    let key = key_of(permit, mutation, &input.idempotency_key, &input);
    let order = own_order(ledger, permit, input.order).await?;
    let act = Act {
        order,
        expected_version: input.expected_version,
        note: input.note,
        reason: input.reason,
        actor: permit.actor(),
        by_channel: permit.channel().is_some(),
        movement: ledger.clock().document_id(),
    };
    Ok((key, act))
}

/// The levels that an order's stocked lines are on: at its own store, where they are held, and where else it may leave from. None for an order
/// that does not exist: the ledger refuses it.
pub(super) async fn levels_of(reads: &impl Reads, order: OrderId, also: Option<StoreId>) -> Result<Vec<LevelKey>, Fault> {
    let mut levels: Vec<LevelKey> = rows::stocked_levels(reads, &[order]).await?.into_iter().map(|(_, key)| key).collect();
    if let Some(store) = also {
        let there: Vec<LevelKey> = levels.iter().map(|key| LevelKey { store, ..*key }).collect();
        levels.extend(there);
    }
    Ok(levels)
}
