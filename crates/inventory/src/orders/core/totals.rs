//! Amounts of a line for any of its quantities, and the totals of an order.

use entity::prelude::*;

use super::{amounts::Amounts, line::Line, order::Order};

impl Line {
    /// Returns the amounts of this quantity of the line.
    pub fn amounts(&self, quantity: Quantity) -> Option<Amounts> {
        self.basis.amounts(self.unit_price, self.decimals, quantity)
    }
    /// Returns the ordered quantity less the cancelled one.
    pub fn current(&self) -> i64 {
        self.quantity.get() - self.cancelled.get()
    }
    /// Returns the total of the line without its cancelled units: discount and tax in proportion,
    /// each part rounded half away from zero.
    pub fn current_total(&self) -> Money {
        if self.cancelled.is_zero() {
            return self.total;
        }
        // A part of an exact amount is an exact amount.
        Quantity::new(self.current()).and_then(|current| self.amounts(current)?.total()).unwrap_or(self.total)
    }
    /// Recalculates the line's amounts, for all units ever ordered. Returns None, and changes
    /// nothing, if they exceed the range of exact numbers.
    pub fn recalculate_amounts(&mut self) -> Option<()> {
        let amounts = self.amounts(self.quantity)?;
        self.total = amounts.total()?;
        (self.discount, self.tax) = (amounts.discount, amounts.tax);
        Some(())
    }
}

/// The sums of an order's lines, including cancelled units: subtotal − discount + charges + tax is
/// its total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Sum of products, before discounts.
    pub subtotal: Money,
    pub discount: Money,
    /// Sum of charges, before discounts.
    pub charges: Money,
    pub tax: Money,
}

impl Order {
    /// Returns the order's totals; None if they exceed the range of exact numbers.
    pub fn totals(&self) -> Option<Totals> {
        let zero = Money::zero(self.total.currency);
        let mut totals = Totals { subtotal: zero, discount: zero, charges: zero, tax: zero };
        for line in &self.lines {
            let gross = line.unit_price.times(line.quantity, line.decimals)?;
            match line.kind() {
                LineKind::Product => totals.subtotal = totals.subtotal.checked_add(gross)?,
                LineKind::Charge => totals.charges = totals.charges.checked_add(gross)?,
            }
            totals.discount = totals.discount.checked_add(line.discount)?;
            totals.tax = totals.tax.checked_add(line.tax)?;
        }
        Some(totals)
    }
    /// Returns the total; None if it exceeds the range of exact numbers.
    pub fn sum(&self) -> Option<Money> {
        self.lines.iter().try_fold(Money::zero(self.total.currency), |sum, line| sum.checked_add(line.total))
    }
}
