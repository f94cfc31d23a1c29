//! Values of lines: of orders, and of closed returns.

use inventory::purchasing::core::allocate_proportionally;

use super::sums::GroupKey;

/// Amounts of a line of an order, in minor units of money and smallest units of quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldLine {
    pub quantity: i64,
    pub cancelled: i64,
    /// Total of the whole line: price less discount plus tax.
    pub total: i64,
    /// For one whole unit.
    pub unit_cost: i64,
    pub decimals: u8,
}

impl SoldLine {
    pub const fn units(&self) -> i128 {
        self.quantity as i128 - self.cancelled as i128
    }
    /// The line's total, or the share of it that was not cancelled: by quantity, rounded half away from zero.
    pub const fn amount(&self) -> i128 {
        if self.cancelled == 0 {
            self.total as i128
        } else {
            divide_rounded(self.total as i128 * self.units(), self.quantity as i128)
        }
    }
    /// Returns the cost of the sold units, rounded as `Money::times` does.
    pub const fn cost(&self) -> i128 {
        let cost = self.unit_cost as i128 * self.units();
        if self.decimals == 0 { cost } else { divide_rounded(cost, 10i128.pow(self.decimals as u32)) }
    }
}

/// By how much a group's figure is another one.
pub type Correction = (GroupKey, i128);

/// Received lines of a closed return: each line's group and its own value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClosedReturn {
    pub products: Vec<(GroupKey, i64)>,
    pub charges: Vec<(GroupKey, i64)>,
}

impl ClosedReturn {
    /// Distributes `refunded`, and returns the differences from the products' and charges' own
    /// values. Charges take the part that exceeds the products: at most their value, and a fee at
    /// most the refund. The rest goes to the products, in proportion to their value.
    pub fn corrections(&self, refunded: i64) -> (Vec<Correction>, Option<Correction>) {
        let total_of = |lines: &[(GroupKey, i64)]| lines.iter().map(|line| i128::from(line.1)).sum::<i128>();
        let (refunded_amount, products, charges) = (i128::from(refunded), total_of(&self.products), total_of(&self.charges));
        let fee = charges.min(0).max(-refunded_amount).min(0);
        let charge_share =
            if self.products.is_empty() { refunded_amount } else { (refunded_amount - products).clamp(fee, charges.max(0)) };
        let weights: Vec<i64> = self.products.iter().map(|line| line.1).collect();
        let product_share = (refunded_amount - charge_share) as i64;
        // If all lines have the value 0, the first one takes the whole amount.
        let shares = allocate_proportionally(product_share, &weights).unwrap_or_else(|| vec![product_share]);
        let shares = shares.into_iter().chain(std::iter::repeat(0));
        let differs =
            |((key, line_amount), share): (&(GroupKey, i64), i64)| (key.clone(), i128::from(share) - i128::from(*line_amount));
        let charge = self.charges.first().map(|(key, _)| (key.clone(), charge_share - charges));
        (self.products.iter().zip(shares).map(differs).collect(), charge)
    }
}

/// Refund without the sales tax in it, which has the same share of it as of the sales: of `gross`, `untaxed` is without tax. A refund where
/// nothing was sold is taken to have none.
pub const fn untaxed_refund(refund: i64, (gross, untaxed): (i128, i128)) -> i128 {
    if gross <= 0 { refund as i128 } else { divide_rounded(refund as i128 * untaxed, gross) }
}

/// Rounded half away from zero; `divisor` is above 0.
const fn divide_rounded(number: i128, divisor: i128) -> i128 {
    let half = if number < 0 { -(divisor / 2) } else { divisor / 2 };
    (number + half) / divisor
}

#[cfg(test)]
mod tests {
    use entity::prelude::{Currency, Money, Quantity};

    use super::*;

    fn line(quantity: i64, cancelled: i64, total: i64) -> SoldLine {
        SoldLine { quantity, cancelled, total, unit_cost: 333, decimals: 3 }
    }

    #[test]
    fn what_was_cancelled_takes_its_share_of_the_total() {
        assert_eq!(line(3, 0, 1000).amount(), 1000);
        assert_eq!(line(3, 1, 1000).amount(), 667);
        assert_eq!(line(3, 2, 1000).amount(), 333);
        assert_eq!(line(2, 1, 5).amount(), 3);
        assert_eq!(line(2, 1, -5).amount(), -3);
        assert_eq!(line(i64::MAX >> 10, 1, i64::MAX >> 10).amount(), i128::from(i64::MAX >> 10) - 1);
    }

    #[test]
    fn what_a_return_gave_back_is_shared_out_to_the_penny() {
        let back = |products: &[i64], charges: &[i64]| {
            let lines = |of: &[i64]| of.iter().map(|own| (GroupKey::Nothing, *own)).collect::<Vec<_>>();
            ClosedReturn { products: lines(products), charges: lines(charges) }
        };
        for (products, charges, refunded, shares, of_charges) in [
            // No refund, a part, the whole; with the tax that was charged beyond the prices.
            (&[10_000][..], &[][..], 0, &[0][..], 0),
            (&[1_000, 1_000, 1_000], &[], 1_000, &[334, 333, 333], 0),
            (&[1_000, 500], &[], 1_500, &[1_000, 500], 0),
            (&[1_000, 500], &[], 1_800, &[1_200, 600], 0),
            // A fee: kept, waived, waived in part, and with no refund at all.
            (&[1_000], &[-200], 800, &[1_000], -200),
            (&[1_000], &[-200], 1_000, &[1_000], 0),
            (&[1_000], &[-200], 900, &[1_000], -100),
            (&[1_000], &[-200], 0, &[0], 0),
            // Postage: refunded after the products.
            (&[1_000], &[300], 1_300, &[1_000], 300),
            (&[1_000], &[300], 1_100, &[1_000], 100),
            (&[1_000], &[300], 400, &[400], 0),
            (&[], &[300, 100], 250, &[], 250),
            (&[0, 0], &[], 1, &[1, 0], 0),
        ] {
            let (products_differ, charges_differ) = back(products, charges).corrections(refunded);
            let got: Vec<i128> = products_differ.iter().zip(products).map(|((_, by), own)| by + i128::from(*own)).collect();
            assert_eq!(
                got,
                shares.iter().map(|share| i128::from(*share)).collect::<Vec<_>>(),
                "{products:?} {charges:?} {refunded}"
            );
            let own: i64 = charges.iter().sum();
            assert_eq!(
                charges_differ.map_or(0, |(_, by)| by) + i128::from(own),
                of_charges,
                "{products:?} {charges:?} {refunded}"
            );
        }
    }

    #[test]
    fn a_refund_has_the_tax_of_what_was_sold() {
        assert_eq!(untaxed_refund(120, (1_200, 1_000)), 100);
        assert_eq!(untaxed_refund(1, (1_200, 1_000)), 1);
        assert_eq!(untaxed_refund(120, (1_000, 1_000)), 120, "no tax was charged");
        assert_eq!(untaxed_refund(120, (0, 0)), 120, "nothing was sold");
        assert_eq!(untaxed_refund(i64::MAX, (i64::MAX.into(), 1)), 1);
    }

    #[test]
    fn costs_round_as_money_does() {
        for units in [1, 499, 500, 1_500, 1_501, 77_777] {
            let money = Money::new(333, Currency::GBP).times(Quantity::new(units).unwrap(), 3).unwrap();
            assert_eq!(line(units, 0, 0).cost(), i128::from(money.minor), "{units}");
        }
    }
}
