//! Actual stock of a product in the weeks that a policy is simulated over, and the value of stock.

use entity::{prelude::*, quantity::MAX_SAFE};

use crate::demand::core::Span;

/// Net change of a level's units on hand on a day, and the units received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelDay {
    pub day: i32,
    pub net: i64,
    pub received: i64,
}

/// The actual stock of a period.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ActualStock {
    /// Days that closed with stock, and without. Days before the first stock record are neither.
    pub in_stock_days: i64,
    pub out_days: i64,
    /// Weeks with a day that closed without stock.
    pub short_weeks: usize,
    /// Mean of units on hand at the ends of days; negative stock counts as 0.
    pub mean_stock: f64,
    /// Days with receipts, and the units received.
    pub receipts: i64,
    pub received: i64,
}

impl ActualStock {
    /// Returns the stock of the weeks from one Monday to another; `None` if no stock was kept in
    /// them.
    pub fn of((first, after): (i32, i32), spans: &[Span], days: &[LevelDay]) -> Option<Self> {
        let days_in = |state: SpanState, from: i32, to: i32| -> i64 {
            spans.iter().filter(|span| span.state == state).map(|span| overlap(span, from, to)).sum()
        };
        let (in_stock_days, out_days) = (days_in(SpanState::InStock, first, after), days_in(SpanState::Out, first, after));
        if in_stock_days + out_days == 0 {
            return None;
        }
        let mut stock = Self { in_stock_days, out_days, ..Self::default() };
        let (mut on_hand, mut closings) = (0_i64, 0.0);
        let mut rest = days.iter().peekable();
        for today in first..after {
            while let Some(day) = rest.next_if(|day| day.day <= today) {
                on_hand = on_hand.saturating_add(day.net);
                if day.day >= first && day.received > 0 {
                    stock.receipts += 1;
                    stock.received = stock.received.saturating_add(day.received);
                }
            }
            closings += on_hand.max(0) as f64;
        }
        let is_short = |week: &i32| days_in(SpanState::Out, *week, week + 7) > 0;
        stock.short_weeks = (first..after).step_by(7).filter(is_short).count();
        stock.mean_stock = closings / f64::from(after - first);
        Some(stock)
    }

    /// Share of days that closed with stock.
    pub fn in_stock_rate(&self) -> Option<f64> {
        let days = self.in_stock_days + self.out_days;
        (days > 0).then(|| self.in_stock_days as f64 / days as f64)
    }
}

/// Returns the days of a span from one day on and before another.
fn overlap(span: &Span, from: i32, to: i32) -> i64 {
    let last = span.to.map_or(to - 1, |day| day.min(to - 1));
    i64::from((last - span.from.max(from) + 1).max(0))
}

/// The cost of a whole unit, which is 10^decimals smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitCost {
    pub cost: Money,
    pub decimals: i32,
}

impl UnitCost {
    /// Returns the value of a number of smallest units, rounded to a minor unit; `None` if it is
    /// too large to be exact.
    pub fn value_of_units(&self, units: f64) -> Option<Money> {
        let minor = (units * self.cost.minor as f64 / 10_f64.powi(self.decimals)).round();
        (minor.abs() <= MAX_SAFE as f64).then(|| Money::new(minor as i64, self.cost.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i32 = 20_716;

    #[test]
    fn stock_is_that_of_the_ends_of_days() {
        let span = |from: i32, to: Option<i32>, state| Span { from: MONDAY + from, to: to.map(|to| MONDAY + to), state };
        let spans = [span(-9, Some(2), SpanState::InStock), span(3, Some(7), SpanState::Out), span(8, None, SpanState::InStock)];
        let day = |day: i32, net: i64, received: i64| LevelDay { day: MONDAY + day, net, received };
        let days = [day(-9, 10, 10), day(3, -10, 0), day(8, 30, 30), day(15, -4, 2), day(21, 900, 900)];
        let found = ActualStock::of((MONDAY, MONDAY + 21), &spans, &days).unwrap();
        // 10 units on three days, none on days 3 to 7, which belong to two weeks, 30 on seven days
        // and 26 on six.
        assert_eq!((found.in_stock_days, found.out_days, found.short_weeks), (16, 5, 2));
        assert_eq!((found.receipts, found.received), (2, 32));
        assert!((found.mean_stock - 396.0 / 21.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.in_stock_rate(), Some(16.0 / 21.0));
        assert_eq!(ActualStock::of((MONDAY - 21, MONDAY - 14), &spans, &days), None, "no stock was kept yet");
    }

    #[test]
    fn units_are_worth_their_cost() {
        let cost = |decimals| UnitCost { cost: Money::new(250, Currency::GBP), decimals };
        assert_eq!(cost(0).value_of_units(1.5), Some(Money::new(375, Currency::GBP)));
        assert_eq!(cost(3).value_of_units(1_500.0), Some(Money::new(375, Currency::GBP)));
        assert_eq!((cost(0).value_of_units(f64::NAN), cost(0).value_of_units(1e300)), (None, None));
    }
}
