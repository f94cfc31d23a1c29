//! Contribution of a return to the day on which it was received, and to the days on which its units
//! were ordered.

use std::collections::BTreeMap;

use entity::{prelude::*, tables::demand_day::DemandFigures};
use serde::{Deserialize, Serialize};

use super::day::{DayKey, Deltas, Overflow};
use crate::insight::core::{ClosedReturn, GroupKey, SoldLine};

/// Counted state of a return: the fields that may change while it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnCounted {
    /// The business day.
    pub date: i32,
    /// Total refund in minor units, once the return is closed.
    pub refunded: Option<i64>,
    /// Received units of each line, by position; lines without any are left out.
    pub received: BTreeMap<i32, i64>,
    /// Received units of each match, in the order of `matches`.
    pub matched: Vec<i64>,
}

/// A return with all of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandReturn {
    pub seq: i64,
    /// Received, at least in part.
    pub counts: bool,
    /// Current state of the return.
    pub now: ReturnCounted,
    pub store: StoreId,
    pub channel: ChannelId,
    pub currency: Option<Currency>,
    /// Total value of its lines, in minor units.
    pub refund: i64,
    pub lines: Vec<ReturnedLine>,
    pub matches: Vec<MatchedUnits>,
}

/// A line; a charge has no product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedLine {
    pub position: i32,
    pub product: Option<ProductId>,
    pub quantity: i64,
    pub total: i64,
    pub decimals: u8,
}

/// Units of a return that were sold on a line of an order; they are subtracted on the row of that
/// line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchedUnits {
    pub key: DayKey,
}

/// Replaces the counted state of a return by its current one, or by none if it no longer counts.
pub fn change_return(deltas: &mut Deltas, sales_return: &DemandReturn, before: Option<&ReturnCounted>) -> Result<(), Overflow> {
    let now = sales_return.counts.then_some(&sales_return.now);
    if now == before {
        return Ok(());
    }
    for (counted, sign) in before.map(|counted| (counted, -1)).into_iter().chain(now.map(|counted| (counted, 1))) {
        for (product, figures) in sums_by_product(sales_return, counted)? {
            let (date, store, channel, currency) =
                (counted.date, sales_return.store, sales_return.channel, sales_return.currency);
            deltas.add(DayKey { date, product, store, channel, currency }, &figures, sign, sales_return.seq)?;
        }
        for (one, units) in sales_return.matches.iter().zip(&counted.matched) {
            let figures = DemandFigures { taken_back_units: *units, ..DemandFigures::default() };
            deltas.add(one.key, &figures, sign, sales_return.seq)?;
        }
    }
    Ok(())
}

/// Received lines by product, with their refunds as in `salesReport`: the lines' own value, or a
/// closed return's amount shared among them.
fn sums_by_product(sales_return: &DemandReturn, counted: &ReturnCounted) -> Result<BTreeMap<ProductId, DemandFigures>, Overflow> {
    let checked_i64 = |number: i128| i64::try_from(number).map_err(|_| Overflow);
    let received = |line: &ReturnedLine| counted.received.get(&line.position).copied().unwrap_or_default();
    let mut products: BTreeMap<ProductId, DemandFigures> = BTreeMap::new();
    let (mut closed_return, mut product_ids) = (ClosedReturn::default(), Vec::new());
    for line in sales_return.lines.iter().filter(|line| received(line) > 0) {
        let cancelled = line.quantity - received(line);
        let received_line =
            SoldLine { quantity: line.quantity, cancelled, total: line.total, unit_cost: 0, decimals: line.decimals };
        let amount = checked_i64(received_line.amount())?;
        let Some(product) = line.product else {
            closed_return.charges.push((GroupKey::Nothing, amount));
            continue;
        };
        closed_return.products.push((GroupKey::Nothing, amount));
        product_ids.push(product);
        let figures = products.entry(product).or_default();
        let line_figures = DemandFigures {
            returned_units: received(line),
            return_lines: 1,
            returns: i64::from(figures.returns == 0),
            refund_minor: amount,
            ..DemandFigures::default()
        };
        *figures = figures.plus(&line_figures, 1).ok_or(Overflow)?;
    }
    let is_whole = sales_return.lines.iter().all(|line| received(line) == line.quantity);
    if let Some(refunded) = counted.refunded.filter(|refunded| *refunded != sales_return.refund || !is_whole) {
        for (product, (_, difference)) in product_ids.into_iter().zip(closed_return.corrections(refunded).0) {
            let refund_minor = checked_i64(difference)?;
            let figures = products.entry(product).or_default();
            *figures = figures.plus(&DemandFigures { refund_minor, ..DemandFigures::default() }, 1).ok_or(Overflow)?;
        }
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(date: i32) -> DayKey {
        let product = ProductId::from_uuid(Uuid::from_u128(1));
        DayKey { date, product, store: StoreId::NIL, channel: ChannelId::NIL, currency: Some(Currency::GBP) }
    }

    fn counted(date: i32, received: i64, refunded: Option<i64>) -> ReturnCounted {
        ReturnCounted { date, refunded, received: BTreeMap::from([(1, received)]), matched: vec![received] }
    }

    fn of(counts: bool, now: ReturnCounted) -> DemandReturn {
        let product = Some(key(0).product);
        let lines = vec![ReturnedLine { position: 1, product, quantity: 4, total: 1_000, decimals: 0 }];
        let (store, channel, currency) = (StoreId::NIL, ChannelId::NIL, Some(Currency::GBP));
        let matches = vec![MatchedUnits { key: key(2) }];
        DemandReturn { seq: 5, counts, now, store, channel, currency, refund: 1_000, lines, matches }
    }

    fn changes(of: &DemandReturn, before: Option<&ReturnCounted>) -> Vec<(i32, DemandFigures)> {
        let mut deltas = Deltas::default();
        change_return(&mut deltas, of, before).unwrap();
        let kept = deltas.0.into_iter().filter(|(_, delta)| !delta.is_nothing());
        kept.map(|(key, delta)| (key.date, delta.figures)).collect()
    }

    #[test]
    fn units_come_back_on_one_day_and_are_taken_back_on_the_day_of_their_order() {
        let figures =
            DemandFigures { returned_units: 3, return_lines: 1, returns: 1, refund_minor: 750, ..DemandFigures::default() };
        let back = DemandFigures { taken_back_units: 3, ..DemandFigures::default() };
        assert_eq!(changes(&of(true, counted(7, 3, None)), None), [(2, back), (7, figures)]);
        assert_eq!(changes(&of(false, counted(7, 3, None)), None), []);
    }

    #[test]
    fn what_was_given_back_replaces_what_the_lines_are_worth() {
        let before = counted(7, 3, None);
        let less = DemandFigures { refund_minor: -150, ..DemandFigures::default() };
        assert_eq!(changes(&of(true, counted(7, 3, Some(600))), Some(&before)), [(7, less)]);
        assert_eq!(
            changes(&of(true, counted(7, 4, Some(1_000))), Some(&counted(7, 4, None))),
            [],
            "all came, all was given back"
        );
    }
}
