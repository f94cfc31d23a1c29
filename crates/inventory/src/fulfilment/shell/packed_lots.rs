//! Parcels to pack, as input, and the lots and serial numbers that they name.

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};
use serde::Serialize;

use super::input::{LabelFields, Lines, MAX_LINES};
use crate::{
    fulfilment::{
        core::{RequestedLot, Work},
        rows,
    },
    ledger::{Checks, Ledger, LotRef, lot_choice},
    stock::core::{At, Field, LotChoice},
};

#[derive(Debug, Clone, Serialize)]
pub struct PackParcel {
    pub lines: Lines,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<PackLot>,
    pub weight: Option<i64>,
    pub label: LabelFields,
}

/// A lot that a line of a parcel names.
#[derive(Debug, Clone, Serialize)]
pub struct PackLot {
    /// Index of the parcel's line, from 0.
    pub row: usize,
    /// Index of the lot within that line, from 0.
    #[serde(skip)]
    pub nth: usize,
    pub lot: LotRef,
    pub quantity: Quantity,
}

/// Checks the number of named lots and the length of their codes.
pub(super) fn check_packed_lots(parcels: &[PackParcel], checks: &mut Checks) {
    let lots = parcels.iter().map(|parcel| parcel.lots.len()).sum();
    checks.items(lots, MAX_LINES, || At::input(Field::Parcels));
    for (index, parcel) in parcels.iter().enumerate() {
        for pack_lot in parcel.lots.iter().take(MAX_LINES) {
            let line = At::row(Field::Parcels, index).part(Field::Lines, pack_lot.row);
            checks.lot(Some(&pack_lot.lot), || line.item(Field::Lots, pack_lot.nth));
        }
    }
}

/// Returns the lots that parcels of a work name, for the rules: a code is looked up among the lots
/// of its line's product. Reads nothing if no lots are named.
pub(super) async fn resolve_named_lots(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    parcels: &[PackParcel],
) -> Result<Vec<Vec<RequestedLot>>, Fault> {
    let to_named_lot = |pack_lot: &PackLot| {
        let choice = lot_choice(ledger, Some(&pack_lot.lot));
        let id = if let LotChoice::Id(id) = &choice { Some(*id) } else { None };
        RequestedLot { row: pack_lot.row, choice, id, quantity: pack_lot.quantity }
    };
    let mut lots_by_parcel: Vec<Vec<RequestedLot>> =
        parcels.iter().map(|parcel| parcel.lots.iter().map(to_named_lot).collect()).collect();
    if lots_by_parcel.iter().all(Vec::is_empty) {
        return Ok(lots_by_parcel);
    }
    let works = rows::load_works(scope, &[work]).await?;
    let mut codes: Vec<(ProductId, String)> = Vec::new();
    for (parcel, lots) in parcels.iter().zip(&lots_by_parcel) {
        codes.extend(lots.iter().filter_map(|lot| find_lot_code(works.first(), parcel, lot)));
    }
    let ids_by_code = rows::lots_by_code(scope, &codes).await?;
    for (parcel, lots) in parcels.iter().zip(&mut lots_by_parcel) {
        for lot in lots {
            if let Some(code) = find_lot_code(works.first(), parcel, lot) {
                lot.id = ids_by_code.get(&code).copied();
            }
        }
    }
    Ok(lots_by_parcel)
}

/// Returns the product and the code of a named lot; None for a lot that is named by its ID, or on a
/// line that is not of the work.
fn find_lot_code(work: Option<&Work>, parcel: &PackParcel, lot: &RequestedLot) -> Option<(ProductId, String)> {
    let LotChoice::Named(name) = &lot.choice else { return None };
    let work = work?;
    let (id, _) = parcel.lines.as_ref()?.get(lot.row)?;
    let (work_id, nth) = id.split_line();
    let line = work.lines.iter().find(|line| work_id == work.head.id && line.nth == nth)?;
    Some((line.product, name.key.clone()))
}
