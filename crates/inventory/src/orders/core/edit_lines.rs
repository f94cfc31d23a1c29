//! A line that is set anew, and one that is added. After DRAFT `quantity` and `cancelled` only rise: what counts is their difference.

use entity::prelude::*;
use serde::Serialize;

use super::{
    amounts::{Amounts, Basis, Placed},
    create::is_sold,
    edit::MAX_ORDER_LINES,
    hold::Wanted,
    kit,
    line::{Line, NewLine, price_line},
    order::{Order, OrderBook, count},
    refusal::{LineRefusal, Refusal},
    stated::{part, tax_of},
    tax_rate::TaxRate,
};
use crate::stock::core::{At, Draft, Field, LevelKey, Noun, Rejection, RoomRefusal};

/// What a line shall be from now on; what is not said stays. Its JSON is part of what an idempotency key's hash is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetLine {
    pub line: OrderLineId,
    /// What shall count of it.
    pub quantity: Option<Quantity>,
    /// For one whole unit, of the whole line.
    pub unit_price: Option<Money>,
    /// Of the quantity that counts.
    pub discount: Option<Money>,
    /// It takes the place of a rate, unless one is said beside it.
    pub tax: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_rate: Option<TaxRate>,
}

/// Sets a line; gives its index, and by how many units it rises, below 0 where it falls. What it holds is not touched.
pub(super) fn set_line(draft: &Draft<'_>, order: &mut Order, set: &SetLine, place: At) -> Result<(usize, i64), Rejection> {
    let at = |name: Field| place.field(name);
    let (of, position) = set.line.split_line();
    let found = order.lines.iter().position(|line| of == order.id && line.position == position);
    let Some(index) = found else { return Err(Rejection::not_found(Noun::OrderLine, at(Field::LineId))) };
    let (is_draft, store) = (order.status == OrderStatus::Draft, order.store);
    let line = &mut order.lines[index];
    let current = line.current();
    let wanted = set.quantity.map_or(current, Quantity::get);
    if wanted < line.fulfilled.get() {
        return Err(Refusal::LeastQuantity { least: line.fulfilled.get() }.at(at(Field::Quantity)));
    }
    let before = Placed::from(&*line);
    price(line, set, count(wanted), place)?;
    if wanted > current
        && let Some(product) = line.product()
        && let Ok(level) = draft.level(LevelKey { product, store }, At::NOWHERE)
    {
        is_sold(&level.facts, at(Field::Quantity))?;
    }
    let too_large = || LineRefusal::TooLarge.at(at(Field::Quantity));
    if is_draft {
        redraft(line, wanted);
    } else if wanted > current {
        line.quantity = Quantity::new(line.quantity.get() + (wanted - current)).ok_or_else(too_large)?;
    } else {
        lower(line, current - wanted);
    }
    for part in line.parts() {
        kit::times(line.quantity.get(), part.quantity.get(), || at(Field::Quantity))?;
    }
    line.restate().ok_or_else(too_large)?;
    if !is_draft && before != Placed::from(&*line) {
        line.placed.get_or_insert(before);
    }
    Ok((index, wanted - current))
}

/// A draft holds nothing and owes nothing: its line is as if it had been placed so. One that is set to 0 stays, as lines are never deleted.
fn redraft(line: &mut Line, wanted: i64) {
    if wanted == 0 {
        (line.open, line.cancelled) = (Quantity::ZERO, line.quantity);
    } else {
        (line.quantity, line.open, line.cancelled) = (count(wanted), count(wanted), Quantity::ZERO);
    }
}

/// Takes units off a line: first what waits for stock, then what is open.
pub(super) fn lower(line: &mut Line, units: i64) {
    let waiting = units.min(line.backordered.get());
    line.cancelled = count(line.cancelled.get() + units);
    line.backordered = count(line.backordered.get() - waiting);
    line.open = count(line.open.get() - (units - waiting));
}

/// What is said of a line's price, discount and tax. The last two are of the quantity that counts now, and what any other comes to follows from
/// them. Where one of the two is said, the other is restated as it is shown, or by its rate.
fn price(line: &mut Line, set: &SetLine, wanted: Quantity, place: At) -> Result<(), Rejection> {
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
    if !wanted.is_positive() {
        return Err(Refusal::NothingLeft.at(at(Field::Quantity)));
    }
    let now = line.amounts(wanted).ok_or_else(|| LineRefusal::TooLarge.at(at(Field::Quantity)))?;
    let discount = part(set.discount.or(Some(now.discount)), now.gross, at(Field::Discount))?;
    let tax = part(set.tax.or(Some(now.tax)), now.gross, at(Field::Tax))?;
    if discount.minor > now.gross.minor.max(0) {
        return Err(LineRefusal::DiscountAbovePrice.at(at(Field::Discount)));
    }
    let amounts = Amounts { discount, tax, ..now };
    let tax = rate.map_or(Ok(tax), |rate| tax_of(rate, &amounts, set.tax, at(Field::TaxRate)))?;
    line.basis = Basis { quantity: wanted, discount, tax, rate };
    Ok(())
}

/// Adds a line behind the others, which holds nothing yet; gives what it wants held, where anything is.
pub(super) fn add_line(
    (book, draft): (&OrderBook, &Draft<'_>),
    order: &mut Order,
    new: &NewLine,
    place: At,
) -> Result<Option<Wanted>, Rejection> {
    let index = order.lines.len();
    if index >= MAX_ORDER_LINES {
        return Err(Refusal::TooManyLines { most: MAX_ORDER_LINES }.at(At::input(Field::AddLines)));
    }
    let (mut line, _) = price_line((book, draft), order.store, (index as u16 + 1, place), new)?;
    if line.total.currency != order.total.currency {
        return Err(LineRefusal::OtherCurrency.at(place.field(Field::UnitPriceCurrency)));
    }
    let raise = (order.status != OrderStatus::Draft).then_some(Wanted { index, units: new.quantity.get(), place });
    if raise.is_some() {
        let none = Money::zero(line.total.currency);
        line.open = Quantity::ZERO;
        line.placed = Some(Placed { quantity: Quantity::ZERO, unit_price: none, discount: none, total: none });
    }
    order.lines.push(line);
    Ok(raise)
}
