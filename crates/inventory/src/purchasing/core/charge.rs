//! Charges on a purchase order: in the order's currency, or in another one of which it is kept what they come to in the books.

use entity::prelude::*;

use super::{
    landed::{allot, share},
    order::{Line, PurchaseBook, PurchaseOrder},
    refusal::Refusal,
};
use crate::currency::core::FrozenRate;
use crate::stock::core::{At, Draft, Field, Rejection, RoomRefusal};

/// Freight, duty and the like, and deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    /// In the order's currency; in any other one where `in_books` is Some.
    pub amount: Money,
    /// Who bills it; None: the order's own supplier.
    pub supplier: Option<SupplierId>,
    /// What it comes to in the books, where it is in another currency than the order.
    pub in_books: Option<InBooks>,
}

/// An amount in the currency of the books, as it was when the charge was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InBooks {
    pub amount: Money,
    /// None where the charge is in the currency of the books itself.
    pub rate: Option<FrozenRate>,
}

#[derive(Debug, Clone)]
pub struct NewCharge {
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    pub amount: Money,
    /// Who bills it; None: the order's own supplier.
    pub supplier: Option<SupplierId>,
    /// What it comes to in the books, where it is in another currency than the order.
    pub in_books: Option<InBooks>,
}

/// The name of a charge that was given none.
pub const fn charge_name(kind: ChargeKind) -> &'static str {
    match kind {
        ChargeKind::Freight => "Freight",
        ChargeKind::Duty => "Duty",
        ChargeKind::Insurance => "Insurance",
        ChargeKind::Other => "Other",
        ChargeKind::Deposit => "Deposit",
    }
}

impl Charge {
    /// Whether it is part of what the goods cost. A deposit is paid beside them and comes back.
    pub const fn is_of_goods(&self) -> bool {
        !matches!(self.kind, ChargeKind::Deposit)
    }
    /// Whether it is in the order's currency, and so in the order's total.
    pub const fn is_in_order_currency(&self) -> bool {
        self.in_books.is_none()
    }
}

impl Line {
    /// What a charge that is added after receipt is spread by: what weighs for charges of the order, of what has come.
    pub fn weight_of_received(&self, basis: ChargeBasis) -> i64 {
        match basis {
            ChargeBasis::Value => self.unit_cost.times(self.received, self.decimals).map_or(0, |value| value.minor),
            ChargeBasis::Quantity => self.received.get(),
            ChargeBasis::Weight => share(self.weight.unwrap_or(0), self.received.get(), self.quantity.get()),
        }
    }
}

impl PurchaseOrder {
    /// The charges in the order's currency that are part of what the goods cost, in minor units.
    pub(super) fn landed_charges(&self) -> i64 {
        let landed = self.charges.iter().filter(|charge| charge.is_of_goods() && charge.is_in_order_currency());
        landed.map(|charge| charge.amount.minor).sum()
    }
    fn in_books(&self) -> impl Iterator<Item = Money> {
        self.charges.iter().filter_map(|charge| charge.in_books.as_ref()).map(|one| one.amount)
    }
    /// The currency of the books, as charges in other currencies than the order's were converted into it; None where there are none.
    pub fn books_currency(&self) -> Option<Currency> {
        self.in_books().next().map(|amount| amount.currency)
    }
    /// What charges in other currencies than the order's come to in the books together. None where there are none, and beyond what can be kept exactly.
    pub(super) fn charges_in_books(&self) -> Option<Money> {
        let zero = Money::zero(self.books_currency()?);
        self.in_books().try_fold(zero, Money::checked_add)
    }
    /// Whether it costs more than this; in another currency it cannot be compared, and does; so it does at an agreed rate that was compared
    /// with none, since whoever writes an order would choose what it costs. The limit is in the currency of the books.
    pub(super) fn is_above(&self, limit: Money) -> bool {
        let is_unproven = self.fixed_rate.is_some_and(|fixed| fixed.market_day.is_none());
        is_unproven || self.whole().is_none_or(|total| total.currency != limit.currency || total.minor > limit.minor)
    }
    /// Its total, in the books where its rate is agreed, and what its other charges come to there. None beyond what can be kept exactly, and where the two are
    /// in different currencies.
    fn whole(&self) -> Option<Money> {
        let total = match self.fixed_rate {
            Some(fixed) => Money::new(fixed.frozen(self.currency, 0).convert(self.total()?.minor)?, fixed.books),
            None => self.total()?,
        };
        match self.books_currency() {
            None => Some(total),
            Some(_) => total.checked_add(self.charges_in_books()?),
        }
    }
    /// Refuses goods into books of another currency than its charges were converted into. `rate` is that of the receipt.
    pub(super) fn check_books(&self, rate: Option<&FrozenRate>) -> Result<(), Rejection> {
        let books = rate.map_or(self.currency, |rate| rate.to);
        match self.books_currency() {
            Some(kept) if kept != books => Err(Refusal::ChargesInOtherBooks { kept, books }.at(At::input(Field::Id))),
            _ => Ok(()),
        }
    }
}

/// The charges of an order; of those that are refused, all of one stage are told.
pub(super) fn charges(
    draft: &mut Draft<'_>,
    book: &PurchaseBook,
    order: &PurchaseOrder,
    new: &[NewCharge],
) -> Result<Vec<Charge>, Rejection> {
    let mut charges = Vec::with_capacity(new.len());
    for (index, one) in new.iter().enumerate() {
        let charge = charge_at(book, order, (index, one));
        charges.extend(draft.pass(charge)?);
    }
    draft.end_pass()?;
    Ok(charges)
}

fn charge_at(book: &PurchaseBook, order: &PurchaseOrder, (index, charge): (usize, &NewCharge)) -> Result<Charge, Rejection> {
    let at = At::row(Field::Charges, index).field(Field::Amount);
    let in_books = charge.in_books.clone().filter(|_| charge.amount.currency != order.currency);
    // A deposit comes back in what it was paid in: it is in the order's total, and in no books.
    if charge.amount.currency != order.currency && (charge.kind == ChargeKind::Deposit || in_books.is_none()) {
        return Err(Refusal::ChargeIn { order: order.currency }.at(at));
    }
    // One that comes to nothing in the books would be in no cost of the goods.
    if charge.amount.minor <= 0 || in_books.as_ref().is_some_and(|one| one.amount.minor <= 0) {
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

/// Spreads the charges over the lines: those in the order's currency, and apart from them what the others come to in the books. All charges are told that
/// have nothing to be spread by, each at its place.
pub(super) fn spread(draft: &mut Draft<'_>, order: &mut PurchaseOrder, at: impl Fn(usize) -> At) -> Result<(), Rejection> {
    let is_too_large = match order.books_currency() {
        None => false,
        // Goods and all charges are added up in one currency.
        Some(books) if books == order.currency => order.whole().is_none(),
        Some(_) => order.charges_in_books().is_none(),
    };
    if is_too_large {
        return Err(Refusal::TooLarge.at(At::input(Field::Charges)));
    }
    for line in &mut order.lines {
        (line.charges.minor, line.charges_in_books) = (0, 0);
    }
    let mut refused = None;
    for (index, charge) in order.charges.iter().enumerate().filter(|(_, charge)| charge.is_of_goods()) {
        let weights: Vec<i64> = order.lines.iter().map(|line| weight(line, charge.basis)).collect();
        let amount = charge.in_books.as_ref().map_or(charge.amount, |one| one.amount);
        let Some(shares) = allot(amount.minor, &weights) else {
            let rejection = Refusal::NothingToSpreadBy(charge.basis).at(at(index));
            draft.refuse(rejection.clone())?;
            refused.get_or_insert(rejection);
            continue;
        };
        for (line, share) in order.lines.iter_mut().zip(shares) {
            let figure = if charge.is_in_order_currency() { &mut line.charges.minor } else { &mut line.charges_in_books };
            *figure += share;
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
