//! Parcels to pack, as input, and the lots and serial numbers that they name.

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};
use serde::Serialize;

use super::input::{LabelSaid, Lines, MAX_LINES};
use crate::{
    fulfilment::{
        core::{NamedLot, Work},
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
    pub label: LabelSaid,
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
pub(super) fn check(parcels: &[PackParcel], checks: &mut Checks) {
    let lots = parcels.iter().map(|parcel| parcel.lots.len()).sum();
    checks.items(lots, MAX_LINES, || At::input(Field::Parcels));
    for (index, parcel) in parcels.iter().enumerate() {
        for one in parcel.lots.iter().take(MAX_LINES) {
            let line = At::row(Field::Parcels, index).part(Field::Lines, one.row);
            checks.lot(Some(&one.lot), || line.item(Field::Lots, one.nth));
        }
    }
}

/// Returns the lots that parcels of a work name, for the rules: a code is looked up among the lots
/// of its line's product. Reads nothing if no lots are named.
pub(super) async fn named_lots(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    parcels: &[PackParcel],
) -> Result<Vec<Vec<NamedLot>>, Fault> {
    let named = |one: &PackLot| {
        let choice = lot_choice(ledger, Some(&one.lot));
        let id = if let LotChoice::Id(id) = &choice { Some(*id) } else { None };
        NamedLot { row: one.row, choice, id, quantity: one.quantity }
    };
    let mut all: Vec<Vec<NamedLot>> = parcels.iter().map(|parcel| parcel.lots.iter().map(named).collect()).collect();
    if all.iter().all(Vec::is_empty) {
        return Ok(all);
    }
    let works = rows::works(scope, &[work]).await?;
    let mut codes: Vec<(ProductId, String)> = Vec::new();
    for (parcel, lots) in parcels.iter().zip(&all) {
        codes.extend(lots.iter().filter_map(|lot| code_of(works.first(), parcel, lot)));
    }
    let known = rows::lots_by_code(scope, &codes).await?;
    for (parcel, lots) in parcels.iter().zip(&mut all) {
        for lot in lots {
            if let Some(code) = code_of(works.first(), parcel, lot) {
                lot.id = known.get(&code).copied();
            }
        }
    }
    Ok(all)
}

/// Returns the product and the code of a named lot; None for a lot that is named by its ID, or on a
/// line that is not of the work.
fn code_of(work: Option<&Work>, parcel: &PackParcel, lot: &NamedLot) -> Option<(ProductId, String)> {
    let LotChoice::Named(name) = &lot.choice else { return None };
    let work = work?;
    let (id, _) = parcel.lines.as_ref()?.get(lot.row)?;
    let (of, nth) = id.split_line();
    let line = work.lines.iter().find(|line| of == work.head.id && line.nth == nth)?;
    Some((line.product, name.key.clone()))
}
