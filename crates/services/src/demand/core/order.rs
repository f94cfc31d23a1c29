//! Contribution of an order to the figures of its day, line by line, as `salesReport` counts it.

use std::collections::BTreeMap;

use entity::{prelude::*, tables::demand_day::DemandFigures};
use serde::{Deserialize, Serialize};

use super::day::{DayKey, Deltas, Overflow};
use crate::insight::core::SoldLine;

/// Lines as they were counted, by position, so that they can be subtracted once they change. Lines
/// without a cancellation or an edit are left out.
pub type CountedLines = BTreeMap<i32, NotedEvent>;

/// A line as it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NotedEvent {
    /// Cancelled units of the line as it was placed.
    Cancelled(i64),
    /// A line that had been edited: quantity, cancelled, total, price and discount.
    Edited([i64; 5]),
}

/// An order with its lines of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandOrder {
    pub seq: i64,
    /// Confirmed, and neither cancelled nor expired.
    pub counts: bool,
    pub date: i32,
    pub store: StoreId,
    pub channel: ChannelId,
    pub currency: Option<Currency>,
    pub lines: Vec<DemandLine>,
}

/// Order line; `line.cancelled` is the quantity that is cancelled by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemandLine {
    pub position: i32,
    pub product: ProductId,
    pub line: SoldLine,
    pub unit_price: i64,
    pub discount: i64,
    /// The line as it was placed, if an edit has changed it since.
    pub placed: Option<PlacedLine>,
}

/// A line as it was placed; its quantity is 0 if an edit added it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedLine {
    pub quantity: i64,
    pub total: i64,
    pub unit_price: i64,
    pub discount: i64,
}

impl DemandLine {
    fn counted_state(&self) -> Option<NotedEvent> {
        let SoldLine { quantity, cancelled, total, .. } = self.line;
        match self.placed {
            Some(_) => Some(NotedEvent::Edited([quantity, cancelled, total, self.unit_price, self.discount])),
            None => (cancelled > 0).then_some(NotedEvent::Cancelled(cancelled)),
        }
    }
    /// The line in its counted state.
    fn in_counted_state(&self, note: Option<NotedEvent>) -> Self {
        let current = PlacedLine {
            quantity: self.line.quantity,
            total: self.line.total,
            unit_price: self.unit_price,
            discount: self.discount,
        };
        let (basis, cancelled) = match note {
            Some(NotedEvent::Edited([quantity, cancelled, total, unit_price, discount])) => {
                (PlacedLine { quantity, total, unit_price, discount }, cancelled)
            }
            Some(NotedEvent::Cancelled(cancelled)) => (self.placed.unwrap_or(current), cancelled),
            None => (self.placed.unwrap_or(current), 0),
        };
        let line = SoldLine { quantity: basis.quantity, cancelled, total: basis.total, ..self.line };
        Self { line, unit_price: basis.unit_price, discount: basis.discount, ..*self }
    }
}

impl DemandOrder {
    /// Returns the lines that count now; None if the order does not count.
    pub fn counted_lines(&self) -> Option<CountedLines> {
        let note_of_line = |line: &DemandLine| Some((line.position, line.counted_state()?));
        self.counts.then(|| self.lines.iter().filter_map(note_of_line).collect())
    }
}

/// Replaces the counted lines of an order by those that count now.
pub fn change_order(deltas: &mut Deltas, order: &DemandOrder, before: Option<&CountedLines>) -> Result<(), Overflow> {
    let now = order.counted_lines();
    if now.as_ref() == before {
        return Ok(());
    }
    for (counted, sign) in before.map(|counted| (counted, -1)).into_iter().chain(now.as_ref().map(|counted| (counted, 1))) {
        for (product, (figures, largest)) in sums_by_product(order, counted)? {
            let (date, store, channel, currency) = (order.date, order.store, order.channel, order.currency);
            let delta = deltas.add(DayKey { date, product, store, channel, currency }, &figures, sign, order.seq)?;
            let extreme = if sign > 0 { &mut delta.largest_added } else { &mut delta.largest_removed };
            *extreme = largest.max(*extreme);
        }
    }
    Ok(())
}

/// The figures of each product, and its largest line.
fn sums_by_product(order: &DemandOrder, counted: &CountedLines) -> Result<BTreeMap<ProductId, (DemandFigures, i64)>, Overflow> {
    let mut products = BTreeMap::new();
    let lines = order.lines.iter().map(|line| line.in_counted_state(counted.get(&line.position).copied()));
    for DemandLine { product, line, unit_price, discount, .. } in lines.filter(|line| line.line.quantity > 0) {
        let checked_i64 = |number: i128| i64::try_from(number).map_err(|_| Overflow);
        let (figures, largest): &mut (DemandFigures, i64) = products.entry(product).or_default();
        let mut line_figures =
            DemandFigures { ordered_units: line.quantity, cancelled_units: line.cancelled, ..DemandFigures::default() };
        if line.units() > 0 {
            // A discount is shared out as the line's total is, and the list price is multiplied out as a cost is.
            let discounted = SoldLine { total: discount, ..line };
            let list_priced = SoldLine { unit_cost: unit_price, ..line };
            line_figures.order_lines = 1;
            line_figures.orders = i64::from(figures.orders == 0);
            line_figures.gross_minor = checked_i64(line.amount())?;
            line_figures.cost_minor = checked_i64(line.cost())?;
            line_figures.discount_minor = checked_i64(discounted.amount())?;
            line_figures.list_minor = checked_i64(list_priced.cost())?;
            *largest = checked_i64(line.units())?.max(*largest);
        }
        *figures = figures.plus(&line_figures, 1).ok_or(Overflow)?;
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn product(n: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(n))
    }

    fn order(counts: bool, lines: &[(u128, i64, i64)]) -> DemandOrder {
        let line = |(position, (of, quantity, cancelled)): (i32, &(u128, i64, i64))| DemandLine {
            position,
            product: product(*of),
            line: SoldLine { quantity: *quantity, cancelled: *cancelled, total: 100 * quantity, unit_cost: 30, decimals: 0 },
            unit_price: 110,
            discount: 10 * quantity,
            placed: None,
        };
        let lines = (1..).zip(lines).map(line).collect();
        DemandOrder {
            seq: 9,
            counts,
            date: 1,
            store: StoreId::NIL,
            channel: ChannelId::NIL,
            currency: Some(Currency::GBP),
            lines,
        }
    }

    fn changes(order: &DemandOrder, before: Option<CountedLines>) -> Vec<(DemandFigures, i64, i64)> {
        let mut deltas = Deltas::default();
        change_order(&mut deltas, order, before.as_ref()).unwrap();
        deltas.0.into_values().map(|delta| (delta.figures, delta.largest_added, delta.largest_removed)).collect()
    }

    #[test]
    fn two_lines_of_a_product_are_one_order() {
        let none = DemandFigures::default();
        let two = DemandFigures {
            ordered_units: 7,
            cancelled_units: 1,
            orders: 1,
            order_lines: 2,
            gross_minor: 600,
            discount_minor: 60,
            list_minor: 660,
            cost_minor: 180,
            ..none
        };
        let gone = DemandFigures { ordered_units: 4, cancelled_units: 4, ..none };
        assert_eq!(changes(&order(true, &[(1, 2, 1), (1, 5, 0), (2, 4, 4)]), None), [(two, 5, 0), (gone, 0, 0)]);
    }

    #[test]
    fn a_cancelled_order_takes_back_all_that_it_had_counted() {
        let before = order(true, &[(1, 5, 2)]);
        let counted = changes(&before, None)[0];
        let after = changes(&order(false, &[(1, 5, 5)]), before.counted_lines());
        assert_eq!(after, [(DemandFigures::default().plus(&counted.0, -1).unwrap(), 0, 3)]);
        assert_eq!(changes(&before, before.counted_lines()), [], "what counts already changes nothing");
        assert_eq!(changes(&order(false, &[(1, 5, 0)]), None), [], "what is not confirmed is no demand");
    }

    #[test]
    fn a_line_cancelled_in_part_changes_by_the_difference() {
        let before = order(true, &[(1, 5, 0)]).counted_lines();
        let change = changes(&order(true, &[(1, 5, 2)]), before);
        let figures = DemandFigures {
            cancelled_units: 2,
            gross_minor: -200,
            discount_minor: -20,
            list_minor: -220,
            cost_minor: -60,
            ..DemandFigures::default()
        };
        assert_eq!(change, [(figures, 3, 5)]);
    }

    #[test]
    fn an_edited_line_is_taken_back_as_it_was_counted() {
        let placed = order(true, &[(1, 5, 1)]);
        let mut edited = order(true, &[(1, 8, 1), (2, 3, 0)]);
        let was = PlacedLine { quantity: 5, total: 500, unit_price: 110, discount: 50 };
        edited.lines[0].placed = Some(was);
        edited.lines[1].placed = Some(PlacedLine { quantity: 0, total: 0, unit_price: 0, discount: 0 });
        let sum = |of: Vec<(DemandFigures, i64, i64)>| {
            of.iter().fold(DemandFigures::default(), |sum, one| sum.plus(&one.0, 1).unwrap())
        };
        let fresh = sum(changes(&edited, None));
        let step = sum(changes(&placed, None)).plus(&sum(changes(&edited, placed.counted_lines())), 1);
        assert_eq!(step, Some(fresh), "counted before the edit and after it, as if it had been counted once");
        assert_eq!(changes(&edited, edited.counted_lines()), [], "what counts already changes nothing");
        let mut again = edited.clone();
        again.lines[0].line.quantity = 9;
        let later = fresh.plus(&sum(changes(&again, edited.counted_lines())), 1);
        assert_eq!(later, Some(sum(changes(&again, None))), "a second edit is taken on top of the first");
        let text = serde_json::to_string(&edited.counted_lines()).unwrap();
        assert_eq!(serde_json::from_str::<Option<CountedLines>>(&text).unwrap(), edited.counted_lines());
        assert_eq!(
            serde_json::from_str::<CountedLines>("{\"1\":1}").unwrap(),
            placed.counted_lines().unwrap(),
            "as earlier versions noted it"
        );
    }
}
