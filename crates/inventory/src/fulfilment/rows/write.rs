//! Rows of works after a batch: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{fulfilment, fulfilment_work, fulfilment_work_line, order_line_barred, parcel, parcel_line, parcel_line_lot},
};
use platform::storage::{Bulk, Rows, new_and_changed};
use uuid::Uuid;

use super::{load::WorkRow, parcels::HeadRow};
use crate::{
    fulfilment::core::{Parcel, ParcelLine, ParcelLot, StoreRefusal, Work, WorkBefore, WorkHead, WorkLine},
    orders::core::{Fulfilment, count},
};

#[derive(Record)]
#[record(of = fulfilment_work)]
struct ChangedWork {
    id: FulfilmentWorkId,
    status: WorkStatus,
    due_at: Timestamp,
    accepted_at: Option<Timestamp>,
    assignee_kind: Option<ActorKind>,
    assignee_id: Option<Uuid>,
    ready_at: Option<Timestamp>,
    collect_code: Option<String>,
    reject_reason: Option<RejectReason>,
    reject_note: Option<String>,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = fulfilment_work_line)]
struct NewLine {
    work_id: FulfilmentWorkId,
    nth: i32,
    order_id: OrderId,
    position: i32,
    product_id: ProductId,
    quantity: Quantity,
    open: Quantity,
    picked: Quantity,
    packed: Quantity,
    shipped: Quantity,
    dropped: Quantity,
}

#[derive(Record)]
#[record(of = fulfilment_work_line)]
struct ChangedLine {
    work_id: FulfilmentWorkId,
    nth: i32,
    quantity: Quantity,
    open: Quantity,
    picked: Quantity,
    packed: Quantity,
    shipped: Quantity,
    dropped: Quantity,
}

#[derive(Record)]
#[record(of = parcel)]
struct ChangedParcel {
    id: ParcelId,
    fulfilment_id: Option<FulfilmentId>,
    carrier_id: Option<CarrierId>,
    service: Option<String>,
    tracking_number: Option<String>,
}

#[derive(Record)]
#[record(of = parcel_line)]
struct NewParcelLine {
    parcel_id: ParcelId,
    work_id: FulfilmentWorkId,
    nth: i32,
    quantity: Quantity,
}

#[derive(Record)]
#[record(of = parcel_line)]
struct ChangedParcelLine {
    parcel_id: ParcelId,
    nth: i32,
    quantity: Quantity,
}

#[derive(Record)]
#[record(of = parcel_line_lot)]
struct LotRow {
    parcel_id: ParcelId,
    nth: i32,
    lot_id: LotId,
    units: i64,
    has_left: bool,
}

#[derive(Record)]
#[record(of = fulfilment)]
struct ArrivedFulfilment {
    id: FulfilmentId,
    status: FulfilmentStatus,
    delivered_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    failed_reason: Option<String>,
}

#[derive(Record)]
#[record(of = order_line_barred)]
struct NewStoreRefusal {
    order_id: OrderId,
    position: i32,
    store_id: StoreId,
    barred_at: Timestamp,
    actor_kind: ActorKind,
    actor_id: Uuid,
}

impl From<&WorkHead> for WorkRow {
    fn from(head: &WorkHead) -> Self {
        Self {
            id: head.id,
            order_id: head.order,
            nth: head.nth.into(),
            store_id: head.store,
            status: head.status,
            due_at: head.due_at,
            accepted_at: head.accepted.map(|accepted| accepted.at),
            assignee_kind: head.accepted.map(|accepted| accepted.by.kind),
            assignee_id: head.accepted.map(|accepted| accepted.by.id),
            ready_at: head.ready.as_ref().map(|ready| ready.at),
            collect_code: head.ready.as_ref().map(|ready| ready.code.clone()),
            reject_reason: head.rejected.as_ref().map(|rejected| rejected.reason),
            reject_note: head.rejected.as_ref().and_then(|rejected| rejected.note.clone()),
            moved_from: head.moved_from,
            version: head.version,
            created_at: head.created_at,
            updated_at: head.updated_at,
        }
    }
}

impl From<&WorkHead> for ChangedWork {
    fn from(head: &WorkHead) -> Self {
        let row = WorkRow::from(head);
        Self {
            id: row.id,
            status: row.status,
            due_at: row.due_at,
            accepted_at: row.accepted_at,
            assignee_kind: row.assignee_kind,
            assignee_id: row.assignee_id,
            ready_at: row.ready_at,
            collect_code: row.collect_code,
            reject_reason: row.reject_reason,
            reject_note: row.reject_note,
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

impl NewLine {
    fn of(work: &WorkHead, line: &WorkLine) -> Self {
        Self {
            work_id: work.id,
            nth: line.nth.into(),
            order_id: work.order,
            position: line.position.into(),
            product_id: line.product,
            quantity: count(line.quantity()),
            open: count(line.open),
            picked: count(line.picked),
            packed: count(line.packed),
            shipped: count(line.shipped),
            dropped: count(line.dropped),
        }
    }
}

impl ChangedLine {
    fn of(work: &WorkHead, line: &WorkLine) -> Self {
        Self {
            work_id: work.id,
            nth: line.nth.into(),
            quantity: count(line.quantity()),
            open: count(line.open),
            picked: count(line.picked),
            packed: count(line.packed),
            shipped: count(line.shipped),
            dropped: count(line.dropped),
        }
    }
}

impl HeadRow {
    fn of(work: &WorkHead, parcel: &Parcel) -> Self {
        Self {
            id: parcel.id,
            work_id: work.id,
            position: parcel.position.into(),
            fulfilment_id: parcel.sent.map(|sent| sent.fulfilment),
            carrier_id: parcel.label.carrier,
            service: parcel.label.service.clone(),
            tracking_number: parcel.label.tracking_number.clone(),
            weight: parcel.weight,
            created_at: parcel.created_at,
        }
    }
}

impl From<&Parcel> for ChangedParcel {
    fn from(parcel: &Parcel) -> Self {
        Self {
            id: parcel.id,
            fulfilment_id: parcel.sent.map(|sent| sent.fulfilment),
            carrier_id: parcel.label.carrier,
            service: parcel.label.service.clone(),
            tracking_number: parcel.label.tracking_number.clone(),
        }
    }
}

impl LotRow {
    fn of(parcel: &Parcel, lot: &ParcelLot) -> Self {
        let (nth, has_left) = (lot.nth.into(), parcel.sent.is_some());
        Self { parcel_id: parcel.id, nth, lot_id: lot.lot, units: lot.units, has_left }
    }
}

impl From<&Fulfilment> for ArrivedFulfilment {
    /// Earlier versions of Entrepot have no FAILED: a failed shipment stays SHIPPED, with the time
    /// of the failure.
    fn from(fulfilment: &Fulfilment) -> Self {
        let has_failed = fulfilment.status == FulfilmentStatus::Failed;
        Self {
            id: fulfilment.id,
            status: if has_failed { FulfilmentStatus::Shipped } else { fulfilment.status },
            delivered_at: fulfilment.delivered_at,
            failed_at: fulfilment.failed_at,
            failed_reason: fulfilment.failed_reason.clone(),
        }
    }
}

/// Columns of a work that only later steps set, or a move of goods from another work.
const RARELY_SET_WORK_COLUMNS: &[&str] =
    &["accepted_at", "assignee_kind", "assignee_id", "ready_at", "collect_code", "reject_reason", "reject_note", "moved_from"];

/// Returns the rows of works after the batch, without their lines: new ones, then changed ones.
/// Each work comes with its state from before the batch.
pub fn work_rows(tenant: TenantId, works: &[(&Work, Option<WorkBefore>)]) -> [Bulk; 2] {
    let works = works.iter().map(|(work, before)| (&work.head, before.is_some()));
    let [new, changed] = new_and_changed::<WorkRow, ChangedWork, _>(tenant, works);
    [new.rarely_set(RARELY_SET_WORK_COLUMNS), changed]
}

/// Returns the rows of the works' lines and parcels.
pub fn line_rows(tenant: TenantId, works: &[(&Work, Option<WorkBefore>)]) -> [Bulk; 8] {
    let (mut new_lines, mut changed_lines) = (Rows::<NewLine>::insert(tenant), Rows::<ChangedLine>::update(tenant));
    let (mut new_parcels, mut changed_parcels) = (Rows::<HeadRow>::insert(tenant), Rows::<ChangedParcel>::update(tenant));
    let (mut new_parcel_lines, mut changed_parcel_lines) =
        (Rows::<NewParcelLine>::insert(tenant), Rows::<ChangedParcelLine>::update(tenant));
    let (mut new_lots, mut changed_lots) = (Rows::<LotRow>::insert(tenant), Rows::<LotRow>::update(tenant));
    for (work, before) in works {
        let (lines, parcels) = before.map_or((0, 0), |before| (before.lines, before.parcels));
        let head = &work.head;
        changed_lines.extend(work.lines.iter().take(lines).map(|line| ChangedLine::of(head, line)));
        new_lines.extend(work.lines.iter().skip(lines).map(|line| NewLine::of(head, line)));
        for parcel in work.parcels.iter().take(parcels) {
            changed_parcels.push(parcel.into());
            let line = |line: &ParcelLine| ChangedParcelLine {
                parcel_id: parcel.id,
                nth: line.nth.into(),
                quantity: count(line.quantity),
            };
            changed_parcel_lines.extend(parcel.lines.iter().map(line));
            changed_lots.extend(parcel.lots.iter().map(|lot| LotRow::of(parcel, lot)));
        }
        for parcel in work.parcels.iter().skip(parcels) {
            new_parcels.push(HeadRow::of(head, parcel));
            let line = |line: &ParcelLine| NewParcelLine {
                parcel_id: parcel.id,
                work_id: head.id,
                nth: line.nth.into(),
                quantity: count(line.quantity),
            };
            new_parcel_lines.extend(parcel.lines.iter().map(line));
            new_lots.extend(parcel.lots.iter().map(|lot| LotRow::of(parcel, lot)));
        }
    }
    [
        new_lines.into(),
        changed_lines.into(),
        new_parcels.into(),
        changed_parcels.into(),
        new_parcel_lines.into(),
        changed_parcel_lines.into(),
        new_lots.into(),
        changed_lots.into(),
    ]
}

/// Returns the rows of fulfilments that arrived or failed.
pub fn arrived_rows<'a>(tenant: TenantId, arrived: impl Iterator<Item = &'a Fulfilment>) -> Bulk {
    let mut rows = Rows::<ArrivedFulfilment>::update(tenant);
    rows.extend(arrived.map(ArrivedFulfilment::from));
    rows.into()
}

/// Returns the rows of stores that refused lines.
pub fn store_refusal_rows<'a>(tenant: TenantId, bars: impl Iterator<Item = &'a StoreRefusal>) -> Bulk {
    let mut rows = Rows::<NewStoreRefusal>::insert(tenant);
    rows.extend(bars.map(|bar| NewStoreRefusal {
        order_id: bar.order,
        position: bar.position.into(),
        store_id: bar.store,
        barred_at: bar.at,
        actor_kind: bar.by.kind,
        actor_id: bar.by.id,
    }));
    rows.into()
}
