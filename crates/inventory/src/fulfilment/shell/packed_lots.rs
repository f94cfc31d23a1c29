//! Lots and serial numbers of parcels, as callers name them.

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};
use serde::Serialize;

use super::{MAX_LINES, PackParcel};
use crate::{
    fulfilment::{
        core::{NamedLot, Work},
        rows,
    },
    ledger::{Checks, Ledger, LotRef, chosen},
    stock::core::{At, Field, LotChoice},
};

/// A lot that a line of a parcel names.
#[derive(Debug, Clone, Serialize)]
pub struct PackLot {
    /// Which of the parcel's lines, from 0.
    pub row: usize,
    /// Which of that line's lots, from 0.
    #[serde(skip)]
    pub nth: usize,
    pub lot: LotRef,
    pub quantity: Quantity,
}

/// How many lots may be named, and how long their codes may be.
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

/// The lots that parcels of a work name, as the rules take them: a code is looked for among the lots of its line's product. Nothing is read where
/// none is named.
pub(super) async fn named_lots(
    ledger: &Ledger,
    scope: &TenantScope,
    work: FulfilmentWorkId,
    parcels: &[PackParcel],
) -> Result<Vec<Vec<NamedLot>>, Fault> {
    let named = |one: &PackLot| {
        let choice = chosen(ledger, Some(&one.lot));
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
    let known = rows::lots_coded(scope, &codes).await?;
    for (parcel, lots) in parcels.iter().zip(&mut all) {
        for lot in lots {
            if let Some(code) = code_of(works.first(), parcel, lot) {
                lot.id = known.get(&code).copied();
            }
        }
    }
    Ok(all)
}

/// The product and the code that a lot is named by; None of one that is named by its id, or of a line that is none of the work's.
fn code_of(work: Option<&Work>, parcel: &PackParcel, lot: &NamedLot) -> Option<(ProductId, String)> {
    let LotChoice::Named(name) = &lot.choice else { return None };
    let work = work?;
    let (id, _) = parcel.lines.as_ref()?.get(lot.row)?;
    let (of, nth) = id.split_line();
    let line = work.lines.iter().find(|line| of == work.head.id && line.nth == nth)?;
    Some((line.product, name.key.clone()))
}
