//! Amounts of a line: always computed from the amounts last stated, never from a rounded result, so
//! that ten edits of a quantity end at the same penny as one.

use entity::prelude::*;

use super::{share::share, tax_rate::TaxRate};

/// Quantity, discount and tax as last stated. The amounts of any other quantity of the line follow
/// from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Above 0.
    pub quantity: Quantity,
    pub discount: Money,
    /// Tax of the quantity; `rate` replaces it if it is stated.
    pub tax: Money,
    /// Tax rate on the price less the discount, for any quantity.
    pub rate: Option<TaxRate>,
}

/// A line as it was placed, which reports have counted before an edit changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedLine {
    /// 0 for a line that an edit added.
    pub quantity: Quantity,
    pub unit_price: Money,
    pub discount: Money,
    pub total: Money,
}

/// Amounts of a quantity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    /// Price × quantity.
    pub gross: Money,
    /// At most the gross amount.
    pub discount: Money,
    pub tax: Money,
}

impl Amounts {
    /// Returns the gross amount less the discount.
    pub fn net(&self) -> Money {
        Money::new(self.gross.minor - self.discount.minor, self.gross.currency)
    }
    /// Returns the net amount plus tax; None if it exceeds the range of exact numbers.
    pub fn total(&self) -> Option<Money> {
        self.net().checked_add(self.tax)
    }
}

impl Basis {
    /// Returns the amounts of `quantity` at this price, each part rounded half away from zero. None
    /// if they exceed the range of exact numbers.
    pub fn amounts(&self, unit_price: Money, decimals: u8, quantity: Quantity) -> Option<Amounts> {
        let part = |amount: Money| {
            let minor = i64::try_from(share(amount.minor, (0, quantity.get()), self.quantity.get())).ok()?;
            Money::zero(amount.currency).checked_add(Money::new(minor, amount.currency))
        };
        let gross = unit_price.times(quantity, decimals)?;
        let discount = part(self.discount)?;
        let discount = Money::new(discount.minor.min(gross.minor.max(0)), discount.currency);
        let amounts = Amounts { gross, discount, tax: Money::zero(gross.currency) };
        Some(match self.rate {
            Some(rate) => Amounts { tax: rate.of(amounts.net()), ..amounts },
            None => Amounts { tax: part(self.tax)?, ..amounts },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::GBP)
    }
    fn q(units: i64) -> Quantity {
        Quantity::new(units).unwrap()
    }
    fn minor(basis: &Basis, price: i64, decimals: u8, quantity: i64) -> [i64; 4] {
        let amounts = basis.amounts(gbp(price), decimals, q(quantity)).unwrap();
        [amounts.gross.minor, amounts.discount.minor, amounts.tax.minor, amounts.total().unwrap().minor]
    }

    #[test]
    fn the_mugs_come_to_what_the_paper_says() {
        let mugs = Basis { quantity: q(10), discount: gbp(100), tax: gbp(646), rate: None };
        for (quantity, expected) in [
            (10, [3_330, 100, 646, 3_876]),
            (7, [2_331, 70, 452, 2_713]),
            (9, [2_997, 90, 581, 3_488]),
            (12, [3_996, 120, 775, 4_651]),
            (1, [333, 10, 65, 388]),
            (0, [0, 0, 0, 0]),
        ] {
            assert_eq!(minor(&mugs, 333, 0, quantity), expected, "{quantity}");
            let fifth = Basis { tax: gbp(0), rate: TaxRate::of_millionths(200_000), ..mugs };
            assert_eq!(minor(&fifth, 333, 0, quantity), expected, "{quantity} at 20 %");
        }
    }

    #[test]
    fn a_rate_is_of_the_price_less_the_discount_whatever_tax_was_stated() {
        let rate = TaxRate::of_millionths(88_750);
        let mugs = Basis { quantity: q(3), discount: gbp(100), tax: gbp(999), rate };
        // 8.99 × 0.08875 = 0.797 …, 2.996 … ≈ 3.00 less 0.33.
        assert_eq!(minor(&mugs, 333, 0, 3), [999, 100, 80, 979]);
        assert_eq!(minor(&mugs, 333, 0, 1), [333, 33, 27, 327]);
        assert_eq!(minor(&mugs, 1_000, 0, 3), [3_000, 100, 257, 3_157], "at another price");
        assert_eq!(minor(&mugs, 10, 0, 3), [30, 30, 0, 0], "a discount takes all of it");
    }

    #[test]
    fn half_a_kilo_is_rounded_half_away_from_zero() {
        let whole = Basis { quantity: q(500), discount: gbp(0), tax: gbp(0), rate: None };
        assert_eq!(minor(&whole, 333, 3, 500), [167, 0, 0, 167]);
        let refund = Basis { quantity: q(1), discount: gbp(0), tax: gbp(0), rate: None };
        assert_eq!(minor(&refund, -333, 0, 1), [-333, 0, 0, -333], "a charge may be below 0 and has no discount then");
    }

    #[test]
    fn what_cannot_be_kept_is_nothing() {
        let most = Basis { quantity: Quantity::ONE, discount: gbp(0), tax: gbp(1), rate: None };
        assert_eq!(most.amounts(gbp(entity::quantity::MAX_SAFE), 0, q(2)), None, "the price");
        let taxed = Basis { quantity: Quantity::ONE, discount: gbp(0), tax: gbp(entity::quantity::MAX_SAFE), rate: None };
        assert_eq!(taxed.amounts(gbp(1), 0, q(2)), None, "the tax");
    }
}
