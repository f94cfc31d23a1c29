//! Changing a line, and adding one. After DRAFT, `quantity` and `cancelled` only rise: the current
//! quantity is their difference.

use entity::prelude::*;
use serde::Serialize;

use super::{
    amounts::{Amounts, Basis, PlacedLine},
    book::OrderBook,
    kit,
    line::{Line, NewLine, check_product_active, count, price_line},
    order::Order,
    refusal::{LineRefusal, Refusal},
    reservations::LineDemand,
    stated_amounts::{stated_or_zero, tax_of},
    tax_rate::TaxRate,
};
use crate::stock::core::{At, Draft, Field, LevelKey, Noun, Rejection, RoomRefusal};

/// Maximum lines of an order.
pub const MAX_ORDER_LINES: usize = 2_000;

/// Change of a line; fields that are left out stay. Its JSON is part of the input that an
/// idempotency key's hash covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetLine {
    pub line: OrderLineId,
    /// New quantity of the line, not counting cancelled units.
    pub quantity: Option<Quantity>,
    /// Price of one whole unit, for the whole line.
    pub unit_price: Option<Money>,
    /// Discount on the quantity that is not cancelled.
    pub discount: Option<Money>,
    /// Replaces the line's tax rate, unless `tax_rate` is stated too.
    pub tax: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
}

/// Changes a line; returns its index, and by how many units it rises, negative if it falls. Its
/// reservations are not touched.
pub(super) fn set_line(draft: &Draft<'_>, order: &mut Order, set: &SetLine, place: At) -> Result<(usize, i64), Rejection> {
    let at = |name: Field| place.field(name);
    let (order_id, position) = set.line.split_line();
    let line_index = order.lines.iter().position(|line| order_id == order.id && line.position == position);
    let Some(index) = line_index else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    let (is_draft, store) = (order.status == OrderStatus::Draft, order.store);
    let line = &mut order.lines[index];
    let current = line.current();
    let new_quantity = set.quantity.map_or(current, Quantity::get);
    if new_quantity < line.fulfilled.get() {
        return Err(Refusal::LeastQuantity { least: line.fulfilled.get() }.at(at(Field::Quantity)));
    }
    let before = PlacedLine::from(&*line);
    apply_price(line, set, count(new_quantity), place)?;
    if new_quantity > current
        && let Some(product) = line.product()
        && let Ok(level) = draft.level(LevelKey { product, store }, At::NOWHERE)
    {
        check_product_active(&level.facts, at(Field::Quantity))?;
    }
    let too_large = || LineRefusal::TooLarge.at(at(Field::Quantity));
    if is_draft {
        set_draft_quantity(line, new_quantity);
    } else if new_quantity > current {
        line.quantity = Quantity::new(line.quantity.get() + (new_quantity - current)).ok_or_else(too_large)?;
    } else {
        cancel_units(line, current - new_quantity);
    }
    for part in line.parts() {
        kit::times(line.quantity.get(), part.quantity.get(), || at(Field::Quantity))?;
    }
    line.recalculate_amounts().ok_or_else(too_large)?;
    if !is_draft && before != PlacedLine::from(&*line) {
        line.placed.get_or_insert(before);
    }
    Ok((index, new_quantity - current))
}

/// Sets the quantity of a draft's line as if it had been placed so: a draft reserves and owes
/// nothing. A line that is set to 0 stays, as lines are never deleted.
fn set_draft_quantity(line: &mut Line, new_quantity: i64) {
    if new_quantity == 0 {
        (line.open, line.cancelled) = (Quantity::ZERO, line.quantity);
    } else {
        (line.quantity, line.open, line.cancelled) = (count(new_quantity), count(new_quantity), Quantity::ZERO);
    }
}

/// Cancels units of a line: backordered units first, then open ones.
pub(super) fn cancel_units(line: &mut Line, units: i64) {
    let waiting_units = units.min(line.backordered.get());
    line.cancelled = count(line.cancelled.get() + units);
    line.backordered = count(line.backordered.get() - waiting_units);
    line.open = count(line.open.get() - (units - waiting_units));
}

/// Applies the stated price, discount and tax of a line. Discount and tax belong to the quantity
/// that counts now, and those of any other quantity follow from them. If one of the two is stated,
/// the other is restated as it is shown, or by its rate.
fn apply_price(line: &mut Line, set: &SetLine, new_quantity: Quantity, place: At) -> Result<(), Rejection> {
    let at = |name: Field| place.field(name);
    let currency = line.total.currency;
    if let Some(unit_price) = set.unit_price {
        if unit_price.currency != currency {
            return Err(LineRefusal::OtherCurrency.at(at(Field::UnitPriceCurrency)));
        }
        if unit_price.minor < 0 && line.kind() == LineKind::Product {
            return Err(LineRefusal::NegativePrice.at(at(Field::UnitPrice)));
        }
        if line.fulfilled.is_positive() {
            return Err(Refusal::PriceOfShipped { sku: line.sku.clone() }.at(at(Field::UnitPrice)));
        }
        line.unit_price = unit_price;
    }
    let rate = if set.tax.is_some() { set.tax_rate } else { set.tax_rate.or(line.basis.rate) };
    if rate.is_some() && line.unit_price.minor < 0 {
        let field = if set.tax_rate.is_some() { Field::TaxRate } else { Field::UnitPrice };
        return Err(LineRefusal::RateBelowZero.at(at(field)));
    }
    if set.discount.is_none() && set.tax.is_none() && set.tax_rate.is_none() {
        return Ok(());
    }
    if !new_quantity.is_positive() {
        return Err(Refusal::NothingLeft.at(at(Field::Quantity)));
    }
    let current_amounts = line.amounts(new_quantity).ok_or_else(|| LineRefusal::TooLarge.at(at(Field::Quantity)))?;
    let discount = stated_or_zero(set.discount.or(Some(current_amounts.discount)), current_amounts.gross, at(Field::Discount))?;
    let tax = stated_or_zero(set.tax.or(Some(current_amounts.tax)), current_amounts.gross, at(Field::Tax))?;
    if discount.minor > current_amounts.gross.minor.max(0) {
        return Err(LineRefusal::DiscountAbovePrice.at(at(Field::Discount)));
    }
    let amounts = Amounts { discount, tax, ..current_amounts };
    let tax = rate.map_or(Ok(tax), |rate| tax_of(rate, &amounts, set.tax, at(Field::TaxRate)))?;
    line.basis = Basis { quantity: new_quantity, discount, tax, rate };
    Ok(())
}

/// Appends a line, which has no reservations yet; returns the units to reserve, if any.
pub(super) fn add_line(
    (book, draft): (&OrderBook, &Draft<'_>),
    order: &mut Order,
    new_line: &NewLine,
    place: At,
) -> Result<Option<LineDemand>, Rejection> {
    let index = order.lines.len();
    if index >= MAX_ORDER_LINES {
        return Err(Refusal::TooManyLines { most: MAX_ORDER_LINES }.at(At::input(Field::AddLines)));
    }
    let (mut line, _) = price_line((&book.kits, draft), order.store, (index as u16 + 1, place), new_line)?;
    if line.total.currency != order.total.currency {
        return Err(LineRefusal::OtherCurrency.at(place.field(Field::UnitPriceCurrency)));
    }
    let line_change = (order.status != OrderStatus::Draft).then_some(LineDemand { index, units: new_line.quantity.get(), place });
    if line_change.is_some() {
        let none = Money::zero(line.total.currency);
        line.open = Quantity::ZERO;
        line.placed = Some(PlacedLine { quantity: Quantity::ZERO, unit_price: none, discount: none, total: none });
    }
    order.lines.push(line);
    Ok(line_change)
}
