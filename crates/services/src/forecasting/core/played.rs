//! The lead time of a simulation, and the days on which its supplier takes orders and delivers, by
//! the functions that plans use.

use forecast::{
    intervals::LONGEST_SUM,
    reorder::whole_units,
    simulate::{DayRule, SupplierDays, Target},
};

use super::{History, LeadDays};

/// Maximum days of lead time and review together: longer sums of demand have no errors of their
/// own.
pub const MAX_DEMAND_DAYS: usize = 7 * LONGEST_SUM;
const WEEK: usize = 7;

/// A lead time over the days of a history.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SimulatedLead {
    lead: LeadDays,
    /// The Monday from which days are counted, since 1970-01-01, and the number of days.
    first_day: i32,
    days: usize,
    review_days: usize,
}

impl SimulatedLead {
    pub(super) fn new(lead: LeadDays, history: &History, review_days: usize) -> Self {
        Self { lead, first_day: history.first_week, days: WEEK * history.weeks, review_days }
    }
    pub(super) fn rule(&self, target: Target) -> DayRule<'_> {
        let supplier = self.lead.has_calendar().then_some(self as &dyn SupplierDays);
        DayRule { supplier, ..DayRule::new(target, self.lead.lead()) }
    }
    /// Weeks, rounded up, of the review interval and the longest lead time on any of the days.
    pub(super) fn span(&self) -> usize {
        let stated = self.lead.max_lead_days();
        let by_calendar = |day: usize| self.protection_days(day, whole_units(stated) as usize, self.review_days) as f64;
        let longest_days = if self.lead.has_calendar() { (0..self.days).map(by_calendar).fold(stated, f64::max) } else { stated };
        ((longest_days + self.review_days as f64) / WEEK as f64).ceil() as usize
    }
    fn date(&self, day: usize) -> i32 {
        self.first_day.saturating_add(day as i32)
    }
}

impl SupplierDays for SimulatedLead {
    fn arrival(&self, day: usize, lead_days: usize) -> usize {
        let arrival = self.lead.calendar.arrival(self.date(day), lead_days as i32);
        usize::try_from(arrival.saturating_sub(self.first_day)).unwrap_or(day)
    }
    /// Times that are longer than the longest sum of demand are cut.
    fn protection_days(&self, day: usize, lead_days: usize, review_days: usize) -> usize {
        let days = self.lead.calendar.protection_days(self.date(day), lead_days as i32, review_days as i32);
        usize::try_from(days).unwrap_or_default().min(MAX_DEMAND_DAYS.saturating_sub(review_days))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use entity::prelude::*;
    use inventory::catalog::core::calendar::{ClosedDay, SupplierCalendar};

    use super::*;
    use crate::forecasting::core::{DayFacts, LevelFacts, ReorderPolicy, SimulatedRule, SimulationResult, simulate_policy};

    /// 1970-01-05.
    const MONDAY: i32 = 4;
    const WEEKS: i32 = 44;

    fn calendar(order_days: &[i32], closed: &[i32]) -> SupplierCalendar {
        let closed_days = closed.iter().map(|day| ClosedDay { day: MONDAY + day, name: None }).collect();
        SupplierCalendar { order_days: order_days.to_vec(), delivery_days: Vec::new(), closed_days }
    }
    fn lead(calendar: SupplierCalendar) -> LeadDays {
        LeadDays { stated: 3.0, measured: Vec::new(), calendar }
    }
    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }
    /// A product that sells ten a day.
    fn history() -> (History, DayFacts) {
        let mondays = (0..WEEKS).map(|week| (MONDAY + 7 * week, 70)).collect();
        let facts = LevelFacts { weeks: mondays, ..LevelFacts::default() };
        let history = History::of(&BTreeMap::from([((id(1), id(90)), facts)]), MONDAY + 7 * WEEKS);
        (history, DayFacts { units: (0..7 * WEEKS).map(|day| (MONDAY + day, 10)).collect(), ..DayFacts::default() })
    }
    /// Orders at 30 units up to 110; reviewed each day.
    const AT_POINT: ReorderPolicy = ReorderPolicy {
        rule: SimulatedRule::MinMax { point: 30, maximum: Some(110) },
        service: 0.95,
        method: SafetyStockMethod::Quantile,
        lead_days: None,
        review_days: 1,
        minimum: 0,
        pack: 1,
        is_backordered: false,
    };
    fn played(calendar: SupplierCalendar, lead_days: Option<usize>) -> SimulationResult {
        played_by(calendar, ReorderPolicy { lead_days, ..AT_POINT })
    }
    /// The 21st to the 28th week.
    fn played_by(calendar: SupplierCalendar, policy: ReorderPolicy) -> SimulationResult {
        let (history, facts) = history();
        let own = DayFacts { lead: lead(calendar), ..facts };
        let range = (Some(MONDAY + 7 * 20), Some(MONDAY + 7 * 28 - 1));
        simulate_policy(&history, &own, &policy, range).unwrap().own
    }

    #[test]
    fn days_of_a_play_are_those_of_the_suppliers_calendar() {
        let (history, _) = history();
        let of = |calendar: SupplierCalendar| SimulatedLead::new(lead(calendar), &history, 1);
        let mondays = of(calendar(&[1], &[]));
        assert_eq!([0, 1, 6, 7].map(|day| mondays.arrival(day, 3)), [3, 10, 10, 10]);
        assert_eq!([0, 1, 6, 7].map(|day| mondays.protection_days(day, 3, 1)), [9, 15, 10, 9]);
        assert_eq!(of(calendar(&[1], &[7])).arrival(1, 3), 17, "the second Monday is a holiday");
        // 15 days and one until the next review, in weeks, rounded up.
        assert_eq!([&mondays, &of(calendar(&[], &[]))].map(SimulatedLead::span), [3, 1]);
        // A supplier that is closed on 40 Mondays: no sum of demand is that long.
        let closed: Vec<i32> = (1..=40).map(|week| 7 * week).collect();
        assert_eq!(of(calendar(&[1], &closed)).span(), MAX_DEMAND_DAYS / WEEK);
    }

    #[test]
    fn a_supplier_of_mondays_serves_less_of_what_is_ordered_on_tuesdays() {
        let found = played(calendar(&[1], &[]), None);
        // 80 units arrive on a Thursday and last for eight days. On the Tuesday between, 30 are
        // left and 80 are ordered; they are shipped on the Monday after it and arrive on Thursday:
        // six days of fourteen sell nothing.
        assert_eq!((found.demanded, found.met, found.orders, found.ordered), (560.0, 320.0, 4, 320.0));
        assert_eq!((found.short_days, found.empty_days, found.short_weeks), (24, 28, 8));
        // Four cycles end with a delivery, after unmet demand; the last one does not end.
        assert_eq!((found.cycle_service, found.fill), (Some(0.2), Some(320.0 / 560.0)));
        assert_eq!(played(calendar(&[1], &[]), Some(3)), found, "days that are given wait for the calendar as well");
        let any = played(SupplierCalendar::default(), None);
        assert_eq!(
            (any.met, any.short_days, any.cycle_service),
            (560.0, 0, Some(1.0)),
            "on any day 80 come as the last of 110 are sold"
        );
    }

    #[test]
    fn demand_that_waits_is_ordered_and_delivered_before_new_demand() {
        let found = played_by(calendar(&[1], &[]), ReorderPolicy { is_backordered: true, ..AT_POINT });
        // The orders equal the demand, and the first units of each delivery fill backorders.
        assert_eq!((found.demanded, found.met, found.orders, found.ordered), (560.0, 350.0, 7, 560.0));
        assert_eq!((found.short_days, found.empty_days, found.short_weeks), (21, 28, 7));
        assert_eq!((found.cycle_service, found.fill), (Some(0.125), Some(0.625)));
    }

    #[test]
    fn units_that_expire_are_kept_for_the_days_on_which_they_sell() {
        let (history, facts) = history();
        let played = |shelf_days: Option<usize>, minimum: i64| {
            let own = DayFacts { lead: lead(SupplierCalendar::default()), shelf_days, ..facts.clone() };
            let range = (Some(MONDAY + 7 * 20), Some(MONDAY + 7 * 28 - 1));
            simulate_policy(&history, &own, &ReorderPolicy { minimum, ..AT_POINT }, range).unwrap().own
        };
        let kept = played(None, 0);
        assert_eq!((kept.met, kept.peak_stock, kept.expired), (560.0, 80.0, 0.0), "80 come as the last of 110 are sold");
        // Three days until delivery and five to sell: orders fill up to 80, so that 50 arrive as
        // the last are sold.
        let short = played(Some(5), 0);
        assert_eq!((short.met, short.peak_stock, short.expired, short.short_days), (560.0, 50.0, 0.0, 0));
        // A supplier with a minimum of 80: 50 of them are sold, and the rest expires on the sixth
        // day. The next delivery arrives three days later.
        let most = played(Some(5), 80);
        assert_eq!((most.orders, most.ordered, most.met, most.expired, most.short_days), (7, 560.0, 350.0, 210.0, 21));
        assert_eq!(played(Some(1_000), 80), played(None, 80), "what is sold long before");
    }

    #[test]
    fn a_supplier_of_all_days_is_one_without_a_calendar() {
        let any = played(SupplierCalendar::default(), None);
        assert_eq!(played(calendar(&[1, 2, 3, 4, 5, 6, 7], &[]), None), any);
        assert_eq!(played(calendar(&[], &[-7]), None), any, "closed before all of it");
    }
}
