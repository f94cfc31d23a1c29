//! Sums by group, and their order.

use std::{cmp::Reverse, collections::BTreeMap};

use uuid::Uuid;

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
    pub fn add(&mut self, other: Self) {
        for (key, sums) in other.groups {
            self.groups.entry(key).or_default().add(&sums);
        }
        if let Some(other) = other.documents {
            self.documents.get_or_insert_default().iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
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
    use super::*;

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
