//! The days on which a supplier takes orders and delivers, and their effects on orders and stock.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    check::{Checker, input_path},
    company,
    rejection::{InputPath, Rejection, Subject},
};

pub const MAX_CLOSED_DAYS: usize = 60;
const MAX_CLOSED_NAME: usize = 120;
const WEEKDAYS: usize = 7;
/// Days within which each weekday has an open day, even if all closed days fell on that weekday.
const MAX_WAIT_DAYS: i32 = 7 * (MAX_CLOSED_DAYS as i32 + 1);

/// A day on which a supplier neither takes orders nor delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Days since 1970-01-01.
    pub day: i32,
    #[serde(default)]
    pub name: Option<String>,
}

/// Form in the database and in the API. Weekdays are 1 (Monday) to 7; an empty list means any day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SupplierCalendar {
    pub order_days: Vec<i32>,
    pub delivery_days: Vec<i32>,
    /// Each day once, sorted by day in the database.
    pub closed_days: Vec<ClosedDay>,
}

impl SupplierCalendar {
    /// Parses the column's JSON; a calendar without restrictions if it is null or invalid.
    pub fn read(text: Option<&str>) -> Self {
        text.map(company::read).unwrap_or_default()
    }

    /// Whether orders and deliveries may be on any day.
    pub fn is_any_day(&self) -> bool {
        self.order_days.is_empty() && self.delivery_days.is_empty() && self.closed_days.is_empty()
    }

    /// Returns the first day from `day` on that the supplier accepts orders.
    pub fn order_day(&self, day: i32) -> i32 {
        self.next_open_day(&self.order_days, day)
    }

    /// Returns the day on which an order placed on `day` arrives: the next order day, plus the lead time,
    /// then the next delivery day. The lead time is in calendar days: the supplier also works on
    /// days without orders and deliveries.
    pub fn arrival(&self, day: i32, lead_days: i32) -> i32 {
        self.next_open_day(&self.delivery_days, self.order_day(day).saturating_add(lead_days.max(0)))
    }

    /// Returns the lead time that stock must cover: from today until the arrival of the order after
    /// the next chance to order, less the `chance_days` between two chances, which policies add
    /// themselves (one day if stock is reviewed daily). An order that misses the next order day
    /// waits for the one after it. Without a calendar it is the lead time; it is never less.
    pub fn protection_days(&self, today: i32, lead_days: i32, chance_days: i32) -> i32 {
        let chance_days = chance_days.max(1);
        let after_next = self.order_day(today).saturating_add(1);
        let chance = today.saturating_add(chance_days).max(after_next);
        self.arrival(chance, lead_days).saturating_sub(today).saturating_sub(chance_days)
    }

    /// Returns the first day from `from` on that is one of the weekdays and not closed.
    fn next_open_day(&self, weekdays: &[i32], from: i32) -> i32 {
        let is_open = |day: &i32| {
            let is_closed = self.closed_days.binary_search_by_key(day, |closed| closed.day).is_ok();
            !is_closed && (weekdays.is_empty() || weekdays.contains(&weekday(*day)))
        };
        (0..=MAX_WAIT_DAYS).map(|wait| from.saturating_add(wait)).find(is_open).unwrap_or(from)
    }
}

/// Returns the weekday, 1 (Monday) to 7. 1970-01-01 was a Thursday.
pub(super) const fn weekday(day: i32) -> i32 {
    (day.rem_euclid(7) + 3) % 7 + 1
}

/// The text of the column.
pub(super) fn check_and_serialize(checker: &mut Checker, calendar: &SupplierCalendar) -> Option<String> {
    let order_days = weekdays(checker, "orderDays", &calendar.order_days);
    let delivery_days = weekdays(checker, "deliveryDays", &calendar.delivery_days);
    let closed_days = closed_days(checker, &calendar.closed_days);
    serde_json::to_string(&SupplierCalendar { order_days, delivery_days, closed_days }).ok()
}

fn weekdays(checker: &mut Checker, field: &str, days: &[i32]) -> Vec<i32> {
    if days.len() > WEEKDAYS {
        checker.refuse(input_path!["calendar", field], Rejection::TooMany { most: WEEKDAYS });
        return Vec::new();
    }
    let mut valid_days = BTreeSet::new();
    for (index, day) in days.iter().enumerate() {
        if checker.range(input_path!["calendar", field, index], i64::from(*day), 1, 7).is_some() {
            valid_days.insert(*day);
        }
    }
    valid_days.into_iter().collect()
}

fn closed_days(checker: &mut Checker, days: &[ClosedDay]) -> Vec<ClosedDay> {
    if days.len() > MAX_CLOSED_DAYS {
        checker.refuse(input_path!["calendar", "closedDays"], Rejection::TooMany { most: MAX_CLOSED_DAYS });
        return Vec::new();
    }
    let mut by_day: BTreeMap<i32, ClosedDay> = BTreeMap::new();
    for (index, closed) in days.iter().enumerate() {
        let at = |field: &str| -> InputPath { input_path!["calendar", "closedDays", index, field] };
        let name = closed.name.as_ref().filter(|name| !name.trim().is_empty());
        let name = name.and_then(|name| checker.line(at("name"), name, MAX_CLOSED_NAME));
        if by_day.insert(closed.day, ClosedDay { day: closed.day, name }).is_some() {
            checker.refuse(at("date"), Rejection::Repeated(Subject::ClosedDay));
        }
    }
    by_day.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Days = &'static [i32];

    /// 1970-01-05, a Monday.
    const MONDAY: i32 = 4;

    fn calendar(order_days: &[i32], delivery_days: &[i32], closed: &[i32]) -> SupplierCalendar {
        let closed_days = closed.iter().map(|day| ClosedDay { day: *day, name: None }).collect();
        SupplierCalendar { order_days: order_days.to_vec(), delivery_days: delivery_days.to_vec(), closed_days }
    }

    #[test]
    fn an_order_arrives_on_a_delivery_day_after_its_order_day() {
        assert_eq!([0, MONDAY, MONDAY + 6, -1].map(weekday), [4, 1, 7, 3]);
        // Order days, delivery days, closed days, day of the wish after that Monday, lead time, day of arrival after it.
        let cases: [(Days, Days, Days, i32, i32, i32); 10] = [
            (&[], &[], &[], 0, 5, 5),
            (&[1], &[], &[], 0, 2, 2),
            (&[1], &[], &[], 1, 2, 9),
            (&[1, 4], &[], &[], 1, 2, 5),
            (&[], &[2, 5], &[], 0, 2, 4),
            (&[], &[2], &[], 1, 0, 1),
            (&[1], &[3], &[], 6, 1, 9),
            (&[1], &[3], &[7], 6, 1, 16),
            (&[1], &[3], &[2], 0, 1, 9),
            (&[], &[], &[0, 1, 6], 0, 4, 7),
        ];
        for (orders, deliveries, closed, day, lead, expected) in cases {
            let closed: Vec<i32> = closed.iter().map(|day| MONDAY + day).collect();
            let calendar = calendar(orders, deliveries, &closed);
            let found = calendar.arrival(MONDAY + day, lead) - MONDAY;
            assert_eq!(found, expected, "{orders:?} {deliveries:?} {closed:?} from {day} with {lead}");
        }
    }

    #[test]
    fn stock_lasts_until_what_the_next_chance_orders_arrives() {
        // Order days, delivery days, today after that Monday, lead time, days between chances, days of protection.
        let cases: [(Days, Days, i32, i32, i32, i32); 11] = [
            (&[], &[], 0, 5, 1, 5),
            (&[], &[], 0, 0, 1, 0),
            (&[], &[], 0, 5, 7, 5),
            // An order that misses this Monday arrives on Wednesday of next week, 9 days away.
            (&[1], &[], 0, 2, 1, 8),
            // On Tuesday the next order goes out in 6 days, and the one after it comes in 15.
            (&[1], &[], 1, 2, 1, 14),
            (&[1, 2, 3, 4, 5], &[], 0, 2, 1, 2),
            (&[1, 2, 3, 4, 5], &[], 4, 2, 1, 4),
            (&[], &[3], 0, 2, 1, 8),
            // Reviewed on Mondays: the next review orders at once, and policies add the week.
            (&[1], &[], 0, 2, 7, 2),
            (&[2], &[], 0, 2, 7, 3),
            // Reviewed more often than ordered: as every day.
            (&[1], &[], 0, 2, 3, 6),
        ];
        for (orders, deliveries, today, lead, chance, expected) in cases {
            let found = calendar(orders, deliveries, &[]).protection_days(MONDAY + today, lead, chance);
            assert_eq!(found, expected, "{orders:?} {deliveries:?} on {today} with {lead}, every {chance}");
        }
    }

    #[test]
    fn closed_days_never_take_every_day_of_a_weekday() {
        let mondays: Vec<i32> = (0..60).map(|week| MONDAY + 7 * week).collect();
        assert_eq!(calendar(&[1], &[], &mondays).arrival(MONDAY, 0), MONDAY + 420);
        assert_eq!(calendar(&[1], &[1], &[]).arrival(i32::MAX, i32::MAX), i32::MAX, "no day lies beyond the last");
    }

    #[test]
    fn each_wrong_part_is_named_and_lists_are_sorted() {
        let mut c = Checker::default();
        let closed = |day: i32, name: &str| ClosedDay { day, name: Some(name.to_owned()) };
        let given = SupplierCalendar {
            order_days: vec![4, 1, 4],
            delivery_days: vec![0, 8],
            closed_days: vec![closed(9, " "), closed(3, &"x".repeat(121)), closed(9, "Fair")],
        };
        check_and_serialize(&mut c, &given);
        let paths: Vec<String> = c.problems.iter().map(|problem| problem.at.join(".")).collect();
        let wanted =
            ["calendar.deliveryDays.0", "calendar.deliveryDays.1", "calendar.closedDays.1.name", "calendar.closedDays.2.date"];
        assert_eq!(paths, wanted);
        let mut c = Checker::default();
        let given = SupplierCalendar { delivery_days: vec![], closed_days: vec![closed(9, " Fair "), closed(3, "")], ..given };
        let kept = SupplierCalendar::read(check_and_serialize(&mut c, &given).as_deref());
        assert_eq!((c.problems.len(), &kept.order_days), (0, &vec![1, 4]));
        assert_eq!(kept.closed_days, [ClosedDay { day: 3, name: None }, closed(9, "Fair")]);
        let many = SupplierCalendar { closed_days: (0..61).map(|day| ClosedDay { day, name: None }).collect(), ..kept };
        check_and_serialize(&mut c, &many);
        assert_eq!(c.problems.len(), 1);
        assert!(SupplierCalendar::read(None).is_any_day() && SupplierCalendar::read(Some("?")).is_any_day());
    }
}
