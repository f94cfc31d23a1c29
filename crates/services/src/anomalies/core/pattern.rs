//! Patterns other than anomalous days: sales below cost, repeated counts that lack units, equal
//! orders, and stock that never moves. Each is a rule with a number. Those of people and registers
//! are in `people`, of receipts in `receipts`.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    flag::{Finding, Pattern},
    series::SeriesKey,
    units::{units_cost, whole_units},
};
use crate::insight::core::SoldLine;

const MINUTE: i64 = 60_000_000;

/// Sizes from which patterns are flagged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatternRules {
    /// A line below cost is flagged from this many whole units, or from this many whole units of
    /// lost currency.
    pub loss_units: f64,
    pub loss_amount: i64,
    /// Returns and cancellations of a person or a register.
    pub reversals: i64,
    /// Consecutive counts that all lack units.
    pub short_counts: usize,
    /// Maximum minutes between equal orders of a customer.
    pub duplicate_minutes: i64,
    /// Days without a movement.
    pub unmoved_days: i32,
    /// Maximum days between equal receipts.
    pub receipt_days: i32,
}

impl Default for PatternRules {
    fn default() -> Self {
        Self {
            loss_units: 5.0,
            loss_amount: 5,
            reversals: 10,
            short_counts: 3,
            duplicate_minutes: 10,
            unmoved_days: 180,
            receipt_days: 3,
        }
    }
}

pub(super) fn finding(date: i32, key: SeriesKey, units: i64, pattern: Pattern) -> Finding {
    Finding {
        date,
        key,
        rule: AnomalyRule::Pattern,
        units,
        usual_milli: None,
        z_milli: None,
        largest_line: units,
        decimals: 0,
        value: None,
        pattern: Some(pattern),
    }
}

/// A counted line of an order, without its tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BelowCostLine {
    pub date: i32,
    pub store: StoreId,
    pub product: ProductId,
    pub line: SoldLine,
    pub currency: Currency,
}

impl BelowCostLine {
    /// Returns the loss of the line if it reaches a limit of the rules.
    fn loss(&self, rules: &PatternRules) -> Option<i64> {
        let loss = i64::try_from(self.line.cost() - self.line.amount()).ok()?;
        let units = whole_units(i64::try_from(self.line.units()).ok()?, self.line.decimals.into());
        let min_loss = rules.loss_amount.saturating_mul(10_i64.pow(self.currency.decimals()));
        (loss > 0 && (units >= rules.loss_units || loss >= min_loss)).then_some(loss)
    }
}

/// Returns the days on which a product was sold below its cost, with the loss.
pub fn below_cost(lines: &[BelowCostLine], rules: &PatternRules) -> Vec<Finding> {
    let mut days: BTreeMap<(i32, SeriesKey), Finding> = BTreeMap::new();
    for line in lines {
        let Some(loss) = line.loss(rules) else { continue };
        let units = i64::try_from(line.line.units()).unwrap_or(i64::MAX);
        let loss_amount = Money::new(loss, line.currency);
        let key = SeriesKey { store: line.store, product: line.product, kind: AnomalyKind::BelowCost };
        let empty = Finding {
            decimals: line.line.decimals.into(),
            value: Some(Money::zero(line.currency)),
            largest_line: 0,
            ..finding(line.date, key, 0, Pattern::of(0))
        };
        let day = days.entry((line.date, key)).or_insert(empty);
        day.units = day.units.saturating_add(units);
        day.largest_line = day.largest_line.max(units);
        // Another currency on the same day adds no value.
        day.value = day.value.and_then(|value| value.checked_add(loss_amount)).or(day.value);
        if let Some(pattern) = &mut day.pattern {
            pattern.times += 1;
        }
    }
    days.into_values().collect()
}

/// Differences of a product's counts in a store, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountDifferences {
    pub store: StoreId,
    pub product: ProductId,
    /// Day of the newest count.
    pub date: i32,
    pub decimals: i32,
    pub differences: Vec<i64>,
    pub cost: Option<Money>,
}

/// Returns the finding of a product whose last counts all lack units, if there are enough of them.
pub fn repeated_shortfall(product_counts: &CountDifferences, rules: &PatternRules) -> Option<Finding> {
    let shortfalls: Vec<i64> = product_counts.differences.iter().copied().take_while(|difference| *difference < 0).collect();
    if shortfalls.len() < rules.short_counts {
        return None;
    }
    let missing_units = shortfalls.iter().fold(0_i64, |sum, difference| sum.saturating_sub(*difference));
    let largest = shortfalls.iter().map(|difference| difference.saturating_neg()).max().unwrap_or_default();
    let key = SeriesKey { store: product_counts.store, product: product_counts.product, kind: AnomalyKind::CountsShort };
    let value = units_cost(product_counts.cost, missing_units, product_counts.decimals);
    let base_finding = finding(product_counts.date, key, missing_units, Pattern::of(shortfalls.len() as i64));
    Some(Finding { largest_line: largest, decimals: product_counts.decimals, value, ..base_finding })
}

/// An order of a customer, with its lines sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    pub id: OrderId,
    pub store: StoreId,
    pub customer: CustomerId,
    pub date: i32,
    pub placed_at: Timestamp,
    pub total: Money,
    pub lines: Vec<PlacedItem>,
}

/// A line of the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlacedItem {
    pub product: Option<ProductId>,
    pub sku: String,
    pub quantity: i64,
    pub unit_price: i64,
    pub decimals: i32,
}

impl PlacedOrder {
    fn is_equal(&self, other: &Self) -> bool {
        let own_key = (self.store, self.customer, self.total, &self.lines);
        own_key == (other.store, other.customer, other.total, &other.lines)
    }
    /// Returns the finding of the last of `times` equal orders; `None` if it has no product.
    fn finding(&self, times: i64) -> Option<Finding> {
        let product_lines = self.lines.iter().filter(|line| line.product.is_some());
        let main_line = product_lines.max_by_key(|line| i128::from(line.quantity) * i128::from(line.unit_price))?;
        let key = SeriesKey { store: self.store, product: main_line.product?, kind: AnomalyKind::Duplicate };
        let value = self.total.minor.checked_mul(times - 1).filter(|minor| *minor >= 0);
        let pattern = Pattern { times, origin: None, order: Some(self.id) };
        let base_finding = finding(self.date, key, main_line.quantity, pattern);
        Some(Finding {
            decimals: main_line.decimals,
            value: value.map(|minor| Money::new(minor, self.total.currency)),
            ..base_finding
        })
    }
}

/// Orders of a customer that equal the one before and follow it within minutes; one finding for
/// each run of them. The orders are sorted by time.
pub fn duplicates(orders: &[PlacedOrder], rules: &PatternRules) -> Vec<Finding> {
    let max_gap = rules.duplicate_minutes.saturating_mul(MINUTE);
    let mut runs: Vec<(&PlacedOrder, i64)> = Vec::new();
    for order in orders {
        let before = runs
            .iter_mut()
            .rev()
            .find(|(last, _)| order.placed_at.micros() - last.placed_at.micros() <= max_gap && last.is_equal(order));
        match before {
            Some(run) => *run = (order, run.1 + 1),
            None => runs.push((order, 1)),
        }
    }
    runs.into_iter().filter(|(_, times)| *times > 1).filter_map(|(last, times)| last.finding(times)).collect()
}

/// Stock of a product in a store that does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnmovedStock {
    pub store: StoreId,
    pub product: ProductId,
    pub on_hand: i64,
    pub decimals: i32,
    /// Day of the last movement.
    pub moved: i32,
    pub cost: Option<Money>,
}

/// Returns the finding of unmoved stock: its day is the one on which it had not moved for the days
/// of the rule.
pub fn unmoved_stock_finding(stock: &UnmovedStock, rules: &PatternRules) -> Finding {
    let key = SeriesKey { store: stock.store, product: stock.product, kind: AnomalyKind::Unmoved };
    let value = units_cost(stock.cost, stock.on_hand, stock.decimals);
    let days = rules.unmoved_days;
    let base_finding = finding(stock.moved.saturating_add(days), key, stock.on_hand, Pattern::of(days.into()));
    Finding { decimals: stock.decimals, value, ..base_finding }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn usual() -> PatternRules {
        PatternRules::default()
    }
    fn cheap(quantity: i64, total: i64, unit_cost: i64) -> BelowCostLine {
        let line = SoldLine { quantity, cancelled: 0, total, unit_cost, decimals: 0 };
        BelowCostLine { date: 9, store: StoreId::NIL, product: ProductId::NIL, line, currency: Currency::GBP }
    }
    fn order(nth: u128, seconds: i64, quantity: i64) -> PlacedOrder {
        let item = PlacedItem { product: Some(ProductId::NIL), sku: "MUG".to_owned(), quantity, unit_price: 900, decimals: 0 };
        PlacedOrder {
            id: OrderId::from_uuid(Uuid::from_u128(nth)),
            store: StoreId::NIL,
            customer: CustomerId::NIL,
            date: 9,
            placed_at: Timestamp(seconds * 1_000_000),
            total: Money::new(900 * quantity, Currency::GBP),
            lines: vec![item],
        }
    }

    #[test]
    fn lines_below_cost_add_up_from_five_units_or_five_pounds_on() {
        // A line of four units that loses 4.00 is not flagged; one of five is, and so is one that
        // loses 5.00.
        assert_eq!(below_cost(&[cheap(4, 400, 200)], &usual()), []);
        assert_eq!(below_cost(&[cheap(6, 1_200, 200)], &usual()), [], "at cost");
        let lines = [cheap(5, 500, 200), cheap(1, 100, 600), cheap(3, 900, 200)];
        let found = below_cost(&lines, &usual());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].reason(), "6 sold for less than the cost; order lines: 2");
        assert_eq!((found[0].value, found[0].largest_line), (Some(Money::new(1_000, Currency::GBP)), 5));
        // A tenant with limits of six units and 6.00.
        let rules = PatternRules { loss_units: 6.0, loss_amount: 6, ..usual() };
        assert_eq!(below_cost(&lines, &rules), []);
        let found = below_cost(&lines, &PatternRules { loss_amount: 5, ..rules });
        assert_eq!(found[0].reason(), "6 sold for less than the cost; order lines: 2", "each lost 5.00");
    }

    #[test]
    fn three_counts_in_a_row_that_miss_units_are_a_pattern() {
        let counted = |differences: &[i64]| CountDifferences {
            store: StoreId::NIL,
            product: ProductId::NIL,
            date: 9,
            decimals: 0,
            differences: differences.to_vec(),
            cost: Some(Money::new(250, Currency::GBP)),
        };
        for few in [&[-4, -3][..], &[-4, -3, 0, -9], &[0, -4, -3, -2], &[]] {
            assert_eq!(repeated_shortfall(&counted(few), &usual()), None, "{few:?}");
        }
        let counts = counted(&[-4, -3, -2, 1, -50]);
        assert_eq!(repeated_shortfall(&counts, &PatternRules { short_counts: 4, ..usual() }), None);
        let found = repeated_shortfall(&counts, &usual()).unwrap();
        assert_eq!(found.reason(), "9 missing in the last 3 counts; none found as many as expected");
        assert_eq!((found.value, found.largest_line), (Some(Money::new(2_250, Currency::GBP)), 4));
    }

    #[test]
    fn equal_orders_within_minutes_are_one_finding() {
        let orders = [order(1, 0, 3), order(2, 60, 3), order(3, 100, 4), order(4, 660, 3), order(5, 1_300, 3)];
        let found = duplicates(&orders, &usual());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].reason(), "3 equal orders of a customer within minutes, 3 units each");
        assert_eq!(found[0].value, Some(Money::new(5_400, Currency::GBP)), "two of the three are too many");
        assert_eq!(
            found[0].pattern.as_ref().unwrap().order,
            Some(OrderId::from_uuid(Uuid::from_u128(4))),
            "eleven minutes later is another"
        );
        let found = duplicates(&orders, &PatternRules { duplicate_minutes: 1, ..usual() });
        assert_eq!(found[0].reason(), "2 equal orders of a customer within minutes, 3 units each", "ten minutes are too many");
    }

    #[test]
    fn stock_lies_still_from_a_day_on() {
        let still =
            UnmovedStock { store: StoreId::NIL, product: ProductId::NIL, on_hand: 1_500, decimals: 3, moved: 100, cost: None };
        let found = unmoved_stock_finding(&still, &usual());
        assert_eq!((found.date, found.value), (280, None));
        assert_eq!(found.reason(), "1.5 in stock; nothing has moved for 180 days");
        let found = unmoved_stock_finding(&still, &PatternRules { unmoved_days: 90, ..usual() });
        assert_eq!((found.date, found.reason().as_str()), (190, "1.5 in stock; nothing has moved for 90 days"));
    }
}
