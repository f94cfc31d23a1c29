//! Amounts of a line that are still to be charged after parts of it were invoiced and credited.

use entity::prelude::*;
use inventory::orders::core::Amounts;

/// Amounts that the invoices of an order charged for a line, less those of their credit notes, in
/// units and minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InvoicedAmounts {
    pub quantity: i64,
    pub discount: i64,
    pub tax: i64,
    pub total: i64,
    /// Number of lines of invoices and credit notes in this sum.
    pub papers: i64,
}

/// Maximum rounding error of a line of an invoice or a credit note, in minor units.
const MAX_ROUNDING_MINOR: i64 = 2;

impl InvoicedAmounts {
    /// Returns the rest of `all`, the amounts of a quantity; `first` are the computed amounts of
    /// the invoiced quantity. Shares of credits are rounded differently from parts of the line, so
    /// the charged amounts are subtracted, and a line that is invoiced whole is charged to the
    /// penny. If the charged amounts differ by more than rounding, the line was edited in between:
    /// its earlier charges stay, and the units that follow are charged by themselves. The same
    /// holds if less than nothing would be left.
    pub fn remaining_amounts(&self, first: &Amounts, all: &Amounts) -> Amounts {
        let charged = [self.total + self.discount - self.tax, self.discount, self.tax];
        let computed = [first.gross.minor, first.discount.minor, first.tax.minor];
        let whole = [all.gross.minor, all.discount.minor, all.tax.minor];
        let is_rounding =
            charged.iter().zip(&computed).all(|(one, other)| (one - other).abs() <= MAX_ROUNDING_MINOR * self.papers)
                && charged.iter().zip(&whole).all(|(one, whole)| if *whole < 0 { one >= whole } else { one <= whole });
        let [gross, discount, tax] = if is_rounding { charged } else { computed };
        let difference = |all: Money, before: i64| Money::new(all.minor - before, all.currency);
        Amounts {
            gross: difference(all.gross, gross),
            discount: difference(all.discount, discount),
            tax: difference(all.tax, tax),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use inventory::orders::core::{Basis, TaxRate};

    use super::*;
    use crate::papers::core::{InvoiceLine, credit};

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::GBP)
    }

    fn q(units: i64) -> Quantity {
        Quantity::new(units).unwrap()
    }

    /// A line of an order, its invoices with the credited quantity of each, and the invoiced sums.
    struct InvoicedLine {
        basis: Basis,
        price: i64,
        decimals: u8,
        invoices: Vec<(InvoiceLine, i64)>,
        charged: InvoicedAmounts,
    }

    impl InvoicedLine {
        fn new((price, decimals): (i64, u8), units: i64, (discount, tax): (i64, i64), rate: Option<i64>) -> Self {
            let rate = rate.and_then(TaxRate::of_millionths);
            let basis = Basis { quantity: q(units), discount: gbp(discount), tax: gbp(tax), rate };
            Self { basis, price, decimals, invoices: Vec::new(), charged: InvoicedAmounts::default() }
        }

        fn amounts(&self, units: i64) -> Amounts {
            self.basis.amounts(gbp(self.price), self.decimals, q(units)).unwrap()
        }

        fn book(&mut self, line: &InvoiceLine, sign: i64) {
            let charged = &mut self.charged;
            charged.quantity += sign * line.quantity.get();
            charged.discount += sign * line.discount.minor;
            charged.tax += sign * line.tax.minor;
            charged.total += sign * line.total.minor;
            charged.papers += 1;
        }

        fn issue(&mut self, upto: i64) {
            let from = self.charged.quantity;
            let part = self.charged.remaining_amounts(&self.amounts(from), &self.amounts(upto));
            let line = InvoiceLine {
                position: 1,
                sku: String::new(),
                name: String::new(),
                decimals: self.decimals,
                quantity: q(upto - from),
                unit_price: gbp(self.price),
                discount: part.discount,
                tax: part.tax,
                total: part.total().unwrap(),
                rate: self.basis.rate,
            };
            self.book(&line, 1);
            self.invoices.push((line, 0));
        }

        fn credit(&mut self, index: usize, units: i64) {
            let (line, before) = self.invoices[index].clone();
            let given = credit(&[line], &BTreeMap::from([(1, before)]), Some(&[(1, units)])).unwrap();
            self.invoices[index].1 += units;
            self.book(&given[0], -1);
        }

        /// Returns discount, tax and total as charged, and those of the line.
        fn both(&self) -> [[i64; 3]; 2] {
            let all = self.amounts(self.basis.quantity.get());
            let charged = [self.charged.discount, self.charged.tax, self.charged.total];
            [charged, [all.discount.minor, all.tax.minor, all.total().unwrap().minor]]
        }
    }

    #[test]
    fn a_unit_that_is_credited_and_invoiced_again_leaves_the_line_as_it_was() {
        let mut sold = InvoicedLine::new((400, 0), 2, (1, 0), None);
        sold.issue(2);
        sold.credit(0, 1);
        sold.issue(2);
        assert_eq!(sold.both(), [[1, 0, 799]; 2]);
    }

    #[test]
    fn invoices_less_credits_of_a_line_that_is_invoiced_whole_are_the_line() {
        // A fixed linear congruential generator: the same sequences in each run.
        let mut state = 7_u64;
        let mut below = |most: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(state >> 33).unwrap() % most
        };
        for nth in 0..600 {
            let units = 1 + below(12);
            let kind = [(333, 0), (1, 0), (47, 1), (999, 3), (-251, 0)][usize::try_from(below(5)).unwrap()];
            let stated = if kind.0 < 0 { (0, -below(50)) } else { (below(8), below(50)) };
            let rate = [None, Some(200_000), Some(88_750)][usize::try_from(below(3)).unwrap()];
            let mut sold = InvoicedLine::new(kind, units, stated, rate.filter(|_| kind.0 > 0));
            for _ in 0..30 {
                let open: Vec<_> = (0..sold.invoices.len())
                    .map(|index| (index, sold.invoices[index].0.quantity.get() - sold.invoices[index].1))
                    .filter(|(_, left)| *left > 0)
                    .collect();
                let due = units - sold.charged.quantity;
                if due > 0 && (open.is_empty() || below(2) == 0) {
                    sold.issue(sold.charged.quantity + 1 + below(due));
                } else {
                    let (index, left) = open[usize::try_from(below(i64::try_from(open.len()).unwrap())).unwrap()];
                    sold.credit(index, 1 + below(left));
                }
            }
            if sold.charged.quantity < units {
                sold.issue(units);
                let [charged, stated] = sold.both();
                assert_eq!(charged, stated, "sequence {nth}: {units} at {kind:?}");
            }
        }
    }

    #[test]
    fn what_was_charged_before_an_edit_stays() {
        let mut sold = InvoicedLine::new((1_000, 0), 2, (0, 0), None);
        sold.issue(1);
        sold.price = 1_200;
        sold.issue(2);
        assert_eq!(sold.both(), [[0, 0, 2_200], [0, 0, 2_400]]);
        // After the credits, the line is invoiced at its current price.
        sold.credit(0, 1);
        sold.credit(1, 1);
        sold.issue(2);
        assert_eq!(sold.both(), [[0, 0, 2_400]; 2]);
    }
}
