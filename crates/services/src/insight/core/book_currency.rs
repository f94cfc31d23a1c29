//! Documents in other currencies, in the currency of the books.

use std::collections::BTreeSet;

use inventory::currency::core::{FrozenRate, RateRequest};
use uuid::Uuid;

use super::{
    line::{ClosedReturn, SoldLine},
    sums::{GroupKey, Sums, Tally},
};

/// Whether a document is an order, which sells, or a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    Sale,
    Return,
}

/// A line of such a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignLine {
    pub key: GroupKey,
    pub is_product: bool,
    /// Whether the line is of a requested product.
    pub fits: bool,
    pub line: SoldLine,
}

/// A document in another currency than the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignDocument {
    pub id: Uuid,
    /// Request for the rate of the conversion.
    pub rate: RateRequest,
    /// Refund of a closed return, if it differs from the sum of its lines' own values.
    pub given_back: Option<i64>,
    /// All lines, products first: the document's total is converted as a whole.
    pub lines: Vec<ForeignLine>,
}

impl ForeignDocument {
    /// Adds the document's amounts, converted by its rate; without a rate the document is counted
    /// and in no sum. None if a sum exceeds the exact range.
    pub fn add_to(&self, tally: &mut Tally, trade: Trade, rate: Option<&FrozenRate>) -> Option<()> {
        let fitting = || self.lines.iter().filter(|one| one.fits);
        for key in fitting().map(|one| &one.key).collect::<BTreeSet<_>>() {
            let one = match (rate, trade) {
                (None, _) => Sums { without_rate: 1, ..Sums::default() },
                (Some(_), Trade::Sale) => Sums { orders: 1, ..Sums::default() },
                (Some(_), Trade::Return) => Sums { returns: 1, ..Sums::default() },
            };
            tally.entry(key.clone()).or_default().add(&one);
        }
        let Some(rate) = rate else { return Some(()) };
        let amounts = convert_amounts(rate, &self.counted_line_amounts())?;
        let costs = convert_amounts(rate, &self.lines.iter().map(|one| one.line.cost()).collect::<Vec<_>>())?;
        for ((one, amount), cost) in self.lines.iter().zip(amounts).zip(costs).filter(|((one, _), _)| one.fits) {
            let units = one.line.units();
            let sums = match (trade, one.is_product) {
                (Trade::Sale, true) => Sums { order_lines: 1, units_sold: units, gross: amount, cost, ..Sums::default() },
                (Trade::Sale, false) => Sums { charges: amount, cost, ..Sums::default() },
                (Trade::Return, true) => Sums { return_lines: 1, units_returned: units, refunds: amount, ..Sums::default() },
                (Trade::Return, false) => Sums { charge_credits: amount, ..Sums::default() },
            };
            tally.entry(one.key.clone()).or_default().add(&sums);
        }
        Some(())
    }

    /// Returns the amount that each line counts with, in the document's currency.
    fn counted_line_amounts(&self) -> Vec<i128> {
        let mut amounts: Vec<i128> = self.lines.iter().map(|foreign_line| foreign_line.line.amount()).collect();
        let Some(given_back) = self.given_back else { return amounts };
        let line_amounts = |is_product: bool| {
            let lines = self.lines.iter().filter(|foreign_line| foreign_line.is_product == is_product);
            // A share of the total, which fits.
            lines.map(|foreign_line| (foreign_line.key.clone(), foreign_line.line.amount() as i64)).collect()
        };
        let (products, charge) =
            ClosedReturn { products: line_amounts(true), charges: line_amounts(false) }.corrections(given_back);
        let (mut products, mut charge) = (products.into_iter(), charge.into_iter());
        for (amount, foreign_line) in amounts.iter_mut().zip(&self.lines) {
            let correction = if foreign_line.is_product { products.next() } else { charge.next() };
            *amount += correction.map_or(0, |(_, difference)| difference);
        }
        amounts
    }
}

/// Converts amounts so that their total is rounded once: each is the difference of two converted
/// running sums.
fn convert_amounts(rate: &FrozenRate, amounts: &[i128]) -> Option<Vec<i128>> {
    let (mut running_total, mut before) = (0_i128, 0_i64);
    let part = |amount: &i128| {
        running_total += *amount;
        let until = rate.convert(i64::try_from(running_total).ok()?)?;
        let part = until - before;
        before = until;
        Some(i128::from(part))
    };
    amounts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use entity::prelude::{Currency, Timestamp};

    use super::*;

    fn euros() -> FrozenRate {
        let (from, to) = (Currency::parse("EUR").unwrap(), Currency::parse("GBP").unwrap());
        let (numerator, denominator) = ("0.8425".parse().unwrap(), "1".parse().unwrap());
        FrozenRate { from, to, numerator, denominator, day: 100, source: "ECB".to_owned() }
    }

    fn document(lines: &[(&str, i64)], given_back: Option<i64>) -> ForeignDocument {
        let rate = RateRequest { from: Currency::parse("EUR").unwrap(), day: 100, known_at: Timestamp(0) };
        let line = |(sku, total): &(&str, i64)| ForeignLine {
            key: if sku.is_empty() { GroupKey::Nothing } else { GroupKey::Text((*sku).to_owned()) },
            is_product: !sku.is_empty(),
            fits: true,
            line: SoldLine { quantity: 1, cancelled: 0, total: *total, unit_cost: 0, decimals: 0 },
        };
        ForeignDocument { id: Uuid::from_u128(1), rate, given_back, lines: lines.iter().map(line).collect() }
    }

    fn tally_document(document: &ForeignDocument, trade: Trade) -> Tally {
        let mut tally = Tally::new();
        document.add_to(&mut tally, trade, Some(&euros())).unwrap();
        tally
    }

    #[test]
    fn a_document_is_rounded_once_and_its_lines_add_up_to_it() {
        // 0.67 each is 0.56 and a rest: three are 2.01, which is 1.69.
        let order = document(&[("a", 67), ("b", 67), ("c", 67), ("", 350)], None);
        let tally = tally_document(&order, Trade::Sale);
        let gross: Vec<i128> = tally.values().map(|sums| sums.gross).collect();
        assert_eq!(gross, [56, 57, 56, 0]);
        let whole: i128 = tally.values().map(|sums| sums.gross + sums.charges).sum();
        assert_eq!(whole, i128::from(euros().convert(67 * 3 + 350).unwrap()));
        let mut some = order;
        some.lines[0].fits = false;
        let rest: Vec<i128> = tally_document(&some, Trade::Sale).values().map(|sums| sums.gross).collect();
        assert_eq!(rest, [57, 56, 0], "a line has the same part whatever is asked for");
    }

    #[test]
    fn a_return_counts_with_what_it_gave_back() {
        let back = tally_document(&document(&[("a", 1_000), ("b", 500), ("", -200)], Some(900)), Trade::Return);
        let sum = |of: fn(&Sums) -> i128| back.values().map(of).sum::<i128>();
        assert_eq!(sum(|sums| sums.refunds + sums.charge_credits), i128::from(euros().convert(900).unwrap()));
        assert_eq!((sum(|sums| sums.returns), sum(|sums| sums.return_lines)), (3, 2), "it counts in each group");
    }

    #[test]
    fn a_document_without_a_rate_is_counted_and_in_no_sum() {
        let mut tally = Tally::new();
        document(&[("a", 67), ("a", 67)], None).add_to(&mut tally, Trade::Sale, None).unwrap();
        assert_eq!(tally, Tally::from([(GroupKey::Text("a".to_owned()), Sums { without_rate: 1, ..Sums::default() })]));
        let vast = document(&[("a", i64::MAX)], None);
        assert_eq!(vast.add_to(&mut tally, Trade::Sale, Some(&euros())), None, "beyond what can be kept exactly");
    }
}
