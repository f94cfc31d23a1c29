//! Charges of an order: their sums, and their shares that its lines carry.

use entity::prelude::*;

use super::{
    book::PurchaseBook,
    charge::{Charge, NewCharge},
    landed_shares::{allocate_proportionally, share},
    order::{Line, PurchaseOrder},
    refusal::Refusal,
};
use crate::currency::core::FrozenRate;
use crate::stock::core::{At, Draft, Field, Rejection, RoomRefusal};

impl Line {
    /// Returns the line's weight for a charge that is added after receipt: like the weight for
    /// charges of the order, but of the received units.
    pub fn weight_of_received(&self, basis: ChargeBasis) -> i64 {
        match basis {
            ChargeBasis::Value => self.unit_cost.times(self.received, self.decimals).map_or(0, |value| value.minor),
            ChargeBasis::Quantity => self.received.get(),
            ChargeBasis::Weight => share(self.weight.unwrap_or(0), self.received.get(), self.quantity.get()),
        }
    }
}

impl PurchaseOrder {
    /// Returns the charges in the order's currency that are part of the cost of the goods, in minor
    /// units.
    pub(super) fn landed_charges(&self) -> i64 {
        let landed = self.charges.iter().filter(|charge| charge.is_landed_cost() && charge.is_in_order_currency());
        landed.map(|charge| charge.amount.minor).sum()
    }
    fn in_books(&self) -> impl Iterator<Item = Money> {
        self.charges.iter().filter_map(|charge| charge.in_books.as_ref()).map(|books_amount| books_amount.amount)
    }
    /// Returns the currency of the books into which charges in other currencies were converted;
    /// None if there are no such charges.
    pub fn books_currency(&self) -> Option<Currency> {
        self.in_books().next().map(|amount| amount.currency)
    }
    /// Returns the sum, in the currency of the books, of the charges in other currencies than the
    /// order's; `None` if there are none or the sum exceeds the exact range.
    pub(super) fn charges_in_books(&self) -> Option<Money> {
        let zero = Money::zero(self.books_currency()?);
        self.in_books().try_fold(zero, Money::checked_add)
    }
    /// True if it costs more than the limit, which is in the currency of the books. An amount in
    /// another currency cannot be compared, and counts as above; so does one at an agreed rate that
    /// was not compared with a market rate, since the author of an order would otherwise choose its
    /// cost.
    pub(super) fn is_above(&self, limit: Money) -> bool {
        let is_unproven = self.fixed_rate.is_some_and(|fixed| fixed.market_day.is_none());
        is_unproven || self.total_in_books().is_none_or(|total| total.currency != limit.currency || total.minor > limit.minor)
    }
    /// Returns the order's total, converted to the books if its rate is agreed, with the value in
    /// the books of charges in other currencies. None if an amount exceeds the exact range, or if
    /// the two are in different currencies.
    fn total_in_books(&self) -> Option<Money> {
        let total = match self.fixed_rate {
            Some(fixed) => Money::new(fixed.to_frozen_rate(self.currency, 0).convert(self.total()?.minor)?, fixed.books),
            None => self.total()?,
        };
        match self.books_currency() {
            None => Some(total),
            Some(_) => total.checked_add(self.charges_in_books()?),
        }
    }
    /// Refuses a receipt if its books have another currency than the one that the order's charges
    /// were converted into. `rate` is that of the receipt.
    pub(super) fn check_books_currency(&self, rate: Option<&FrozenRate>) -> Result<(), Rejection> {
        let books = rate.map_or(self.currency, |rate| rate.to);
        match self.books_currency() {
            Some(recorded_books) if recorded_books != books => {
                Err(Refusal::ChargesInOtherBooks { kept: recorded_books, books }.at(At::input(Field::Id)))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the charges of an order; all refusals of one stage are reported.
pub(super) fn build_charges(
    draft: &mut Draft<'_>,
    book: &PurchaseBook,
    order: &PurchaseOrder,
    new_charges: &[NewCharge],
) -> Result<Vec<Charge>, Rejection> {
    let mut charges = Vec::with_capacity(new_charges.len());
    for (index, new_charge) in new_charges.iter().enumerate() {
        let charge = charge_at(book, order, (index, new_charge));
        charges.extend(draft.pass(charge)?);
    }
    draft.end_pass()?;
    Ok(charges)
}

fn charge_at(book: &PurchaseBook, order: &PurchaseOrder, (index, charge): (usize, &NewCharge)) -> Result<Charge, Rejection> {
    let at = At::row(Field::Charges, index).field(Field::Amount);
    let in_books = charge.in_books.clone().filter(|_| charge.amount.currency != order.currency);
    // A deposit is refunded in the currency that it was paid in: it is part of the order's total,
    // and not of the books.
    if charge.amount.currency != order.currency && (charge.kind == ChargeKind::Deposit || in_books.is_none()) {
        return Err(Refusal::ChargeIn { order: order.currency }.at(at));
    }
    // A charge that converts to zero would be missing in the cost of the goods.
    if charge.amount.minor <= 0 || in_books.as_ref().is_some_and(|books_amount| books_amount.amount.minor <= 0) {
        return Err(Refusal::AmountNotPositive.at(at));
    }
    let supplier = charge.supplier.filter(|supplier| *supplier != order.supplier);
    if let Some(supplier) = supplier {
        let at = At::row(Field::Charges, index).field(Field::Supplier);
        if let Some(since) = book.archived.get(&supplier) {
            return Err(Refusal::SupplierArchived { since: *since }.at(at));
        }
        if charge.kind == ChargeKind::Deposit {
            return Err(Refusal::DepositElsewhere.at(at));
        }
    }
    let (kind, basis, name) = (charge.kind, charge.basis, charge.name.clone());
    Ok(Charge { kind, basis, name, amount: charge.amount, supplier, in_books })
}

/// Spreads the charges over the lines: those in the order's currency, and separately the value in
/// the books of the others. Each charge that no line has a weight for is reported at its place.
pub(super) fn allocate_charges(
    draft: &mut Draft<'_>,
    order: &mut PurchaseOrder,
    at: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let is_too_large = match order.books_currency() {
        None => false,
        // Goods and all charges are added up in one currency.
        Some(books) if books == order.currency => order.total_in_books().is_none(),
        Some(_) => order.charges_in_books().is_none(),
    };
    if is_too_large {
        return Err(Refusal::TooLarge.at(At::input(Field::Charges)));
    }
    for line in &mut order.lines {
        (line.charges.minor, line.charges_in_books) = (0, 0);
    }
    let mut refused = None;
    for (index, charge) in order.charges.iter().enumerate().filter(|(_, charge)| charge.is_landed_cost()) {
        let weights: Vec<i64> = order.lines.iter().map(|line| weight(line, charge.basis)).collect();
        let amount = charge.in_books.as_ref().map_or(charge.amount, |books_amount| books_amount.amount);
        let Some(shares) = allocate_proportionally(amount.minor, &weights) else {
            let rejection = Refusal::NothingToSpreadBy(charge.basis).at(at(index));
            draft.refuse(rejection.clone())?;
            refused.get_or_insert(rejection);
            continue;
        };
        for (line, share) in order.lines.iter_mut().zip(shares) {
            let line_share = if charge.is_in_order_currency() { &mut line.charges.minor } else { &mut line.charges_in_books };
            *line_share += share;
        }
    }
    refused.map_or(Ok(()), Err)
}

/// The field with the basis of a charge.
pub(super) fn basis_at(index: usize) -> At {
    At::row(Field::Charges, index).field(Field::Basis)
}

fn weight(line: &Line, basis: ChargeBasis) -> i64 {
    if line.is_cancelled() {
        return 0;
    }
    match basis {
        ChargeBasis::Value => line.total.minor,
        ChargeBasis::Quantity => line.quantity.get(),
        ChargeBasis::Weight => line.weight.unwrap_or(0),
    }
}
