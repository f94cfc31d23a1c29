//! Checks of the discount and the tax of a line, as stated in the input.

use entity::prelude::*;

use super::{amounts::Amounts, refusal::LineRefusal, tax_rate::TaxRate};
use crate::stock::core::{At, Rejection, RoomRefusal};

/// Returns the tax at a rate; rejects an amount below 0, and a stated tax that differs.
pub(super) fn tax_of(rate: TaxRate, amounts: &Amounts, stated_tax: Option<Money>, field: At) -> Result<Money, Rejection> {
    if amounts.gross.minor < 0 {
        return Err(LineRefusal::RateBelowZero.at(field));
    }
    let tax = rate.of(amounts.net());
    match stated_tax {
        Some(stated_tax) if stated_tax != tax => Err(LineRefusal::OtherTaxThanRate { tax }.at(field)),
        _ => Ok(tax),
    }
}

/// Returns a stated amount, or zero, in the currency of the line.
pub(super) fn stated_or_zero(stated_amount: Option<Money>, gross: Money, field: At) -> Result<Money, Rejection> {
    let amount = stated_amount.unwrap_or(Money::zero(gross.currency));
    if amount.currency != gross.currency {
        return Err(LineRefusal::OtherCurrency.at(field));
    }
    if amount.minor < 0 {
        return Err(LineRefusal::NegativeAmount.at(field));
    }
    Ok(amount)
}
