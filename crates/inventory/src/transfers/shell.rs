//! Steps of transfers: the callers' input (`input`) is converted into commands. The sender's steps
//! need the right to ship in the sender's store, the receiver's steps the right to receive in the
//! receiver's; to request or cancel a transfer, rights in either store suffice.

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};
use serde::Serialize;

use crate::{
    ledger::{
        Checks, Command, Done, Ledger, MAX_NOTE, MAX_REFERENCE, Missing, Mode, Names, Stop, check_key, document_ids, key_of,
        lot_choice, stored_answer_or, submit,
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
    lines::{levels, planned},
    side::Side,
};

/// Common inputs of the steps of an existing transfer.
struct Act<'a> {
    mutation: &'static str,
    key: &'a str,
    transfer: TransferId,
    expected_version: Option<i64>,
    note: Option<&'a String>,
}

/// Changes a transfer that has not ended. Reservations change with the lines, if the caller may
/// ship in the sender's store.
pub async fn transfer_update(ledger: &Ledger, permit: Permit<kind::TransferWrite>, input: TransferUpdate, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.text(input.external_ref.as_deref(), MAX_REFERENCE, || At::input(Field::ExternalRef));
    checks.items(input.lines.len(), MAX_LINES, || At::input(Field::Lines));
    if let Some(value) = &input.metadata {
        check_metadata(&mut checks, value);
    }
    checks.done()?;
    let act = Act {
        mutation: "transferUpdate",
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    };
    let scope = permit.scope(ledger.database());
    let mut missing = Missing::default();
    let names = Names::look_up(&scope, input.lines.iter().map(|line| &line.product)).await?;
    let lines = planned(&names, &mut missing, &input.lines);
    if missing.has_any() {
        let key = key_of(&permit, act.mutation, act.key, &input);
        return stored_answer_or(ledger, &permit, &key, missing.stop()).await;
    }
    let also: Vec<ProductId> = lines.iter().map(|line| line.product).collect();
    let shipping = permit.also::<kind::TransferShip>().ok().map(|permit| permit.reach());
    let change = Change {
        external_ref: input.external_ref.clone(),
        note: input.note.clone(),
        expected_at: input.expected_at,
        metadata: input.metadata.as_ref().map(ToString::to_string),
        lines,
        may_hold: false,
        reservations: Vec::new(),
    };
    step(ledger, permit, act, &input, (Side::Either, mode), |places| {
        places.products.extend(also.iter().copied());
        Step::Update(Change {
            may_hold: shipping.as_ref().is_some_and(|reach| reach.covers(places.from)),
            reservations: change.lines.iter().map(|_| ledger.clock().id()).collect(),
            ..change.clone()
        })
    })
    .await
}

/// Reserves the stock at the sender.
pub async fn transfer_ready(ledger: &Ledger, permit: Permit<kind::TransferShip>, input: TransferAct, mode: Mode) -> Done {
    let act = of(&input, "transferReady");
    step(ledger, permit, act, &input, (Side::Sender, mode), |places| Step::Ready {
        seen: places.version,
        reservations: places.products.iter().map(|_| ledger.clock().id()).collect(),
    })
    .await
}

/// Cancels the transfer and releases its stock.
pub async fn transfer_cancel(ledger: &Ledger, permit: Permit<kind::TransferWrite>, input: TransferAct, mode: Mode) -> Done {
    let act = of(&input, "transferCancel");
    let note = input.note.clone();
    step(ledger, permit, act, &input, (Side::Either, mode), |places| Step::Cancel { seen: places.version, note: note.clone() })
        .await
}

/// Ships the goods.
pub async fn transfer_ship(ledger: &Ledger, permit: Permit<kind::TransferShip>, input: TransferMove, mode: Mode) -> Done {
    let act = move_act(&input, "transferShip");
    let lines = parcels(ledger, &input)?;
    let shipment = Shipment { lines, occurred_at: input.occurred_at, note: input.note.clone() };
    step(ledger, permit, act, &input, (Side::Sender, mode), |_| Step::Ship(shipment.clone())).await
}

/// Receives the goods that arrived.
pub async fn transfer_receive(ledger: &Ledger, permit: Permit<kind::TransferReceive>, input: TransferMove, mode: Mode) -> Done {
    let act = move_act(&input, "transferReceive");
    let lines = parcels(ledger, &input)?;
    let arrival = Arrival { lines, occurred_at: input.occurred_at, note: input.note.clone() };
    step(ledger, permit, act, &input, (Side::Receiver, mode), |_| Step::Receive(arrival.clone())).await
}

/// Writes off what did not arrive.
pub async fn transfer_close(ledger: &Ledger, permit: Permit<kind::TransferReceive>, input: TransferClose, mode: Mode) -> Done {
    let act = Act {
        mutation: "transferClose",
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    };
    let loss = Loss { reason: input.reason, note: input.note.clone() };
    step(ledger, permit, act, &input, (Side::Receiver, mode), |_| Step::Close(loss.clone())).await
}

fn of<'a>(input: &'a TransferAct, mutation: &'static str) -> Act<'a> {
    Act {
        mutation,
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    }
}

fn move_act<'a>(input: &'a TransferMove, mutation: &'static str) -> Act<'a> {
    Act {
        mutation,
        key: &input.idempotency_key,
        transfer: input.transfer,
        expected_version: input.expected_version,
        note: input.note.as_ref(),
    }
}

fn parcels(ledger: &Ledger, input: &TransferMove) -> Result<Option<Vec<Parcel>>, Stop> {
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
    let parcel = |one: &TransferParcel| Parcel {
        line: one.line,
        quantity: one.quantity,
        lots: one.lots.iter().map(|(lot, quantity)| (lot_choice(ledger, Some(lot)), *quantity)).collect(),
    };
    Ok(input.lines.as_ref().map(|lines| lines.iter().map(parcel).collect()))
}

/// Submits a step of an existing transfer. For a transfer that the caller may not see, an unused ID
/// is submitted: the ledger refuses it like one that does not exist.
async fn step<P: Permission>(
    ledger: &Ledger,
    permit: Permit<P>,
    act: Act<'_>,
    input: &impl Serialize,
    (side, mode): (Side, Mode),
    step: impl Fn(&mut TransferRoute) -> Step,
) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, act.key);
    checks.text(act.note.map(String::as_str), MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, act.mutation, act.key, input);
    let mut tries = RemainingAttempts::of(act.expected_version);
    loop {
        match attempt(ledger, &permit, &act, key.clone(), (side, mode), &step).await {
            Err(stop) if tries.should_retry(&stop) => {}
            done => return done,
        }
    }
}

/// Reads the transfer's stores, and submits the step with them. It is refused as stale if the
/// transfer changed in between.
async fn attempt<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    act: &Act<'_>,
    key: Key,
    (side, mode): (Side, Mode),
    step: &impl Fn(&mut TransferRoute) -> Step,
) -> Done {
    let found = own(&permit.scope(ledger.database()), &permit.reach(), side, act.transfer).await?;
    let transfer = if found.is_some() { act.transfer } else { ledger.clock().document_id() };
    let nowhere = TransferRoute { from: StoreId::NIL, to: StoreId::NIL, version: 0, products: Vec::new(), lots: Vec::new() };
    let mut places = found.unwrap_or(nowhere);
    let step = step(&mut places);
    let sent = places.lots;
    let levels =
        if places.from == StoreId::NIL { Vec::new() } else { levels(places.products.into_iter(), places.from, places.to) };
    let steps = Steps {
        transfer,
        actor: permit.actor(),
        expected_version: act.expected_version,
        step,
        sent,
        movements: document_ids(ledger),
    };
    submit(ledger, permit, Command::of(TransferCommand(Box::new(steps), levels)), key, mode).await
}

async fn own(reads: &impl Reads, reach: &Reach, side: Side, id: TransferId) -> Result<Option<TransferRoute>, Fault> {
    let found = rows::places_of(reads, id).await?;
    Ok(found.filter(|places| side.is_within(reach, places.from, places.to)))
}
