//! Invoices in another currency than that of the books: the rate of their conversion, and the
//! converted amounts.

use entity::prelude::*;
use inventory::currency::core::FrozenRate;

use super::invoice_totals::{RateTotals, Totals};

/// The frozen rate of an invoice, and its sums in the currency of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksTotals {
    pub rate: FrozenRate,
    pub totals: Totals,
}

impl BooksTotals {
    /// Converts totals that follow others: `(tax, total)` are those of earlier credit notes of one
    /// invoice, in minor units. The converted parts add up to the conversion of their sum, so that
    /// credit notes of a whole invoice equal the invoice. Tax and total are converted, and net is
    /// the difference. `None` if a sum is too large to be exact.
    pub fn after(rate: FrozenRate, (tax, total): (i64, i64), totals: &Totals) -> Option<Self> {
        let part = |before: i64, amount: Money| {
            let converted = rate.convert(before.checked_add(amount.minor)?)?;
            Some(converted - rate.convert(before)?)
        };
        let (tax, total) = (part(tax, totals.tax)?, part(total, totals.total)?);
        let money = |minor| Money::new(minor, rate.to);
        let totals = Totals { net: money(total - tax), tax: money(tax), total: money(total) };
        Some(Self { rate, totals })
    }

    /// Returns the converted tax of each row of an invoice; the sum is its converted tax, to the
    /// penny. The rounding difference goes to the row with the most tax.
    pub fn taxes(&self, rows: &[RateTotals]) -> Vec<Money> {
        let mut parts: Vec<i64> = rows.iter().map(|row| self.rate.convert(row.tax.minor).unwrap_or_default()).collect();
        let remainder = self.totals.tax.minor - parts.iter().sum::<i64>();
        let largest = rows.iter().zip(&mut parts).max_by_key(|(row, _)| row.tax.minor.abs());
        if let Some((_, part)) = largest {
            *part += remainder;
        }
        parts.into_iter().map(|minor| Money::new(minor, self.rate.to)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euros(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn totals(net: i64, tax: i64) -> Totals {
        Totals { net: euros(net), tax: euros(tax), total: euros(net + tax) }
    }

    /// 1 EUR is 0.8425 GBP.
    fn rate() -> FrozenRate {
        FrozenRate {
            from: euros(0).currency,
            to: Currency::GBP,
            numerator: "0.8425".parse().unwrap(),
            denominator: "1".parse().unwrap(),
            day: 20_756,
            source: "ECB".to_owned(),
        }
    }

    fn totals_minor(books: &BooksTotals) -> (i64, i64, i64) {
        (books.totals.net.minor, books.totals.tax.minor, books.totals.total.minor)
    }

    #[test]
    fn credit_notes_one_by_one_come_to_the_invoice() {
        // A tax of 2.10 converts to 1.76925, and a total of 14.10 to 11.87925.
        let invoice = BooksTotals::after(rate(), (0, 0), &totals(1_200, 210)).unwrap();
        assert_eq!(totals_minor(&invoice), (1_011, 177, 1_188));
        let (mut before, mut sum) = ((0, 0), (0, 0, 0));
        for _ in 0..3 {
            let credit = BooksTotals::after(rate(), before, &totals(400, 70)).unwrap();
            before = (before.0 + 70, before.1 + 470);
            let (net, tax, total) = totals_minor(&credit);
            sum = (sum.0 + net, sum.1 + tax, sum.2 + total);
        }
        assert_eq!(sum, totals_minor(&invoice));
    }

    #[test]
    fn the_tax_by_rates_adds_up_to_the_tax() {
        let row = |tax| RateTotals { rate: None, net: euros(0), tax: euros(tax) };
        // The rounded rows are 0.59 (of 0.58975) and twice 0.02 (of 0.01685), together 0.63; the
        // sum rounds to 0.62 (of 0.62345).
        let rows = [row(70), row(2), row(2)];
        let books = BooksTotals::after(rate(), (0, 0), &totals(0, 74)).unwrap();
        let taxes: Vec<i64> = books.taxes(&rows).iter().map(|tax| tax.minor).collect();
        assert_eq!((taxes, books.totals.tax.minor), (vec![58, 2, 2], 62));
        assert!(books.taxes(&[]).is_empty());
    }
}
