//! Daily facts of a product in a store for a simulation, and the lead times of its deliveries.

use entity::prelude::*;
use forecast::{
    reorder::LeadTime,
    simulate::{DailyDemand, RecordedDay},
};
use inventory::catalog::core::calendar::SupplierCalendar;

use super::History;
use crate::demand::core::Span;

/// Default days of a delivery, equal to that of plans.
const DEFAULT_LEAD_DAYS: f64 = 7.0;
const WEEK: usize = 7;

/// Lead times of a product, in days.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadDays {
    pub stated: f64,
    /// Measured deliveries of the supplier; fewer than five are ignored.
    pub measured: Vec<f64>,
    /// Calendar of the supplier; without one, any day is a delivery day.
    pub calendar: SupplierCalendar,
}

impl Default for LeadDays {
    fn default() -> Self {
        Self { stated: DEFAULT_LEAD_DAYS, measured: Vec::new(), calendar: SupplierCalendar::default() }
    }
}

impl LeadDays {
    pub(super) fn lead(&self) -> LeadTime<'_> {
        LeadTime::Measured { days: &self.measured, stated: self.stated }
    }
    /// Whether its supplier takes orders and delivers on some days only.
    pub fn has_calendar(&self) -> bool {
        !self.calendar.is_any_day()
    }
    /// Returns the longest lead time that is used, without a calendar.
    pub(super) fn max_lead_days(&self) -> f64 {
        self.lead().likely_days().into_iter().fold(0.0, f64::max)
    }
    /// Returns the same deliveries, capped at `limit` days.
    #[must_use]
    pub(super) fn capped_at(&self, limit: f64) -> Self {
        let measured = self.measured.iter().map(|days| days.min(limit)).collect();
        Self { stated: self.stated.min(limit), measured, calendar: self.calendar.clone() }
    }
}

/// Daily facts of a product in a store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DayFacts {
    /// Demand by day; days without any are left out.
    pub units: Vec<(i32, i64)>,
    /// Days on which it could be sold, or not; empty if stock was never tracked.
    pub spans: Vec<Span>,
    pub lead: LeadDays,
    /// Days on which units can be sold after their arrival. `None` if they never expire.
    pub shelf_days: Option<usize>,
}

impl DayFacts {
    /// Returns the days of a history. A day is known if it closed with stock; all days are known
    /// for products that never have stock, such as a service.
    pub(super) fn record_days(&self, history: &History) -> Vec<RecordedDay> {
        let (first, days) = (history.first_week, history.weeks * WEEK);
        let mut recorded_days = vec![RecordedDay { units: 0, is_known: self.spans.is_empty() }; days];
        let index_of = |day: i32| usize::try_from(day - first).unwrap_or(usize::MAX);
        let last = first + days as i32 - 1;
        for span in self.spans.iter().filter(|span| span.state == SpanState::InStock) {
            for day in span.from.max(first)..=span.to.unwrap_or(last).min(last) {
                if let Some(recorded_day) = recorded_days.get_mut(index_of(day)) {
                    recorded_day.is_known = true;
                }
            }
        }
        for (day, units) in &self.units {
            if let Some(recorded_day) = recorded_days.get_mut(index_of(*day)) {
                recorded_day.units = recorded_day.units.saturating_add(*units);
            }
        }
        recorded_days
    }
}

/// Adds a product to the simulated demand; without `facts` the product only contributes its errors.
pub(super) fn add_days(demand: &mut DailyDemand, history: &History, product: ProductId, facts: Option<&DayFacts>) {
    let product_days = facts.map(|facts| facts.record_days(history)).unwrap_or_default();
    let (high, low) = product.uuid().as_u64_pair();
    demand.push(&product_days, high ^ low.rotate_left(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i32 = 20_716;

    #[test]
    fn a_day_that_closed_without_stock_is_unknown() {
        let history = History { first_week: MONDAY, weeks: 2, series: Vec::new() };
        let span = |from: i32, to: Option<i32>, state| Span { from: MONDAY + from, to: to.map(|to| MONDAY + to), state };
        let spans =
            vec![span(-9, Some(2), SpanState::InStock), span(3, Some(7), SpanState::Out), span(8, None, SpanState::InStock)];
        let units = vec![(MONDAY - 1, 9), (MONDAY, 4), (MONDAY + 3, 2), (MONDAY + 13, 5), (MONDAY + 14, 9)];
        let facts = DayFacts { units, spans, ..DayFacts::default() };
        let found = facts.record_days(&history);
        let unknown: Vec<usize> = (0..14).filter(|day| !found[*day].is_known).collect();
        assert_eq!((found.len(), unknown), (14, vec![3, 4, 5, 6, 7]));
        assert_eq!([0, 1, 3, 13].map(|day: usize| found[day].units), [4, 0, 2, 5]);
        let service = DayFacts { spans: Vec::new(), ..facts };
        assert!(service.record_days(&history).iter().all(|day| day.is_known), "what is not stocked can always be sold");
    }

    #[test]
    fn a_lead_time_is_that_of_five_deliveries_or_what_is_stated() {
        let of = |count: usize| LeadDays {
            stated: 14.0,
            measured: [9.0, 2.0, 2.0, 30.0, 2.0][..count].to_vec(),
            ..LeadDays::default()
        };
        assert_eq!((of(5).max_lead_days(), of(4).max_lead_days(), LeadDays::default().max_lead_days()), (30.0, 14.0, 7.0));
        assert_eq!((of(5).capped_at(10.0).max_lead_days(), of(4).capped_at(10.0).max_lead_days()), (10.0, 10.0));
    }
}
