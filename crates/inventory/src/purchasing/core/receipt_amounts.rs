//! Amounts that the receipts of a line carry: its goods, its charges, and its charges that are in
//! another currency than the order.

use entity::prelude::*;

use super::{
    landed_shares::{LandedShares, share},
    order::Line,
};

impl Line {
    /// The charges that this number of the line's units carries; no goods.
    pub(super) fn charges_due(&self, upto: Quantity) -> LandedShares {
        let portion = |amount: i64| share(amount, upto.get(), self.quantity.get());
        LandedShares { goods: 0, charges: portion(self.charges.minor), charges_in_books: portion(self.charges_in_books) }
    }

    /// Returns the amounts that so many of the line's units carry; `None` if they exceed the exact
    /// range.
    fn amounts_due(&self, upto: Quantity) -> Option<LandedShares> {
        let goods = self.unit_cost.times(upto, self.decimals)?.minor;
        Some(LandedShares { goods, ..self.charges_due(upto) })
    }

    /// Adds a receipt, after which `received` of the line is received, and returns the amounts that
    /// the receipt carries, so that all receipts together carry the amount due: never below 0.
    /// None, without a change, if an amount exceeds the exact range.
    pub(super) fn add_receipt(&mut self, received: Quantity) -> Option<LandedShares> {
        let (carried, due) = (self.amounts_due(self.received)? + self.off, self.amounts_due(received)?);
        let receipt_shares = (due - carried).at_least_zero();
        (self.received, self.off) = (received, carried + receipt_shares - due);
        Some(receipt_shares)
    }

    /// Removes a receipt, after which `received` of the line is received; `removed_shares` is what the
    /// receipt carried. None, without a change, if an amount exceeds the exact range.
    pub(super) fn remove_receipt(&mut self, received: Quantity, removed_shares: LandedShares) -> Option<()> {
        let (carried, due) = (self.amounts_due(self.received)? + self.off, self.amounts_due(received)?);
        (self.received, self.off) = (received, carried - removed_shares - due);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchasing::core::Confirmation;

    fn count(units: i64) -> Quantity {
        Quantity::new(units).unwrap()
    }

    /// Three units at 2.00 EUR, with charges of 1.00 EUR, and others of 0.77 GBP in the books.
    fn three() -> Line {
        let eur = |minor| Money::new(minor, Currency::parse("EUR").unwrap());
        Line {
            position: 1,
            product: ProductId::NIL,
            sku: "MUG".to_owned(),
            name: "A mug".to_owned(),
            supplier_sku: None,
            decimals: 0,
            expected_on: None,
            weight: None,
            quantity: count(3),
            most: count(4),
            unit_cost: eur(200),
            total: eur(600),
            charges: eur(100),
            charges_in_books: 77,
            received: Quantity::ZERO,
            damaged: Quantity::ZERO,
            open: count(3),
            short: Quantity::ZERO,
            returned: Quantity::ZERO,
            off: LandedShares::default(),
            confirmed: Confirmation::default(),
            lead: None,
            revision: 1,
            cancelled_at: None,
        }
    }

    const fn carried(goods: i64, charges: i64, charges_in_books: i64) -> LandedShares {
        LandedShares { goods, charges, charges_in_books }
    }

    #[test]
    fn receipts_carry_each_figure_to_the_last_minor_unit() {
        let mut line = three();
        let came: Vec<LandedShares> = (1..=4).map(|upto| line.add_receipt(count(upto)).unwrap()).collect();
        let beyond = carried(200, 0, 0);
        assert_eq!(came, [carried(200, 33, 26), carried(200, 34, 25), carried(200, 33, 26), beyond]);
        assert_eq!((line.received, line.off), (count(4), LandedShares::default()));
    }

    #[test]
    fn what_comes_again_makes_up_for_what_went() {
        for (taken, off, again) in [
            (0, carried(0, 0, 0), carried(200, 33, 26)),
            (1, carried(0, -1, 1), carried(200, 34, 25)),
            (2, carried(0, 0, 0), carried(200, 33, 26)),
        ] {
            let mut line = three();
            let came: Vec<LandedShares> = (1..=3).map(|upto| line.add_receipt(count(upto)).unwrap()).collect();
            line.remove_receipt(count(2), came[taken]).unwrap();
            assert_eq!((line.received, line.off), (count(2), off), "receipt {taken}");
            assert_eq!(line.add_receipt(count(3)), Some(again), "receipt {taken}");
            assert_eq!(line.off, LandedShares::default(), "receipt {taken}");
        }
    }

    #[test]
    fn parts_of_a_receipt_add_up_to_it() {
        let whole = carried(600, 100, 77);
        let parts = [(0, 1), (1, 3)].map(|(from, upto)| whole.between((count(from), count(upto)), count(3)));
        assert_eq!(parts, [carried(200, 33, 26), carried(400, 67, 51)]);
        assert_eq!(parts[0] + parts[1], whole);
    }

    #[test]
    fn what_cannot_be_kept_exactly_changes_nothing() {
        let mut line = three();
        line.unit_cost.minor = entity::quantity::MAX_SAFE;
        let before = line.clone();
        assert_eq!((line.add_receipt(count(2)), &line), (None, &before));
    }
}
