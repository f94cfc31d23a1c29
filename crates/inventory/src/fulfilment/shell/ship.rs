//! Parcels that leave, and their arrivals.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::Fault;
use serde::Serialize;

use super::{
    input::{LabelFields, MAX_PARCELS},
    levels::load_line_levels,
    ownership::{is_visible_store, resolve_work},
};
use crate::{
    fulfilment::{
        core::{Arrival, Ship, Track, WorkCommand, WorkRef},
        rows,
    },
    ledger::{
        Checks, Command, Ledger, MAX_NOTE, MAX_REFERENCE, Mode, SubmitResult, check_key, check_override, document_ids, key_of,
        may_override, submit,
    },
    orders,
    stock::core::{At, Field, Shortage},
};

/// Input of a shipment of parcels.
#[derive(Debug, Clone, Serialize)]
pub struct WorkShip {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// None for all packed parcels.
    pub parcels: Option<Vec<ShipParcel>>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShipParcel {
    pub parcel: ParcelId,
    pub label: LabelFields,
}

/// Input of a pickup by the customer.
#[derive(Debug, Clone, Serialize)]
pub struct WorkCollect {
    #[serde(skip)]
    pub idempotency_key: String,
    pub work: FulfilmentWorkId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub code: String,
}

/// Input of an arrival, or of a failed delivery.
#[derive(Debug, Clone, Serialize)]
pub struct FulfilmentArrive {
    #[serde(skip)]
    pub idempotency_key: String,
    pub fulfilment: FulfilmentId,
    /// Reason of a failed delivery; None if the goods arrived.
    pub failed: Option<String>,
    pub occurred_at: Option<Timestamp>,
}

/// Input of a parcel's new label.
#[derive(Debug, Clone, Serialize)]
pub struct ParcelTrack {
    #[serde(skip)]
    pub idempotency_key: String,
    pub parcel: ParcelId,
    pub label: LabelFields,
}

/// Ships parcels of a work: one sale, and one fulfilment of the order.
pub async fn work_ship(ledger: &Ledger, permit: Permit<kind::FulfilmentShip>, input: WorkShip, mode: Mode) -> SubmitResult {
    let override_reach = may_override(&permit, input.on_shortage)?;
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.items(input.parcels.as_ref().map_or(0, Vec::len), MAX_PARCELS, || At::input(Field::Parcels));
    for (index, parcel) in input.parcels.iter().flatten().enumerate().take(MAX_PARCELS) {
        parcel.label.check(&mut checks, At::row(Field::Parcels, index));
    }
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkShip", &input.idempotency_key, &input);
    let resolved_work = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let parcels = input.parcels.map(|labelled_parcels| {
        labelled_parcels.into_iter().map(|labelled_parcel| (labelled_parcel.parcel, labelled_parcel.label.label())).collect()
    });
    let command_input = Ship {
        parcels,
        code: None,
        occurred_at: input.occurred_at,
        on_shortage: input.on_shortage,
        fulfilment: ledger.clock().id(),
        movements: document_ids(ledger),
    };
    let command = build_ship_command(ledger, &permit, resolved_work, (command_input, &override_reach)).await?;
    submit(ledger, &permit, command, key, mode).await
}

/// Hands a work over to the customer, who gives its pickup code.
pub async fn work_collect(ledger: &Ledger, permit: Permit<kind::FulfilmentShip>, input: WorkCollect, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.check_required(&input.code, MAX_REFERENCE, || At::input(Field::Code));
    checks.done()?;
    let key = key_of(&permit, "fulfilmentWorkCollect", &input.idempotency_key, &input);
    let resolved_work = resolve_work(ledger, &permit, input.work, input.expected_version).await?;
    let command_input = Ship {
        parcels: None,
        code: Some(input.code),
        occurred_at: None,
        on_shortage: Shortage::Refuse,
        fulfilment: ledger.clock().id(),
        movements: document_ids(ledger),
    };
    let command = build_ship_command(ledger, &permit, resolved_work, (command_input, &Reach::Everywhere)).await?;
    submit(ledger, &permit, command, key, mode).await
}

async fn build_ship_command(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentShip>,
    (work_ref, store): (WorkRef, StoreId),
    (ship, override_reach): (Ship, &Reach),
) -> Result<Command, crate::ledger::Stop> {
    check_override(override_reach, [store])?;
    let levels = load_line_levels(&permit.scope(ledger.database()), work_ref.order, store).await?;
    Ok(Command::of(WorkCommand::Ship(work_ref, Box::new(ship), levels)))
}

/// Records that goods arrived, or why they did not. Goods that come back are entered as a return.
pub async fn fulfilment_arrive(
    ledger: &Ledger,
    permit: Permit<kind::FulfilmentShip>,
    input: FulfilmentArrive,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    if let Some(reason) = &input.failed {
        checks.check_required(reason, MAX_NOTE, || At::input(Field::Reason));
    }
    checks.done()?;
    let mutation = if input.failed.is_some() { "fulfilmentFail" } else { "fulfilmentDeliver" };
    let key = key_of(&permit, mutation, &input.idempotency_key, &input);
    let own_order = find_visible_order(ledger, &permit, input.fulfilment).await?;
    let unknown_ids = || (ledger.clock().document_id(), ledger.clock().id());
    let (order, fulfilment) = own_order.map_or_else(unknown_ids, |order| (order, input.fulfilment));
    let arrival = Arrival { order, fulfilment, failed: input.failed, at: input.occurred_at };
    submit(ledger, &permit, Command::of(WorkCommand::Arrive(arrival)), key, mode).await
}

/// Returns the order of a fulfilment from a store within the caller's reach.
async fn find_visible_order(
    ledger: &Ledger,
    permit: &Permit<kind::FulfilmentShip>,
    id: FulfilmentId,
) -> Result<Option<OrderId>, Fault> {
    let fulfilment_location = orders::rows::fulfilment(&permit.scope(ledger.database()), id).await?;
    Ok(fulfilment_location
        .filter(|work_location| is_visible_store(permit, work_location.store))
        .map(|work_location| work_location.order))
}

/// Changes the label of a parcel.
pub async fn parcel_track(ledger: &Ledger, permit: Permit<kind::FulfilmentShip>, input: ParcelTrack, mode: Mode) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    input.label.check(&mut checks, At::INPUT);
    checks.done()?;
    let key = key_of(&permit, "fulfilmentTrackingSet", &input.idempotency_key, &input);
    let parcel_location_found = rows::parcel_location(&permit.scope(ledger.database()), input.parcel).await?;
    let own_work = parcel_location_found
        .filter(|location| is_visible_store(&permit, location.store))
        .map(|location| (location.work, location.order));
    let (work, order) = own_work.unwrap_or_else(|| (ledger.clock().document_id(), ledger.clock().document_id()));
    let work_ref = WorkRef { work, order, expected_version: None, actor: permit.actor() };
    let track = Track { parcel: input.parcel, label: input.label.label() };
    submit(ledger, &permit, Command::of(WorkCommand::Track(work_ref, track)), key, mode).await
}
