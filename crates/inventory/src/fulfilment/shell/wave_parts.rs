//! The steps of a wave's works, before they are submitted to the ledger.

use entity::prelude::*;
use futures_util::future::join_all;
use iam::access::{Permit, kind};
use platform::storage::{Fault, TenantScope};
use serde::Serialize;

use super::{
    decline,
    input::{LabelSaid, Lines},
    levels::with_levels_in_store,
    ownership::on,
    steps::generate_pickup_code,
};
use crate::{
    fulfilment::core::{NewParcel, Refusal, ReleaseReason, Ship, Step, WorkCommand, WorkRef},
    ledger::{Command, Done, Ledger, Stop, document_ids},
    orders::rows::stocked_levels,
    stock::core::{At, Field, LevelKey, RoomRefusal, Shortage},
};

/// Works whose goods are sourced from other stores at the same time.
const MAX_CONCURRENT_WORKS: usize = 20;

/// Quantities that were found for a work.
#[derive(Debug, Clone, Serialize)]
pub struct WaveFound {
    pub work: FulfilmentWorkId,
    pub lines: Lines,
    /// True if the rest is missing.
    pub is_short: bool,
}

/// A step of a work, or the reason why it has none.
pub(super) type Part = (FulfilmentWorkId, Result<Command, Stop>);

/// Returns the steps that pick works: those without an entry in `found` whole.
pub(super) async fn pick_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
    found: &[WaveFound],
) -> Result<Vec<Part>, Fault> {
    let scope = permit.scope(ledger.database());
    let mut waiting = Vec::with_capacity(works.len());
    for (work, meant) in works.iter().zip(on(ledger, permit, works, None).await?) {
        let found = found.iter().find(|found| found.work == *work);
        waiting.push(Box::pin(pick_step(ledger, &scope, *work, meant, found)));
    }
    let mut parts = Vec::with_capacity(works.len());
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(MAX_CONCURRENT_WORKS));
        parts.extend(join_all(waiting).await);
        waiting = rest;
    }
    Ok(parts)
}

async fn pick_step(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    (on, store): (WorkRef, StoreId),
    found: Option<&WaveFound>,
) -> Part {
    let lines = found.and_then(|found| found.lines.clone());
    if found.is_some_and(|found| found.is_short) {
        let command = decline::build_let_go_command(ledger, scope, (on, store), (lines, ReleaseReason::NotFound)).await;
        return (work, command.map(Command::of));
    }
    (work, Ok(Command::of(WorkCommand::Step(on, Step::Pick(lines)))))
}

/// Returns the steps that pack works: one parcel for each.
pub(super) async fn pack_steps(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
    label: &LabelSaid,
) -> Result<Vec<Part>, Fault> {
    let parcel =
        || NewParcel { id: ledger.clock().id(), lines: None, lots: Vec::new(), weight: None, label: label.clone().label() };
    let meant = works.iter().zip(on(ledger, permit, works, None).await?);
    let parts = meant.map(|(work, (on, _))| {
        let command = WorkCommand::Step(on, Step::Pack(vec![parcel()]));
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
    let meant = works.iter().zip(on(ledger, permit, works, None).await?);
    let parts = meant.map(|(work, (on, _))| {
        let command = WorkCommand::Step(on, Step::Ready(generate_pickup_code(ledger)));
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
    let meant = on(ledger, permit, works, None).await?;
    let orders: Vec<OrderId> = meant.iter().map(|(on, _)| on.order).collect();
    let held = stocked_levels(&permit.scope(ledger.database()), &orders).await?;
    let mut parts = Vec::with_capacity(works.len());
    for (work, (on, store)) in works.iter().zip(meant) {
        let own: Vec<LevelKey> = held.iter().filter(|(order, _)| *order == on.order).map(|(_, level)| *level).collect();
        let ship = Ship {
            parcels: None,
            code: None,
            occurred_at,
            on_shortage: Shortage::Refuse,
            fulfilment: ledger.clock().id(),
            movements: document_ids(ledger),
        };
        let command = WorkCommand::Ship(on, Box::new(ship), with_levels_in_store(&own, store));
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
pub(super) fn has_no_changes(parts: &[(FulfilmentWorkId, Done)]) -> bool {
    !parts.iter().any(|(_, done)| done.as_ref().is_ok_and(|receipt| receipt.stored.is_none()))
}
