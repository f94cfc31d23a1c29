//! Reversing the steps of a transfer.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, key_of, stored_answer_or, submit},
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::{movements_of, reversed_quantities},
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, named,
            requested_lines,
        },
    },
    stock::{
        core::{At, Field, Movement, Reference, ReferenceKind, RoomRefusal},
        rows::movement_of,
    },
    transfers::{
        core::{ReverseStep, ReversibleStep, StepReversal},
        rows::{self, TransferRoute},
    },
};

/// Movements that a transfer has posted, and those of its steps that are not reversed.
struct PostedMovements {
    route: TransferRoute,
    movements: Vec<Movement>,
    /// The steps that are not reversed in full, in their order.
    standing: Vec<MovementId>,
}

/// True for the kinds of steps that moved goods: sent, received or written off.
const fn is_step(kind: MovementKind) -> bool {
    matches!(kind, MovementKind::TransferOut | MovementKind::TransferIn | MovementKind::Removal)
}

/// Reverses the step of a transfer that posted a movement.
pub async fn movement_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    movement: MovementId,
    mode: Mode,
) -> Done {
    check_input(input)?;
    let scope = permit.scope(ledger.database());
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let reach = permit.reach();
    let found = movement_of(&scope, movement).await?;
    let found = found.filter(|movement| movement.entries.iter().any(|entry| reach.covers(entry.key.store)));
    let Some(found) = found else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let refused = |refusal: ReversalRefusal| Err(refusal.at(At::input(Field::Document)).into());
    if found.kind == MovementKind::Reversal {
        return refused(ReversalRefusal::OfReversal);
    }
    match found.reference {
        Some(Reference { kind: ReferenceKind::Transfer, id }) if is_step(found.kind) => {
            step(ledger, permit, (input, mode), TransferId::from_uuid(id), Some(movement)).await
        }
        _ => refused(ReversalRefusal::NotReversible),
    }
}

/// Reverses a transfer's last step.
pub async fn transfer_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    transfer: TransferId,
    mode: Mode,
) -> Done {
    check_input(input)?;
    step(ledger, permit, (input, mode), transfer, None).await
}

async fn step(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    transfer: TransferId,
    movement: Option<MovementId>,
) -> Done {
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let mut tries = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let reach = permit.reach();
        let found =
            posted(&scope, transfer).await?.filter(|found| reach.covers(found.route.from) || reach.covers(found.route.to));
        let Some(found) = found else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
        let Some(original) = selected_step(&found, movement) else {
            let nothing = ReversalRefusal::AlreadyReversed.at(At::input(Field::Document));
            return stored_answer_or(ledger, permit, &key, nothing.into()).await;
        };
        if !may(permit, &found.route, original.kind, &reach)? {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        }
        match attempt(ledger, permit, (input, mode), (&found, transfer, original), key.clone()).await {
            Err(stop) if tries.should_retry(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, std::slice::from_ref(original)).await?),
            done => return done,
        }
    }
}

/// Returns the named step, else the last that is not reversed in full.
fn selected_step(found: &PostedMovements, movement: Option<MovementId>) -> Option<&Movement> {
    let id = movement.or_else(|| found.standing.last().copied())?;
    found.movements.iter().find(|movement| movement.id == id)
}

/// True if the caller may reverse such a step here: documents in each store that it affects, and
/// the step's own right at its side.
fn may(
    permit: &Permit<kind::DocumentReverse>,
    route: &TransferRoute,
    kind: MovementKind,
    reach: &Reach,
) -> Result<bool, iam::access::Denied> {
    Ok(if kind == MovementKind::TransferOut {
        let shipping = permit.also::<kind::TransferShip>()?;
        reach.covers(route.from) && reach.covers(route.to) && shipping.covers(route.from)
    } else {
        let receiving = permit.also::<kind::TransferReceive>()?;
        reach.covers(route.to) && receiving.covers(route.to)
    })
}

async fn attempt(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (found, transfer, original): (&PostedMovements, TransferId, &Movement),
    key: Key,
) -> Done {
    let undo = match original.kind {
        MovementKind::TransferOut => ReversibleStep::Shipment {
            let_go: let_go(found, original),
            holding: ledger.clock().document_id(),
            holds: found.route.products.iter().map(|_| ledger.clock().id()).collect(),
        },
        MovementKind::TransferIn => ReversibleStep::Receipt { others_at: others_at(found, original) },
        _ => ReversibleStep::Close { sent: found.route.lots.clone() },
    };
    let after = found.standing.iter().position(|id| *id == original.id).map_or(0, |place| place + 1);
    let reverse = ReverseStep {
        transfer,
        expected_version: input.expected_version,
        seen: found.route.version,
        undo,
        original: original.clone(),
        later: found.standing.get(after..).unwrap_or_default().to_vec(),
        lines: requested_lines(input),
        call: build_call(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(StepReversal(Box::new(reverse))), key, mode).await
}

/// Returns the quantities that were held beyond the shipped ones and released in the same step: by
/// product.
fn let_go(found: &PostedMovements, original: &Movement) -> Vec<(ProductId, i64)> {
    let is_beside = |movement: &&Movement| movement.kind == MovementKind::Release && movement.recorded_at == original.recorded_at;
    let released = found.movements.iter().filter(is_beside).flat_map(|movement| &movement.entries);
    released.map(|entry| (entry.key.product, -entry.reserved_delta)).collect()
}

/// Returns the time of the last other receipt that is not reversed completely.
fn others_at(found: &PostedMovements, original: &Movement) -> Option<Timestamp> {
    let is_other = |movement: &&Movement| {
        movement.kind == MovementKind::TransferIn && movement.id != original.id && found.standing.contains(&movement.id)
    };
    found.movements.iter().filter(is_other).map(|movement| movement.occurred_at).max()
}

/// The route is read first: later reads are never older than its version.
async fn posted(reads: &impl Reads, transfer: TransferId) -> Result<Option<PostedMovements>, Fault> {
    let Some(route) = rows::places_of(reads, transfer).await? else { return Ok(None) };
    let of = Reference { kind: ReferenceKind::Transfer, id: transfer.uuid() };
    let kinds = [MovementKind::TransferOut, MovementKind::TransferIn, MovementKind::Removal, MovementKind::Release];
    let movements = movements_of(reads, of, &kinds).await?;
    let steps: Vec<&Movement> = movements.iter().filter(|movement| is_step(movement.kind)).collect();
    let ids: Vec<MovementId> = steps.iter().map(|movement| movement.id).collect();
    let reversed = reversed_quantities(reads, &ids).await?;
    let is_left = |movement: &&&Movement| {
        movement.entries.iter().any(|entry| {
            let moved = if entry.on_hand_delta == 0 { entry.in_transit_delta } else { entry.on_hand_delta };
            moved.abs() > reversed.get(&(movement.id, entry.line)).copied().unwrap_or(0)
        })
    };
    let standing = steps.iter().filter(is_left).map(|movement| movement.id).collect();
    Ok(Some(PostedMovements { route, movements, standing }))
}
