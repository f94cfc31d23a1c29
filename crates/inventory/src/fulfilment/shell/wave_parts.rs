//! The steps of a wave's works, before they are handed to the ledger.

use entity::prelude::*;
use futures_util::future::join_all;
use iam::access::{Permit, kind};
use platform::storage::{Fault, TenantScope};

use super::{LabelSaid, let_go, on, steps::collect_code, wave_steps::WaveFound, with_those_here};
use crate::{
    fulfilment::core::{NewParcel, On, Refusal, Ship, Step, Why, WorkCommand},
    ledger::{Command, Done, Ledger, Stop, document_ids},
    orders::rows::stocked_levels,
    stock::core::{At, Field, LevelKey, RoomRefusal, Shortage},
};

/// Works whose goods are looked for in other stores at once.
const AT_ONCE: usize = 20;

/// A step of a work, or why there is none.
pub(super) type Part = (FulfilmentWorkId, Result<Command, Stop>);

/// Picking: of works that are not named all of it.
pub(super) async fn pickings(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
    found: &[WaveFound],
) -> Result<Vec<Part>, Fault> {
    let scope = permit.scope(ledger.database());
    let mut waiting = Vec::with_capacity(works.len());
    for (work, meant) in works.iter().zip(on(ledger, permit, works, None).await?) {
        let found = found.iter().find(|found| found.work == *work);
        waiting.push(Box::pin(picking(ledger, &scope, *work, meant, found)));
    }
    let mut parts = Vec::with_capacity(works.len());
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(AT_ONCE));
        parts.extend(join_all(waiting).await);
        waiting = rest;
    }
    Ok(parts)
}

async fn picking(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    (on, store): (On, StoreId),
    found: Option<&WaveFound>,
) -> Part {
    let lines = found.and_then(|found| found.lines.clone());
    if found.is_some_and(|found| found.is_short) {
        let command = let_go::letting_go(ledger, scope, (on, store), (lines, Why::NotFound)).await;
        return (work, command.map(Command::of));
    }
    (work, Ok(Command::of(WorkCommand::Step(on, Step::Pick(lines)))))
}

/// Packing: one parcel for each work.
pub(super) async fn packings(
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

/// Saying that goods can be collected.
pub(super) async fn arrivals(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentWork>,
    works: &[FulfilmentWorkId],
) -> Result<Vec<Part>, Fault> {
    let meant = works.iter().zip(on(ledger, permit, works, None).await?);
    let parts = meant.map(|(work, (on, _))| {
        let command = WorkCommand::Step(on, Step::Ready(collect_code(ledger)));
        (*work, Ok(Command::of(command)))
    });
    Ok(parts.collect())
}

/// Shipping what is packed.
pub(super) async fn shipments(
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
        let command = WorkCommand::Ship(on, Box::new(ship), with_those_here(&own, store));
        parts.push((*work, Ok(Command::of(command))));
    }
    Ok(parts)
}

/// Of a call that is repeated after its wave was closed nothing is done: works that were done answer as they did.
pub(super) fn ended(works: &[FulfilmentWorkId]) -> Vec<Part> {
    works.iter().map(|work| (*work, Err(Stop::from(Refusal::WaveClosed.at(At::input(Field::Id)))))).collect()
}

/// Whether no work was changed: each was before, under the same key, or is refused.
pub(super) fn is_nothing_new(parts: &[(FulfilmentWorkId, Done)]) -> bool {
    !parts.iter().any(|(_, done)| done.as_ref().is_ok_and(|receipt| receipt.stored.is_none()))
}
