//! Lines that count packs: `packs` of a barcode become smallest units before the rest of an input is read.

use async_graphql::Context;
use entity::prelude;
use inventory::{
    catalog::core::gtin,
    ledger::{Ledger, pack_quantities},
};

use crate::{
    catalog::ProductRef,
    graphql::{
        context::ContextExt,
        fault::Answer,
        refusal::{ErrorCode, Path, UserError},
        scalars::Quantity,
    },
};

/// Refusals that a call reports at most, as of other inputs.
const MOST_REPORTED: usize = 10;

/// How much a line of an input says, in smallest units or in packs.
pub struct PackLine<'a> {
    pub product: Option<&'a ProductRef>,
    pub units: &'a mut Option<Quantity>,
    pub packs: Option<i32>,
    /// The field that counts smallest units.
    pub name: &'static str,
    /// The place of the line in the input.
    pub at: Path,
}

impl PackLine<'_> {
    fn refused(&self, code: ErrorCode, message: impl Into<String>, name: &str) -> UserError {
        let mut path = self.at.clone();
        path.push(name.to_owned());
        UserError::new(code, message, path)
    }
}

/// Says each line in smallest units, or what is wrong with lines. A barcode that is not there is refused later, with the other names. One statement where a
/// line counts packs, else none.
pub async fn in_units(ctx: &Context<'_>, lines: Vec<PackLine<'_>>) -> Answer<Vec<UserError>> {
    let (mut errors, mut counted) = (Vec::new(), Vec::new());
    for line in lines {
        let name = line.name;
        match (line.packs, line.units.is_some(), line.product) {
            (None, true, _) => {}
            (None, false, _) => errors.push(line.refused(ErrorCode::Required, format!("{name} or packs is needed"), name)),
            (Some(_), true, _) => {
                errors.push(line.refused(ErrorCode::Invalid, format!("{name} or packs is expected, not both"), "packs"));
            }
            (Some(packs), false, Some(ProductRef::Barcode(code))) => counted.push((gtin::key(code.trim()), packs, line)),
            (Some(_), false, _) => {
                let message = "packs are counted of a product that is named by a barcode";
                errors.push(line.refused(ErrorCode::Invalid, message, "packs"));
            }
        }
    }
    if !counted.is_empty() {
        let scope = ctx.given::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
        let known = pack_quantities(&scope, counted.iter().map(|(key, ..)| key.clone()).collect()).await?;
        for (key, packs, line) in counted {
            let pack = known.get(&key).copied().unwrap_or(1);
            match i64::from(packs).checked_mul(pack).and_then(prelude::Quantity::new) {
                Some(units) => *line.units = Some(Quantity(units)),
                None => errors.push(line.refused(ErrorCode::OutOfRange, "these are more units than can be counted", "packs")),
            }
        }
    }
    errors.truncate(MOST_REPORTED);
    Ok(errors)
}
