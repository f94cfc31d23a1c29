//! Parcels of works, with their labels and shipments.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{fulfilment, fulfilment_work, parcel, parcel_line, parcel_line_lot},
};
use platform::storage::{Fault, Finds, Reads};

use crate::fulfilment::core::{Label, Parcel, ParcelLine, ParcelLot, ParcelShipment, Work};

/// A parcel's row, without its lines, as it is inserted and read.
#[derive(Record)]
#[record(of = parcel)]
pub(super) struct HeadRow {
    pub id: ParcelId,
    pub work_id: FulfilmentWorkId,
    pub position: i32,
    pub fulfilment_id: Option<FulfilmentId>,
    pub carrier_id: Option<CarrierId>,
    pub service: Option<String>,
    pub tracking_number: Option<String>,
    pub weight: Option<i64>,
    pub created_at: Timestamp,
}

#[derive(Record)]
struct ParcelRow {
    #[record(alias = "p")]
    head: HeadRow,
    #[record(of = fulfilment, alias = "f", outer)]
    status: Option<FulfilmentStatus>,
    #[record(of = fulfilment, alias = "f", outer)]
    failed_at: Option<Timestamp>,
}

/// A line with one of its lots, or with none.
#[derive(Record)]
struct LineRow {
    #[record(of = parcel_line, alias = "l")]
    parcel_id: ParcelId,
    #[record(of = parcel_line, alias = "l")]
    nth: i32,
    #[record(of = parcel_line, alias = "l")]
    quantity: Quantity,
    #[record(of = parcel_line_lot, alias = "x", outer)]
    lot_id: Option<LotId>,
    #[record(of = parcel_line_lot, alias = "x", outer)]
    units: Option<i64>,
}

#[derive(Record)]
struct ParcelLocationRow {
    #[record(of = fulfilment_work, alias = "w")]
    id: FulfilmentWorkId,
    #[record(of = fulfilment_work, alias = "w")]
    order_id: OrderId,
    #[record(of = fulfilment_work, alias = "w")]
    store_id: StoreId,
}

impl From<ParcelRow> for Parcel {
    fn from(row: ParcelRow) -> Self {
        let ParcelRow { head, status, failed_at } = row;
        let status = if failed_at.is_some() { Some(FulfilmentStatus::Failed) } else { status };
        Self {
            id: head.id,
            position: head.position as u16,
            weight: head.weight,
            label: Label { carrier: head.carrier_id, service: head.service, tracking_number: head.tracking_number },
            sent: head.fulfilment_id.zip(status).map(|(fulfilment, status)| ParcelShipment { fulfilment, status }),
            created_at: head.created_at,
            lines: Vec::new(),
            lots: Vec::new(),
        }
    }
}

/// Reads the parcels of works, each into the work at its place.
pub(super) async fn fill_parcels(
    reads: &impl Reads,
    indices: &HashMap<FulfilmentWorkId, usize>,
    works: &mut [Work],
) -> Result<(), Fault> {
    let backend = reads.backend();
    let work_parcels = select_parcels(reads, &backend.in_ids("p.work_id", 2), backend.ids(indices.keys().copied())).await?;
    for (work, parcel) in work_parcels {
        if let Some(work) = indices.get(&work).and_then(|index| works.get_mut(*index)) {
            work.parcels.push(parcel);
        }
    }
    Ok(())
}

/// Returns the parcels of these fulfilments, with the work of each.
pub async fn load_parcels(reads: &impl Reads, fulfilments: &[FulfilmentId]) -> Result<Vec<(FulfilmentWorkId, Parcel)>, Fault> {
    let backend = reads.backend();
    select_parcels(reads, &backend.in_ids("p.fulfilment_id", 2), backend.ids(fulfilments.iter().copied())).await
}

async fn select_parcels(
    reads: &impl Reads,
    condition: &str,
    value: sea_orm::Value,
) -> Result<Vec<(FulfilmentWorkId, Parcel)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM parcel p LEFT JOIN fulfilment f ON f.tenant_id = p.tenant_id AND f.id = p.fulfilment_id
         WHERE p.tenant_id = $1 AND {condition} ORDER BY p.work_id, p.position",
        select = ParcelRow::SELECT
    );
    let rows = reads.records::<ParcelRow>(&sql, vec![value]).await?;
    let mut parcels: Vec<(FulfilmentWorkId, Parcel)> =
        rows.into_iter().map(|row| (row.head.work_id, Parcel::from(row))).collect();
    if parcels.is_empty() {
        return Ok(parcels);
    }
    let indices: HashMap<ParcelId, usize> = parcels.iter().enumerate().map(|(index, (_, parcel))| (parcel.id, index)).collect();
    let (select, parcel_condition) = (LineRow::SELECT, backend.in_ids("l.parcel_id", 2));
    let sql = format!(
        "SELECT {select} FROM parcel_line l
         LEFT JOIN parcel_line_lot x ON x.tenant_id = l.tenant_id AND x.parcel_id = l.parcel_id AND x.nth = l.nth
         WHERE l.tenant_id = $1 AND {parcel_condition} ORDER BY l.parcel_id, l.nth, x.lot_id"
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(indices.keys().copied())]).await? {
        let Some((_, parcel)) = indices.get(&row.parcel_id).and_then(|index| parcels.get_mut(*index)) else { continue };
        let nth = row.nth as u16;
        if parcel.lines.last().is_none_or(|line| line.nth != nth) {
            parcel.lines.push(ParcelLine { nth, quantity: row.quantity.get() });
        }
        parcel.lots.extend(row.lot_id.zip(row.units).map(|(lot, units)| ParcelLot { nth, lot, units }));
    }
    parcels.iter_mut().filter(|(_, parcel)| !parcel.lots.is_empty()).for_each(|(_, parcel)| parcel.drop_stale_lots());
    Ok(parcels)
}

/// Work, order and store of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParcelLocation {
    pub work: FulfilmentWorkId,
    pub order: OrderId,
    pub store: StoreId,
}

/// Returns the work, order and store of a parcel.
pub async fn parcel_location(reads: &impl Reads, id: ParcelId) -> Result<Option<ParcelLocation>, Fault> {
    let sql = format!(
        "SELECT {select} FROM parcel p JOIN fulfilment_work w ON w.tenant_id = p.tenant_id AND w.id = p.work_id
         WHERE p.tenant_id = $1 AND p.id = $2",
        select = ParcelLocationRow::SELECT
    );
    let row = reads.records::<ParcelLocationRow>(&sql, vec![id.into()]).await?.into_iter().next();
    Ok(row.map(|row| ParcelLocation { work: row.id, order: row.order_id, store: row.store_id }))
}
