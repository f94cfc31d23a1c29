//! Reversing the steps of a transfer.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Ledger, Mode, SubmitResult, key_of, stored_answer_or, submit},
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::{movements_of, reversed_quantities},
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, requested_lines,
            with_document_names,
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
) -> SubmitResult {
    check_input(input)?;
    let scope = permit.scope(ledger.database());
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let reach = permit.reach();
    let stored_movement = movement_of(&scope, movement).await?;
    let stored_movement = stored_movement.filter(|movement| movement.entries.iter().any(|entry| reach.covers(entry.key.store)));
    let Some(stored_movement) = stored_movement else {
        return stored_answer_or(ledger, permit, &key, document_not_found()).await;
    };
    let refuse = |refusal: ReversalRefusal| Err(refusal.at(At::input(Field::Document)).into());
    if stored_movement.kind == MovementKind::Reversal {
        return refuse(ReversalRefusal::OfReversal);
    }
    match stored_movement.reference {
        Some(Reference { kind: ReferenceKind::Transfer, id }) if is_step(stored_movement.kind) => {
            reverse_step(ledger, permit, (input, mode), TransferId::from_uuid(id), Some(movement)).await
        }
        _ => refuse(ReversalRefusal::NotReversible),
    }
}

/// Reverses a transfer's last step.
pub async fn transfer_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    transfer: TransferId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    reverse_step(ledger, permit, (input, mode), transfer, None).await
}

async fn reverse_step(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    transfer: TransferId,
    movement: Option<MovementId>,
) -> SubmitResult {
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let reach = permit.reach();
        let posted_movements = load_posted_movements(&scope, transfer)
            .await?
            .filter(|posted_movements| reach.covers(posted_movements.route.from) || reach.covers(posted_movements.route.to));
        let Some(posted_movements) = posted_movements else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let Some(original) = selected_step(&posted_movements, movement) else {
            let refusal = ReversalRefusal::AlreadyReversed.at(At::input(Field::Document));
            return stored_answer_or(ledger, permit, &key, refusal.into()).await;
        };
        if !may_reverse(permit, &posted_movements.route, original.kind, &reach)? {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        }
        match try_reverse(ledger, permit, (input, mode), (&posted_movements, transfer, original), key.clone()).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(with_document_names(&scope, stop, std::slice::from_ref(original)).await?),
            outcome => return outcome,
        }
    }
}

/// Returns the named step, else the last that is not reversed in full.
fn selected_step(posted_movements: &PostedMovements, movement: Option<MovementId>) -> Option<&Movement> {
    let id = movement.or_else(|| posted_movements.standing.last().copied())?;
    posted_movements.movements.iter().find(|movement| movement.id == id)
}

/// True if the caller may reverse such a step here: documents in each store that it affects, and
/// the step's own right at its side.
fn may_reverse(
    permit: &Permit<kind::DocumentReverse>,
    route: &TransferRoute,
    kind: MovementKind,
    reach: &Reach,
) -> Result<bool, iam::access::Denied> {
    Ok(if kind == MovementKind::TransferOut {
        let ship_permit = permit.also::<kind::TransferShip>()?;
        reach.covers(route.from) && reach.covers(route.to) && ship_permit.covers(route.from)
    } else {
        let receive_permit = permit.also::<kind::TransferReceive>()?;
        reach.covers(route.to) && receive_permit.covers(route.to)
    })
}

async fn try_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    (posted_movements, transfer, original): (&PostedMovements, TransferId, &Movement),
    key: Key,
) -> SubmitResult {
    let undo = match original.kind {
        MovementKind::TransferOut => ReversibleStep::Shipment {
            released_goods: released_goods(posted_movements, original),
            holding: ledger.clock().document_id(),
            holds: posted_movements.route.products.iter().map(|_| ledger.clock().id()).collect(),
        },
        MovementKind::TransferIn => ReversibleStep::Receipt { others_at: last_other_receipt(posted_movements, original) },
        _ => ReversibleStep::Close { sent: posted_movements.route.lots.clone() },
    };
    let later_index = posted_movements.standing.iter().position(|id| *id == original.id).map_or(0, |index| index + 1);
    let command = ReverseStep {
        transfer,
        expected_version: input.expected_version,
        seen: posted_movements.route.version,
        undo,
        original: original.clone(),
        later: posted_movements.standing.get(later_index..).unwrap_or_default().to_vec(),
        lines: requested_lines(input),
        call: build_call(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(StepReversal(Box::new(command))), key, mode).await
}

/// Returns the quantities that were held beyond the shipped ones and released in the same step: by
/// product.
fn released_goods(posted_movements: &PostedMovements, original: &Movement) -> Vec<(ProductId, i64)> {
    let is_beside = |movement: &&Movement| movement.kind == MovementKind::Release && movement.recorded_at == original.recorded_at;
    let released = posted_movements.movements.iter().filter(is_beside).flat_map(|movement| &movement.entries);
    released.map(|entry| (entry.key.product, -entry.reserved_delta)).collect()
}

/// Returns the time of the last other receipt that is not reversed completely.
fn last_other_receipt(posted_movements: &PostedMovements, original: &Movement) -> Option<Timestamp> {
    let is_other = |movement: &&Movement| {
        movement.kind == MovementKind::TransferIn
            && movement.id != original.id
            && posted_movements.standing.contains(&movement.id)
    };
    posted_movements.movements.iter().filter(is_other).map(|movement| movement.occurred_at).max()
}

/// The route is read first: later reads are never older than its version.
async fn load_posted_movements(reads: &impl Reads, transfer: TransferId) -> Result<Option<PostedMovements>, Fault> {
    let Some(route) = rows::load_route(reads, transfer).await? else { return Ok(None) };
    let reference = Reference { kind: ReferenceKind::Transfer, id: transfer.uuid() };
    let kinds = [MovementKind::TransferOut, MovementKind::TransferIn, MovementKind::Removal, MovementKind::Release];
    let movements = movements_of(reads, reference, &kinds).await?;
    let steps: Vec<&Movement> = movements.iter().filter(|movement| is_step(movement.kind)).collect();
    let ids: Vec<MovementId> = steps.iter().map(|movement| movement.id).collect();
    let reversed = reversed_quantities(reads, &ids).await?;
    let is_left = |movement: &&&Movement| {
        movement.entries.iter().any(|entry| {
            let delta = if entry.on_hand_delta == 0 { entry.in_transit_delta } else { entry.on_hand_delta };
            delta.abs() > reversed.get(&(movement.id, entry.line)).copied().unwrap_or(0)
        })
    };
    let standing_ids = steps.iter().filter(is_left).map(|movement| movement.id).collect();
    Ok(Some(PostedMovements { route, movements, standing: standing_ids }))
}
