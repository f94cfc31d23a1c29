//! Setting and lifting holds.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, kind};
use serde::Serialize;

use crate::{
    ledger::{Checks, Command, Ledger, MAX_NOTE, Mode, Stop, SubmitResult, check_key, key_of, submit, submit_resolved},
    orders::{
        core::{
            Refusal,
            hold::{FRAUD, MAX_KIND_LENGTH, normalize_hold_kind},
            hold_commands::{HoldCommand, LiftHold, SetHold},
        },
        rows,
        shell::ownership::visible_order,
    },
    stock::core::{At, Field, RoomRefusal},
};

/// Input for setting a hold on an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderHoldSet {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub kind: String,
    pub reason: String,
    pub note: Option<String>,
}

/// Input for lifting one hold.
#[derive(Debug, Clone, Serialize)]
pub struct OrderHoldLift {
    #[serde(skip)]
    pub idempotency_key: String,
    pub hold: HoldId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
}

/// Sets a hold on an order: its goods stay until each hold is lifted.
pub async fn order_hold_set(ledger: &Ledger, permit: Permit<kind::OrderHold>, input: OrderHoldSet, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.check_required(&input.kind, MAX_KIND_LENGTH, || At::input(Field::Kind));
    checks.check_required(&input.reason, MAX_NOTE, || At::input(Field::Reason));
    checks.text(input.note.as_deref(), MAX_NOTE, || At::input(Field::Note));
    let normalized_kind = normalize_hold_kind(&input.kind);
    if normalized_kind.is_none() && !input.kind.trim().is_empty() {
        checks.refuse(Refusal::OddHoldKind.at(At::input(Field::Kind)));
    }
    checks.done()?;
    let key = key_of(&permit, "orderHoldSet", &input.idempotency_key, &input);
    let command = SetHold {
        id: ledger.clock().id(),
        order: visible_order(ledger, &permit, input.order).await?,
        expected_version: input.expected_version,
        kind: normalized_kind.unwrap_or(input.kind),
        reason: input.reason,
        note: input.note,
        actor: permit.actor(),
    };
    submit(ledger, &permit, Command::of(HoldCommand::Set(command)), key, mode).await
}

/// Lifts one hold. Also needs `order.hold.fraud` if its kind is FRAUD.
pub async fn order_hold_lift(ledger: &Ledger, permit: Permit<kind::OrderHold>, input: OrderHoldLift, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.done()?;
    let key = key_of(&permit, "orderHoldLift", &input.idempotency_key, &input);
    let command = build_lift(ledger, &permit, input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

async fn build_lift(ledger: &Ledger, permit: &Permit<kind::OrderHold>, input: OrderHoldLift) -> Result<Command, Stop> {
    let stored_hold = rows::hold(&permit.scope(ledger.database()), input.hold).await?;
    let order = match &stored_hold {
        Some(hold) => visible_order(ledger, permit, hold.order).await?,
        // An unused ID: the ledger rejects it like a hold that does not exist.
        None => ledger.clock().document_id(),
    };
    if stored_hold.is_some_and(|hold| hold.order == order && hold.kind == FRAUD) {
        let of_fraud = permit.also::<kind::OrderHoldFraud>()?;
        if visible_order(ledger, &of_fraud, order).await? != order {
            return Err(Denied(kind::OrderHoldFraud::info().code).into());
        }
    }
    let lift = LiftHold { id: input.hold, order, expected_version: input.expected_version, actor: permit.actor() };
    Ok(Command::of(HoldCommand::Lift(lift)))
}
