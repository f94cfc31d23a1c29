//! Steps of transfers: the callers' input (`input`) is converted into commands. The sender's steps
//! need the right to ship in the sender's store, the receiver's steps the right to receive in the
//! receiver's; to request or cancel a transfer, rights in either store suffice.

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};
use serde::Serialize;

use crate::{
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, MissingReferences, Mode, Names, Stop, SubmitResult, check_key,
        document_ids, key_of, lot_choice, stored_answer_or, submit,
    },
    reversals::shell::RemainingAttempts,
    stock::core::{At, Field},
    transfers::{
        core::{Arrival, Change, Loss, Parcel, Shipment, Step, Steps, TransferCommand},
        rows::{self, TransferRoute},
    },
};

mod create;
mod input;
mod lines;
mod reverse;
mod side;

pub use create::transfer_create;
pub use input::{
    MAX_LINES, MAX_LOTS, TransferAct, TransferClose, TransferCreate, TransferLine, TransferMove, TransferParcel, TransferStart,
    TransferUpdate,
};
pub use reverse::{movement_reverse, transfer_reverse};

use self::{
    input::check_metadata,
    lines::{build_planned_lines, level_keys},
    side::Side,
};

/// Common inputs of the steps of an existing transfer.
struct StepInput<'a> {
    mutation: &'static str,
    key: &'a str,
    transfer: TransferId,
    expected_version: Option<i64>,
    note: Option<&'a String>,
}

/// Changes a transfer that has not ended. Reservations change with the lines, if the caller may
/// ship in the sender's store.
pub async fn transfer_update(
    ledger: &Ledger,
    permit: Permit<kind::TransferWrite>,
    input: TransferUpdate,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    if let Some(value) = &input.metadata {
        check_metadata(&mut checks, value);
    }
    checks.done()?;
    let request = StepInput {
        mutation: "transferUpdate",
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    };
    let scope = permit.scope(ledger.database());
    let mut missing = MissingReferences::default();
    let names = Names::look_up(&scope, input.lines.iter().map(|line| &line.product)).await?;
    let lines = build_planned_lines(&names, &mut missing, &input.lines);
    if missing.has_any() {
        let key = key_of(&permit, request.mutation, request.key, &input);
        return stored_answer_or(ledger, &permit, &key, missing.stop()).await;
    }
    let products_of_lines: Vec<ProductId> = lines.iter().map(|line| line.product).collect();
    let ship_reach_of_caller = permit.also::<kind::TransferShip>().ok().map(|permit| permit.reach());
    let change = Change {
        external_ref: input.external_ref.clone(),
        note: input.note.clone(),
        expected_at: input.expected_at,
        metadata: input.metadata.as_ref().map(ToString::to_string),
        lines,
        may_hold: false,
        reservations: Vec::new(),
    };
    submit_step(ledger, permit, request, &input, (Side::Either, mode), |route| {
        route.products.extend(products_of_lines.iter().copied());
        Step::Update(Change {
            may_hold: ship_reach_of_caller.as_ref().is_some_and(|ship_reach| ship_reach.covers(route.from)),
            reservations: change.lines.iter().map(|_| ledger.clock().id()).collect(),
            ..change.clone()
        })
    })
    .await
}

/// Reserves the stock at the sender.
pub async fn transfer_ready(ledger: &Ledger, permit: Permit<kind::TransferShip>, input: TransferAct, mode: Mode) -> SubmitResult {
    let request = of(&input, "transferReady");
    submit_step(ledger, permit, request, &input, (Side::Sender, mode), |route| Step::Ready {
        seen: route.version,
        reservations: route.products.iter().map(|_| ledger.clock().id()).collect(),
    })
    .await
}

/// Cancels the transfer and releases its stock.
pub async fn transfer_cancel(
    ledger: &Ledger,
    permit: Permit<kind::TransferWrite>,
    input: TransferAct,
    mode: Mode,
) -> SubmitResult {
    let request = of(&input, "transferCancel");
    let note = input.note.clone();
    submit_step(ledger, permit, request, &input, (Side::Either, mode), |route| Step::Cancel {
        seen: route.version,
        note: note.clone(),
    })
    .await
}

/// Ships the goods.
pub async fn transfer_ship(ledger: &Ledger, permit: Permit<kind::TransferShip>, input: TransferMove, mode: Mode) -> SubmitResult {
    let request = move_act(&input, "transferShip");
    let lines = build_parcels(ledger, &input)?;
    let shipment = Shipment { lines, occurred_at: input.occurred_at, note: input.note.clone() };
    submit_step(ledger, permit, request, &input, (Side::Sender, mode), |_| Step::Ship(shipment.clone())).await
}

/// Receives the goods that arrived.
pub async fn transfer_receive(
    ledger: &Ledger,
    permit: Permit<kind::TransferReceive>,
    input: TransferMove,
    mode: Mode,
) -> SubmitResult {
    let request = move_act(&input, "transferReceive");
    let lines = build_parcels(ledger, &input)?;
    let arrival = Arrival { lines, occurred_at: input.occurred_at, note: input.note.clone() };
    submit_step(ledger, permit, request, &input, (Side::Receiver, mode), |_| Step::Receive(arrival.clone())).await
}

/// Writes off what did not arrive.
pub async fn transfer_close(
    ledger: &Ledger,
    permit: Permit<kind::TransferReceive>,
    input: TransferClose,
    mode: Mode,
) -> SubmitResult {
    let request = StepInput {
        mutation: "transferClose",
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    };
    let loss = Loss { reason: input.reason, note: input.note.clone() };
    submit_step(ledger, permit, request, &input, (Side::Receiver, mode), |_| Step::Close(loss.clone())).await
}

fn of<'a>(input: &'a TransferAct, mutation: &'static str) -> StepInput<'a> {
    StepInput {
        mutation,
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    }
}

fn move_act<'a>(input: &'a TransferMove, mutation: &'static str) -> StepInput<'a> {
    StepInput {
        mutation,
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    }
}

fn build_parcels(ledger: &Ledger, input: &TransferMove) -> Result<Option<Vec<Parcel>>, Stop> {
    let mut checks = Checks::default();
    checks.items(input.lines.as_ref().map_or(0, Vec::len), MAX_LINES, || At::input(Field::Lines));
    let lots = input.lines.iter().flatten().map(|line| line.lots.len()).sum();
    checks.items(lots, MAX_LOTS, || At::input(Field::Lines));
    for (index, line) in input.lines.iter().flatten().enumerate().take(MAX_LINES) {
        for (nth, (lot, _)) in line.lots.iter().enumerate().take(MAX_LOTS) {
            checks.lot(Some(lot), || At::line(index).part(Field::Lots, nth).field(Field::Lot));
        }
    }
    checks.done()?;
    let parcel = |transfer_parcel: &TransferParcel| Parcel {
        line: transfer_parcel.line,
        quantity: transfer_parcel.quantity,
        lots: transfer_parcel.lots.iter().map(|(lot, quantity)| (lot_choice(ledger, Some(lot)), *quantity)).collect(),
    };
    Ok(input.lines.as_ref().map(|lines| lines.iter().map(parcel).collect()))
}

/// Submits a step of an existing transfer. For a transfer that the caller may not see, an unused ID
/// is submitted: the ledger refuses it like one that does not exist.
async fn submit_step<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    request: StepInput<'_>,
    input: &impl Serialize,
    (side, mode): (Side, Mode),
    step: impl Fn(&mut TransferRoute) -> Step,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, request.key);
    checks.text(request.note.map(String::as_str), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, request.mutation, request.key, input);
    let mut attempts = RemainingAttempts::of(request.expected_version);
    loop {
        match submit_step_once(ledger, &permit, &request, key.clone(), (side, mode), &step).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            outcome => return outcome,
        }
    }
}

/// Reads the transfer's stores, and submits the step with them. It is refused as stale if the
/// transfer changed in between.
async fn submit_step_once<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    request: &StepInput<'_>,
    key: Key,
    (side, mode): (Side, Mode),
    step: &impl Fn(&mut TransferRoute) -> Step,
) -> SubmitResult {
    let own_route = load_visible_route(&permit.scope(ledger.database()), &permit.reach(), side, request.transfer).await?;
    let transfer = if own_route.is_some() { request.transfer } else { ledger.clock().document_id() };
    let empty_route = TransferRoute { from: StoreId::NIL, to: StoreId::NIL, version: 0, products: Vec::new(), lots: Vec::new() };
    let mut route = own_route.unwrap_or(empty_route);
    let step = step(&mut route);
    let sent_lots = route.lots;
    let levels =
        if route.from == StoreId::NIL { Vec::new() } else { level_keys(route.products.into_iter(), route.from, route.to) };
    let steps = Steps {
        transfer,
        actor: permit.actor(),
        expected_version: request.expected_version,
        step,
        sent: sent_lots,
        movements: document_ids(ledger),
    };
    submit(ledger, permit, Command::of(TransferCommand(Box::new(steps), levels)), key, mode).await
}

async fn load_visible_route(
    reads: &impl Reads,
    reach: &Reach,
    side: Side,
    id: TransferId,
) -> Result<Option<TransferRoute>, Fault> {
    let stored_route = rows::load_route(reads, id).await?;
    Ok(stored_route.filter(|route| side.is_within(reach, route.from, route.to)))
}
