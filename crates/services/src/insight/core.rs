//! The rules of the sales report: the value of a line, and the grouping and order of sums. Sums are
//! 128 bits wide, so they never wrap.

mod in_books;

use std::{cmp::Reverse, collections::BTreeMap};

use inventory::purchasing::core::allocate_proportionally;
use uuid::Uuid;

pub use in_books::{ForeignDocument, ForeignLine, Trade};

/// Grouping of the report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// One row for the whole report.
    None,
    Day,
    Month,
    Product,
    Category,
    Store,
    Channel,
    Country,
    Customer,
}

impl Group {
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Day,
        Self::Month,
        Self::Product,
        Self::Category,
        Self::Store,
        Self::Channel,
        Self::Country,
        Self::Customer,
    ];
    /// Whether lines are grouped by product or category. Charges have no product, so such a report
    /// leaves them out.
    pub const fn by_product(self) -> bool {
        matches!(self, Self::Product | Self::Category)
    }
}

/// Measure by which the largest rows are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    UnitsSold,
    GrossRevenue,
    NetRevenue,
    Orders,
}

/// A row's group. IDs sort as their TypeIDs do; lines without a group come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKey {
    /// Days since 1970-01-01.
    Day(i32),
    Text(String),
    Id(Uuid),
    Nothing,
}

/// A row's sums: counts, smallest units and minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub orders: i128,
    pub order_lines: i128,
    pub units_sold: i128,
    pub gross: i128,
    pub charges: i128,
    pub cost: i128,
    pub returns: i128,
    pub return_lines: i128,
    pub units_returned: i128,
    pub refunds: i128,
    pub charge_credits: i128,
    /// Orders and returns in other currencies that have no rate to the books: no other sum includes
    /// them.
    pub without_rate: i128,
}

impl Sums {
    pub const fn net(&self) -> i128 {
        self.gross - self.refunds
    }
    pub const fn measure(&self, measure: Measure) -> i128 {
        match measure {
            Measure::UnitsSold => self.units_sold,
            Measure::GrossRevenue => self.gross,
            Measure::NetRevenue => self.net(),
            Measure::Orders => self.orders,
        }
    }
    pub fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.order_lines += other.order_lines;
        self.units_sold += other.units_sold;
        self.gross += other.gross;
        self.charges += other.charges;
        self.cost += other.cost;
        self.returns += other.returns;
        self.return_lines += other.return_lines;
        self.units_returned += other.units_returned;
        self.refunds += other.refunds;
        self.charge_credits += other.charge_credits;
        self.without_rate += other.without_rate;
    }
    /// The sums of one document over its groups: it counts once.
    #[must_use]
    pub fn as_one_document(mut self) -> Self {
        for count in [&mut self.orders, &mut self.returns, &mut self.without_rate] {
            *count = (*count).min(1);
        }
        self
    }
}

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
        let worth = |lines: &[(GroupKey, i64)]| lines.iter().map(|line| i128::from(line.1)).sum::<i128>();
        let (whole, products, charges) = (i128::from(refunded), worth(&self.products), worth(&self.charges));
        let fee = charges.min(0).max(-whole).min(0);
        let of_charges = if self.products.is_empty() { whole } else { (whole - products).clamp(fee, charges.max(0)) };
        let weights: Vec<i64> = self.products.iter().map(|line| line.1).collect();
        let rest = (whole - of_charges) as i64;
        // If all lines have the value 0, the first one takes the whole amount.
        let shares = allocate_proportionally(rest, &weights).unwrap_or_else(|| vec![rest]);
        let shares = shares.into_iter().chain(std::iter::repeat(0));
        let differs = |((key, own), share): (&(GroupKey, i64), i64)| (key.clone(), i128::from(share) - i128::from(*own));
        let charge = self.charges.first().map(|(key, _)| (key.clone(), of_charges - charges));
        (self.products.iter().zip(shares).map(differs).collect(), charge)
    }
}

/// Rounded half away from zero; `by` is above 0.
const fn divide_rounded(number: i128, by: i128) -> i128 {
    let half = if number < 0 { -(by / 2) } else { by / 2 };
    (number + half) / by
}

/// Sums by group, in the order of the keys.
pub type Tally = BTreeMap<GroupKey, Sums>;

/// Sums by group, and the documents of all groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SalesByGroup {
    pub groups: Tally,
    /// Orders and returns, each once even if it is in several groups; None if they were not
    /// counted.
    pub documents: Option<[i128; 2]>,
}

impl SalesByGroup {
    /// The sums over all groups. A document may be in several groups, so the totals of documents
    /// come from `documents` if they were counted.
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.groups.values().for_each(|sums| total.add(sums));
        if let Some([orders, returns]) = self.documents {
            (total.orders, total.returns) = (orders, returns);
        }
        total
    }
    /// Adds the sums of other documents.
    pub fn add(&mut self, more: Self) {
        for (key, sums) in more.groups {
            self.groups.entry(key).or_default().add(&sums);
        }
        if let Some(more) = more.documents {
            self.documents.get_or_insert_default().iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
}

/// At most `first` rows to show: by key, or the largest by a measure and then by key. Without
/// groups there is always one row.
pub fn top_groups(mut tally: Tally, group: Group, top_by: Option<Measure>, first: usize) -> Vec<(GroupKey, Sums)> {
    if group == Group::None {
        tally.entry(GroupKey::Nothing).or_default();
    }
    let mut rows: Vec<_> = tally.into_iter().collect();
    if let Some(measure) = top_by {
        // The sort is stable, so equal rows stay in the order of their keys.
        rows.sort_by_key(|(_, sums)| Reverse(sums.measure(measure)));
    }
    rows.truncate(first);
    rows
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
    fn costs_round_as_money_does() {
        for units in [1, 499, 500, 1_500, 1_501, 77_777] {
            let money = Money::new(333, Currency::GBP).times(Quantity::new(units).unwrap(), 3).unwrap();
            assert_eq!(line(units, 0, 0).cost(), i128::from(money.minor), "{units}");
        }
    }

    #[test]
    fn an_order_of_two_categories_is_one_order_of_the_total() {
        let [mugs, food] = ["mugs", "food"].map(|name| GroupKey::Text(name.to_owned()));
        let sums = |gross| Sums { orders: 1, gross, ..Sums::default() };
        let groups = Tally::from([(mugs, sums(300)), (food.clone(), sums(200))]);
        let mut sold = SalesByGroup { groups, documents: Some([1, 0]) };
        let other = SalesByGroup { groups: Tally::from([(food, sums(50))]), documents: Some([1, 0]) };
        assert_eq!(sold.total(), Sums { orders: 1, gross: 500, ..Sums::default() });
        sold.add(other);
        assert_eq!(sold.total(), Sums { orders: 2, gross: 550, ..Sums::default() });
        assert_eq!(Sums { orders: 3, ..sums(500) }.as_one_document(), sums(500));
    }

    #[test]
    fn rows_come_by_key_or_by_measure_and_nothing_comes_last() {
        let sums = |units_sold| Sums { units_sold, ..Sums::default() };
        let text = |t: &str| GroupKey::Text(t.to_owned());
        let tally =
            Tally::from([(GroupKey::Nothing, sums(5)), (text("GB"), sums(5)), (text("DE"), sums(9)), (text("FR"), sums(1))]);
        let keys =
            |by, first| top_groups(tally.clone(), Group::Country, by, first).into_iter().map(|row| row.0).collect::<Vec<_>>();
        assert_eq!(keys(None, 250), [text("DE"), text("FR"), text("GB"), GroupKey::Nothing]);
        assert_eq!(keys(Some(Measure::UnitsSold), 3), [text("DE"), text("GB"), GroupKey::Nothing]);
        assert_eq!(top_groups(Tally::new(), Group::None, None, 1), [(GroupKey::Nothing, Sums::default())]);
    }
}
