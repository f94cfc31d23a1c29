//! The time that a store takes from an order to its shipment.

use std::collections::BTreeSet;

use entity::prelude::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    calendar::weekday,
    check::{Checker, input_path},
    company,
    rejection::{InputPath, Rejection},
};

const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// 0001-01-01: the first moment that clients read.
const MIN_TIMESTAMP: Timestamp = Timestamp(-62_135_596_800_000_000);
/// Thirty days.
const MAX_HOURS: i64 = 720;
const MAX_WORKING_DAYS: i64 = 60;
const WEEKDAYS: usize = 7;
/// Monday to Friday.
const DEFAULT_WORKING_DAYS: [i32; 5] = [1, 2, 3, 4, 5];

/// Adds or subtracts days from a moment at the same time of day in a time zone; passed in, so that
/// the rules need no clock.
pub type PlusDays = fn(Timestamp, i32, &str) -> Timestamp;

/// Form in the database and in the API. An object without fields counts as none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HandlingTime {
    pub hours: i32,
    pub working_days: i32,
    /// Working days: weekdays 1 (Monday) to 7. Empty for Monday to Friday.
    pub open_days: Vec<i32>,
}

/// Time zone of a store, and the functions that do calendar arithmetic in it.
#[derive(Clone, Copy)]
pub struct StoreDays<'a> {
    pub time_zone: &'a str,
    pub local_day: fn(Timestamp, &str) -> i32,
    pub plus_days: PlusDays,
}

impl HandlingTime {
    /// Column text of a store without a handling time.
    pub const NONE: &'static str = "{}";

    /// Parses the column's JSON; `None` if it sets no handling time.
    pub fn read(text: &str) -> Option<Self> {
        if text == Self::NONE {
            return None;
        }
        Some(company::read::<Self>(text)).filter(|time| !time.is_none())
    }

    pub const fn is_none(&self) -> bool {
        self.hours == 0 && self.working_days == 0
    }

    /// Returns the working weekdays.
    pub fn days(&self) -> &[i32] {
        if self.open_days.is_empty() { &DEFAULT_WORKING_DAYS } else { &self.open_days }
    }

    /// Returns the moment by which goods leave that are ordered at `at`: the same time of day after
    /// the working days, plus the hours.
    pub fn after(&self, at: Timestamp, store_days: StoreDays<'_>) -> Timestamp {
        let days = self.days_away((store_days.local_day)(at, store_days.time_zone), 1);
        let at = (store_days.plus_days)(at, days, store_days.time_zone);
        Timestamp(at.micros().saturating_add(self.micros()))
    }

    /// Returns the moment at which work must begin for goods to leave by `at`: minus the hours,
    /// then minus the working days.
    pub fn before(&self, at: Timestamp, store_days: StoreDays<'_>) -> Timestamp {
        let at = Timestamp(at.micros().saturating_sub(self.micros()));
        let days = self.days_away((store_days.local_day)(at, store_days.time_zone), -1);
        (store_days.plus_days)(at, days, store_days.time_zone).max(MIN_TIMESTAMP)
    }

    fn micros(&self) -> i64 {
        i64::from(self.hours).saturating_mul(MICROS_PER_HOUR)
    }

    /// Returns the signed distance in days to the last of the working days; `step` is 1 or -1.
    fn days_away(&self, today: i32, step: i32) -> i32 {
        let is_open = |offset: &i32| self.days().contains(&weekday(today.saturating_add(*offset)));
        let max_offset = self.working_days.saturating_mul(WEEKDAYS as i32);
        let last_index = usize::try_from(self.working_days).unwrap_or_default().checked_sub(1);
        let offset = last_index.and_then(|last_index| (1..=max_offset).map(|days| days * step).filter(is_open).nth(last_index));
        offset.unwrap_or_default()
    }
}

/// The text of the column.
pub(super) fn check_and_serialize(checker: &mut Checker, handling_time: &HandlingTime) -> Option<String> {
    let at = |field: &str| -> InputPath { input_path!["handlingTime", field] };
    checker.range(at("hours"), i64::from(handling_time.hours), 0, MAX_HOURS);
    checker.range(at("workingDays"), i64::from(handling_time.working_days), 0, MAX_WORKING_DAYS);
    if handling_time.open_days.len() > WEEKDAYS {
        checker.refuse(at("openDays"), Rejection::TooMany { most: WEEKDAYS });
        return None;
    }
    let mut open_days = BTreeSet::new();
    for (index, day) in handling_time.open_days.iter().enumerate() {
        let at = input_path!["handlingTime", "openDays", index];
        if checker.range(at, i64::from(*day), 1, 7).is_some() {
            open_days.insert(*day);
        }
    }
    if handling_time.is_none() {
        return Some(HandlingTime::NONE.to_owned());
    }
    serde_json::to_string(&HandlingTime { open_days: open_days.into_iter().collect(), ..handling_time.clone() }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * MICROS_PER_HOUR;
    /// 1970-01-05, a Monday.
    const MONDAY: i64 = 4 * DAY;

    const STORE: StoreDays<'_> = StoreDays {
        time_zone: "UTC",
        local_day: |at, _| at.micros().div_euclid(DAY) as i32,
        plus_days: |at, days, _| Timestamp(at.micros() + i64::from(days) * DAY),
    };

    /// Hours and working days, weekdays of work; hours of the order after that Monday, hours until it leaves, and the same backwards.
    type Case = ((i32, i32), &'static [i32], [i64; 3]);

    #[test]
    fn working_days_are_those_of_the_store() {
        let cases: [Case; 8] = [
            ((0, 0), &[], [9, 0, 0]),
            ((4, 0), &[], [9, 4, -4]),
            ((0, 1), &[], [9, 24, -72]),
            // An order on Friday leaves on Monday; backwards, work begins on Thursday.
            ((0, 1), &[], [105, 72, -24]),
            // An order on Saturday leaves on Monday; backwards, work begins on Friday.
            ((0, 1), &[], [129, 48, -24]),
            ((0, 6), &[], [9, 192, -240]),
            ((2, 1), &[1, 2, 3, 4, 5, 6, 7], [105, 26, -26]),
            ((0, 2), &[6], [9, 288, -216]),
        ];
        for ((hours, working_days), days, [at, after, before]) in cases {
            let time = HandlingTime { hours, working_days, open_days: days.to_vec() };
            let at = Timestamp(MONDAY + at * MICROS_PER_HOUR);
            let away = |moment: Timestamp| (moment.micros() - at.micros()) / MICROS_PER_HOUR;
            assert_eq!((away(time.after(at, STORE)), away(time.before(at, STORE))), (after, before), "{time:?} at {at:?}");
        }
        let broken = HandlingTime { hours: 0, working_days: 2, open_days: vec![9] };
        assert_eq!(broken.after(Timestamp(MONDAY), STORE), Timestamp(MONDAY), "no day is open");
        let longest = HandlingTime { hours: 720, working_days: 60, open_days: vec![1] };
        assert_eq!(longest.before(MIN_TIMESTAMP, STORE), MIN_TIMESTAMP, "nothing is due before the first moment");
    }

    #[test]
    fn each_wrong_part_is_named_and_nothing_is_none() {
        let mut c = Checker::default();
        let given = HandlingTime { hours: -1, working_days: 61, open_days: vec![5, 0, 5] };
        check_and_serialize(&mut c, &given);
        let paths: Vec<String> = c.problems.iter().map(|problem| problem.at.join(".")).collect();
        assert_eq!(paths, ["handlingTime.hours", "handlingTime.workingDays", "handlingTime.openDays.1"]);
        let mut c = Checker::default();
        let none = check_and_serialize(&mut c, &HandlingTime { open_days: vec![1], ..HandlingTime::default() }).unwrap();
        assert_eq!((none.as_str(), HandlingTime::read(&none)), (HandlingTime::NONE, None));
        let kept = check_and_serialize(&mut c, &HandlingTime { hours: 0, working_days: 2, open_days: vec![6, 1, 6] }).unwrap();
        assert_eq!(HandlingTime::read(&kept), Some(HandlingTime { hours: 0, working_days: 2, open_days: vec![1, 6] }));
        assert!(c.problems.is_empty());
    }
}
