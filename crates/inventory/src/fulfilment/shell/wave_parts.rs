//! The steps of a wave's works, before they are submitted to the ledger.

use entity::prelude::*;
use futures_util::future::join_all;
use iam::access::{Permit, kind};
use platform::storage::{Fault, TenantScope};
use serde::Serialize;

use super::{
    decline,
    input::{LabelFields, Lines},
    levels::with_levels_in_store,
    ownership::resolve_works,
    steps::generate_pickup_code,
};
use crate::{
    fulfilment::core::{NewParcel, Refusal, ReleaseReason, Ship, Step, WorkCommand, WorkRef},
    ledger::{Command, Ledger, Stop, SubmitResult, document_ids},
    orders::rows::stocked_levels,
    stock::core::{At, Field, LevelKey, RoomRefusal, Shortage},
};

/// Works whose goods are sourced from other stores at the same time.
const MAX_CONCURRENT_WORKS: usize = 20;

/// Quantities that were found for a work.
#[derive(Debug, Clone, Serialize)]
pub struct FoundQuantities {
    pub work: FulfilmentWorkId,
    pub lines: Lines,
    /// True if the rest is missing.
    pub is_short: bool,
}

/// A step of a work, or the reason why it has none.
pub(super) type Part = (FulfilmentWorkId, Result<Command, Stop>);

/// Returns the steps that pick works: those without an entry in `picked_works` whole.
pub(super) async fn pick_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
    picked_works: &[FoundQuantities],
) -> Result<Vec<Part>, Fault> {
    let scope = permit.scope(ledger.database());
    let mut pending_steps = Vec::with_capacity(works.len());
    for (work, resolved_work) in works.iter().zip(resolve_works(ledger, permit, works, None).await?) {
        let picked_works = picked_works.iter().find(|picked_works| picked_works.work == *work);
        pending_steps.push(Box::pin(pick_step(ledger, &scope, *work, resolved_work, picked_works)));
    }
    let mut parts = Vec::with_capacity(works.len());
    while !pending_steps.is_empty() {
        let later_steps = pending_steps.split_off(pending_steps.len().min(MAX_CONCURRENT_WORKS));
        parts.extend(join_all(pending_steps).await);
        pending_steps = later_steps;
    }
    Ok(parts)
}

async fn pick_step(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    (work_ref, store): (WorkRef, StoreId),
    picked_work: Option<&FoundQuantities>,
) -> Part {
    let lines = picked_work.and_then(|picked_work| picked_work.lines.clone());
    if picked_work.is_some_and(|picked_work| picked_work.is_short) {
        let command = decline::build_release_command(ledger, scope, (work_ref, store), (lines, ReleaseReason::NotFound)).await;
        return (work, command.map(Command::of));
    }
    (work, Ok(Command::of(WorkCommand::Step(work_ref, Step::Pick(lines)))))
}

/// Returns the steps that pack works: one parcel for each.
pub(super) async fn pack_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
    label: &LabelFields,
) -> Result<Vec<Part>, Fault> {
    let parcel =
        || NewParcel { id: ledger.clock().id(), lines: None, lots: Vec::new(), weight: None, label: label.clone().label() };
    let resolved_works = works.iter().zip(resolve_works(ledger, permit, works, None).await?);
    let parts = resolved_works.map(|(work, (work_ref, _))| {
        let command = WorkCommand::Step(work_ref, Step::Pack(vec![parcel()]));
        (*work, Ok(Command::of(command)))
    });
    Ok(parts.collect())
}

/// Returns the steps that mark goods as ready for pickup.
pub(super) async fn ready_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
) -> Result<Vec<Part>, Fault> {
    let resolved_works = works.iter().zip(resolve_works(ledger, permit, works, None).await?);
    let parts = resolved_works.map(|(work, (work_ref, _))| {
        let command = WorkCommand::Step(work_ref, Step::Ready(generate_pickup_code(ledger)));
        (*work, Ok(Command::of(command)))
    });
    Ok(parts.collect())
}

/// Returns the steps that ship packed goods.
pub(super) async fn ship_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentShip>,
    works: &[FulfilmentWorkId],
    occurred_at: Option<Timestamp>,
) -> Result<Vec<Part>, Fault> {
    let resolved_works = resolve_works(ledger, permit, works, None).await?;
    let orders: Vec<OrderId> = resolved_works.iter().map(|(work_ref, _)| work_ref.order).collect();
    let stocked_keys = stocked_levels(&permit.scope(ledger.database()), &orders).await?;
    let mut parts = Vec::with_capacity(works.len());
    for (work, (work_ref, store)) in works.iter().zip(resolved_works) {
        let own_keys: Vec<LevelKey> =
            stocked_keys.iter().filter(|(order, _)| *order == work_ref.order).map(|(_, level)| *level).collect();
        let ship = Ship {
            parcels: None,
            code: None,
            occurred_at,
            on_shortage: Shortage::Refuse,
            fulfilment: ledger.clock().id(),
            movements: document_ids(ledger),
        };
        let command = WorkCommand::Ship(work_ref, Box::new(ship), with_levels_in_store(&own_keys, store));
        parts.push((*work, Ok(Command::of(command))));
    }
    Ok(parts)
}

/// Refuses the works of a call that is repeated after its wave was closed; works that the first
/// call changed are answered from their receipts.
pub(super) fn reject_as_closed(works: &[FulfilmentWorkId]) -> Vec<Part> {
    works.iter().map(|work| (*work, Err(Stop::from(Refusal::WaveClosed.at(At::input(Field::Id)))))).collect()
}

/// True if no work was changed: each step is a replay under the same key, or is rejected.
pub(super) fn has_no_changes(parts: &[(FulfilmentWorkId, SubmitResult)]) -> bool {
    !parts.iter().any(|(_, outcome)| outcome.as_ref().is_ok_and(|receipt| receipt.stored.is_none()))
}
