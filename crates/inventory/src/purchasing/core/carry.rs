//! What the receipts of a line carry: its goods, its charges, and its charges that are in another currency than the order.

use std::ops::{Add, Sub};

use entity::prelude::*;

use super::{landed::share, order::Line};

/// Goods, charges in the order's currency, and charges in that of the books, each in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    pub goods: i64,
    pub charges: i64,
    pub charges_in_books: i64,
}

impl Add for Carried {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            goods: self.goods + more.goods,
            charges: self.charges + more.charges,
            charges_in_books: self.charges_in_books + more.charges_in_books,
        }
    }
}

impl Sub for Carried {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self {
            goods: self.goods - less.goods,
            charges: self.charges - less.charges,
            charges_in_books: self.charges_in_books - less.charges_in_books,
        }
    }
}

impl Carried {
    /// Each figure for itself, and 0 where it is below.
    fn at_least_zero(self) -> Self {
        Self { goods: self.goods.max(0), charges: self.charges.max(0), charges_in_books: self.charges_in_books.max(0) }
    }

    /// What the units from the one count of `whole` on to the other have of it.
    pub(super) fn between(self, (from, upto): (Quantity, Quantity), whole: Quantity) -> Self {
        let of = |amount: i64| share(amount, upto.get(), whole.get()) - share(amount, from.get(), whole.get());
        Self { goods: of(self.goods), charges: of(self.charges), charges_in_books: of(self.charges_in_books) }
    }
}

impl Line {
    /// The charges that so many of its units carry; no goods.
    pub(super) fn charges_due(&self, upto: Quantity) -> Carried {
        let of = |amount: i64| share(amount, upto.get(), self.quantity.get());
        Carried { goods: 0, charges: of(self.charges.minor), charges_in_books: of(self.charges_in_books) }
    }

    /// What so many of its units carry. None beyond what can be kept exactly.
    fn due(&self, upto: Quantity) -> Option<Carried> {
        let goods = self.unit_cost.times(upto, self.decimals)?.minor;
        Some(Carried { goods, ..self.charges_due(upto) })
    }

    /// Counts a receipt in, after which so much of the line is received, and says what the receipt carries, so that all of them carry what is due: never
    /// below 0. None, and nothing is changed, beyond what can be kept exactly.
    pub(super) fn bring(&mut self, received: Quantity) -> Option<Carried> {
        let (carried, due) = (self.due(self.received)? + self.off, self.due(received)?);
        let own = (due - carried).at_least_zero();
        (self.received, self.off) = (received, carried + own - due);
        Some(own)
    }

    /// Takes back what a receipt brought, after which so much of the line is received; `back` is what it carried. None, and nothing is changed, beyond what
    /// can be kept exactly.
    pub(super) fn give_back(&mut self, received: Quantity, back: Carried) -> Option<()> {
        let (carried, due) = (self.due(self.received)? + self.off, self.due(received)?);
        (self.received, self.off) = (received, carried - back - due);
        Some(())
    }
}
