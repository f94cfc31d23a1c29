//! The rules of the sales report: what a line is worth, how sums are grouped and ordered. Sums are 128 bits wide, so they never wrap.

use std::{cmp::Reverse, collections::BTreeMap};

use uuid::Uuid;

/// What rows of the report stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// One row for everything.
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
    /// Whether lines are grouped by what was sold. A charge has no product, so such a report has no charges.
    pub const fn by_product(self) -> bool {
        matches!(self, Self::Product | Self::Category)
    }
}

/// What the largest rows are picked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    UnitsSold,
    GrossRevenue,
    NetRevenue,
    Orders,
}

/// A row's group. Ids sort as their TypeIDs do; what belongs to no group comes last.
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
}

impl Sums {
    pub const fn net(&self) -> i128 {
        self.gross - self.refunds
    }
    fn measure(&self, measure: Measure) -> i128 {
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
    }
}

/// What a line of an order says about money, in minor and smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldLine {
    pub quantity: i64,
    pub cancelled: i64,
    /// Of the whole line: price less discount plus tax.
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
        if self.cancelled == 0 { self.total as i128 } else { divide(self.total as i128 * self.units(), self.quantity as i128) }
    }
    /// What the sold units cost, rounded as `Money::times` does.
    pub const fn cost(&self) -> i128 {
        divide(self.unit_cost as i128 * self.units(), 10i128.pow(self.decimals as u32))
    }
}

/// Rounded half away from zero; `by` is above 0.
const fn divide(number: i128, by: i128) -> i128 {
    let half = if number < 0 { -(by / 2) } else { by / 2 };
    (number + half) / by
}

/// Sums by group, in the order of the keys.
pub type Tally = BTreeMap<GroupKey, Sums>;

/// The rows to show: by key, or the largest by a measure and then by key; at most `first`. Without groups there is always one row.
pub fn pick(mut tally: Tally, group: Group, top_by: Option<Measure>, first: usize) -> Vec<(GroupKey, Sums)> {
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
    fn costs_round_as_money_does() {
        for units in [1, 499, 500, 1_500, 1_501, 77_777] {
            let money = Money::new(333, Currency::GBP).times(Quantity::new(units).unwrap(), 3).unwrap();
            assert_eq!(line(units, 0, 0).cost(), i128::from(money.minor), "{units}");
        }
    }

    #[test]
    fn rows_come_by_key_or_by_measure_and_nothing_comes_last() {
        let sums = |units_sold| Sums { units_sold, ..Sums::default() };
        let text = |t: &str| GroupKey::Text(t.to_owned());
        let tally =
            Tally::from([(GroupKey::Nothing, sums(5)), (text("GB"), sums(5)), (text("DE"), sums(9)), (text("FR"), sums(1))]);
        let keys = |by, first| pick(tally.clone(), Group::Country, by, first).into_iter().map(|row| row.0).collect::<Vec<_>>();
        assert_eq!(keys(None, 250), [text("DE"), text("FR"), text("GB"), GroupKey::Nothing]);
        assert_eq!(keys(Some(Measure::UnitsSold), 3), [text("DE"), text("GB"), GroupKey::Nothing]);
        assert_eq!(pick(Tally::new(), Group::None, None, 1), [(GroupKey::Nothing, Sums::default())]);
    }
}
