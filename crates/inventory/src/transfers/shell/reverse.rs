//! Undoing the steps of a transfer.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, first_answer, key_of, submit},
    reversals::{
        core::Refusal as ReversalRefusal,
        rows::{movements_of, reversed_of},
        shell::{DocumentReverse, MUTATION, Tries, call_of, checked, missing, named, wanted},
    },
    stock::{
        core::{At, Field, Movement, Reference, ReferenceKind, RoomRefusal},
        rows::movement_of,
    },
    transfers::{
        core::{ReverseStep, StepReversal, Undo},
        rows::{self, TransferRoute},
    },
};

/// What a transfer has posted, with what of its steps stands.
struct Posted {
    route: TransferRoute,
    movements: Vec<Movement>,
    /// The steps of which something has not been reversed, in their order.
    standing: Vec<MovementId>,
}

/// A step that moved goods: it left, arrived or was written off.
const fn is_step(kind: MovementKind) -> bool {
    matches!(kind, MovementKind::TransferOut | MovementKind::TransferIn | MovementKind::Removal)
}

/// Undoes the step of a transfer that a movement is.
pub async fn movement_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    movement: MovementId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let scope = permit.scope(ledger.database());
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let reach = permit.reach();
    let found = movement_of(&scope, movement).await?;
    let found = found.filter(|movement| movement.entries.iter().any(|entry| reach.covers(entry.key.store)));
    let Some(found) = found else { return first_answer(ledger, permit, &key, missing()).await };
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

/// Undoes a transfer's last step.
pub async fn transfer_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    transfer: TransferId,
    mode: Mode,
) -> Done {
    checked(input)?;
    step(ledger, permit, (input, mode), transfer, None).await
}

async fn step(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    transfer: TransferId,
    movement: Option<MovementId>,
) -> Done {
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let mut tries = Tries::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let reach = permit.reach();
        let found =
            posted(&scope, transfer).await?.filter(|found| reach.covers(found.route.from) || reach.covers(found.route.to));
        let Some(found) = found else { return first_answer(ledger, permit, &key, missing()).await };
        let Some(original) = chosen(&found, movement) else {
            let nothing = ReversalRefusal::AlreadyReversed.at(At::input(Field::Document));
            return first_answer(ledger, permit, &key, nothing.into()).await;
        };
        if !may(permit, &found.route, original.kind, &reach)? {
            return first_answer(ledger, permit, &key, missing()).await;
        }
        match attempt(ledger, permit, (input, mode), (&found, transfer, original), key.clone()).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, std::slice::from_ref(original)).await?),
            done => return done,
        }
    }
}

/// The step that is meant: the one named, else the last that stands.
fn chosen(found: &Posted, movement: Option<MovementId>) -> Option<&Movement> {
    let id = movement.or_else(|| found.standing.last().copied())?;
    found.movements.iter().find(|movement| movement.id == id)
}

/// Whether the caller may undo such a step here: documents in each store that it touches, and what made it at the step's own end.
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
    (found, transfer, original): (&Posted, TransferId, &Movement),
    key: Key,
) -> Done {
    let undo = match original.kind {
        MovementKind::TransferOut => Undo::Shipment {
            let_go: let_go(found, original),
            holding: ledger.clock().document_id(),
            holds: found.route.products.iter().map(|_| ledger.clock().id()).collect(),
        },
        MovementKind::TransferIn => Undo::Receipt { others_at: others_at(found, original) },
        _ => Undo::Close { sent: found.route.lots.clone() },
    };
    let after = found.standing.iter().position(|id| *id == original.id).map_or(0, |place| place + 1);
    let reverse = ReverseStep {
        transfer,
        expected_version: input.expected_version,
        seen: found.route.version,
        undo,
        original: original.clone(),
        later: found.standing.get(after..).unwrap_or_default().to_vec(),
        lines: wanted(input),
        call: call_of(ledger, permit, input, std::slice::from_ref(original))?,
    };
    submit(ledger, permit, Command::of(StepReversal(Box::new(reverse))), key, mode).await
}

/// What was held beyond what left, and let go in the same step: by product.
fn let_go(found: &Posted, original: &Movement) -> Vec<(ProductId, i64)> {
    let is_beside = |movement: &&Movement| movement.kind == MovementKind::Release && movement.recorded_at == original.recorded_at;
    let released = found.movements.iter().filter(is_beside).flat_map(|movement| &movement.entries);
    released.map(|entry| (entry.key.product, -entry.reserved_delta)).collect()
}

/// When another part of it arrived last of which something is left.
fn others_at(found: &Posted, original: &Movement) -> Option<Timestamp> {
    let is_other = |movement: &&Movement| {
        movement.kind == MovementKind::TransferIn && movement.id != original.id && found.standing.contains(&movement.id)
    };
    found.movements.iter().filter(is_other).map(|movement| movement.occurred_at).max()
}

/// The route is read first: what is read later is never older than its version.
async fn posted(reads: &impl Reads, transfer: TransferId) -> Result<Option<Posted>, Fault> {
    let Some(route) = rows::places_of(reads, transfer).await? else { return Ok(None) };
    let of = Reference { kind: ReferenceKind::Transfer, id: transfer.uuid() };
    let kinds = [MovementKind::TransferOut, MovementKind::TransferIn, MovementKind::Removal, MovementKind::Release];
    let movements = movements_of(reads, of, &kinds).await?;
    let steps: Vec<&Movement> = movements.iter().filter(|movement| is_step(movement.kind)).collect();
    let ids: Vec<MovementId> = steps.iter().map(|movement| movement.id).collect();
    let reversed = reversed_of(reads, &ids).await?;
    let is_left = |movement: &&&Movement| {
        movement.entries.iter().any(|entry| {
            let moved = if entry.on_hand_delta == 0 { entry.in_transit_delta } else { entry.on_hand_delta };
            moved.abs() > reversed.get(&(movement.id, entry.line)).copied().unwrap_or(0)
        })
    };
    let standing = steps.iter().filter(is_left).map(|movement| movement.id).collect();
    Ok(Some(Posted { route, movements, standing }))
}
