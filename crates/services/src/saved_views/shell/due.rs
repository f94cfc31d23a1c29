//! Time of a schedule's next run: in its own time zone, also across daylight saving changes.

use entity::prelude::*;
use platform::clock::{day_text, local_minute, resolve_local_time};

use crate::saved_views::core::{CalendarDay, ScheduleRule};

const MINUTE: i64 = 60_000_000;
const MINUTES_PER_HOUR: i32 = 60;
/// Days within which each rule has a run.
const MAX_DAYS: i32 = 62;

/// Returns the first time of a rule after another time. An hour that a clock change skips becomes
/// the next one, and an hour that occurs twice counts once, the first time.
pub fn next_run(rule: &ScheduleRule, after: Timestamp) -> Timestamp {
    let (today, minute) = local_minute(after, &rule.time_zone);
    if rule.period == SchedulePeriod::Hourly {
        let this_minute = after.micros() - after.micros().rem_euclid(MINUTE);
        return Timestamp(this_minute + i64::from(MINUTES_PER_HOUR - minute % MINUTES_PER_HOUR) * MINUTE);
    }
    let at = rule.hour * MINUTES_PER_HOUR;
    let mut days =
        (today..=today + MAX_DAYS).filter(|day| *day > today || at > minute).filter(|day| rule.is_due_on(of_calendar(*day)));
    let next_moment =
        days.find_map(|day| Some(resolve_local_time((day, at), &rule.time_zone, after)).filter(|moment| *moment > after));
    next_moment.unwrap_or_else(|| after.plus_seconds(i64::from(MAX_DAYS) * 86_400))
}

fn of_calendar(day: i32) -> CalendarDay {
    CalendarDay { of_week: (day + 3).rem_euclid(7) + 1, of_month: of_month(day), is_last_of_month: of_month(day + 1) == 1 }
}

/// Returns the day of the month of a day since 1970-01-01.
fn of_month(day: i32) -> i32 {
    day_text(day).rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use platform::clock::{parse_rfc3339, rfc3339};

    use super::*;

    fn rule(period: SchedulePeriod, hour: i32, time_zone: &str) -> ScheduleRule {
        ScheduleRule { period, hour, day_of_week: 7, day_of_month: 31, time_zone: time_zone.to_owned() }
    }

    /// Returns the next `count` runs, to the minute.
    fn runs(rule: &ScheduleRule, from: &str, count: usize) -> Vec<String> {
        let next = |at: &Timestamp| Some(next_run(rule, *at));
        let all = std::iter::successors(parse_rfc3339(from), next).skip(1);
        all.take(count).map(|at| rfc3339(at)[..16].to_owned()).collect()
    }

    #[test]
    fn a_day_has_one_run_when_clocks_are_put_back() {
        let london = |hour| rule(SchedulePeriod::Daily, hour, "Europe/London");
        // The hour from 01:00 occurs twice on 25 October 2026.
        assert_eq!(runs(&london(1), "2026-10-24T00:30:00Z", 3), ["2026-10-25T00:00", "2026-10-26T01:00", "2026-10-27T01:00"]);
        assert_eq!(runs(&london(1), "2026-10-25T00:05:00Z", 1), ["2026-10-26T01:00"]);
        assert_eq!(runs(&london(7), "2026-10-24T12:00:00Z", 2), ["2026-10-25T07:00", "2026-10-26T07:00"]);
    }

    #[test]
    fn an_hour_that_is_left_out_is_the_one_after_it() {
        let london = |hour| rule(SchedulePeriod::Daily, hour, "Europe/London");
        // Clocks go from 01:00 to 02:00 on 28 March 2027.
        assert_eq!(runs(&london(1), "2027-03-27T00:30:00Z", 3), ["2027-03-27T01:00", "2027-03-28T01:00", "2027-03-29T00:00"]);
        assert_eq!(runs(&london(7), "2027-03-27T12:00:00Z", 2), ["2027-03-28T06:00", "2027-03-29T06:00"]);
        let new_york = rule(SchedulePeriod::Daily, 2, "America/New_York");
        assert_eq!(runs(&new_york, "2027-03-13T12:00:00Z", 2), ["2027-03-14T07:00", "2027-03-15T06:00"]);
    }

    #[test]
    fn hours_go_on_whatever_clocks_show() {
        let hourly = rule(SchedulePeriod::Hourly, 0, "Europe/London");
        assert_eq!(runs(&hourly, "2026-10-24T23:59:59Z", 3), ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]);
        let kolkata = rule(SchedulePeriod::Hourly, 0, "Asia/Kolkata");
        assert_eq!(runs(&kolkata, "2026-10-24T10:00:00Z", 2), ["2026-10-24T10:30", "2026-10-24T11:30"]);
    }

    #[test]
    fn weeks_and_months_are_those_of_the_calendar() {
        let utc = |period| rule(period, 6, "UTC");
        assert_eq!(
            runs(&utc(SchedulePeriod::Monthly), "2027-01-31T06:00:00Z", 3),
            ["2027-02-28T06:00", "2027-03-31T06:00", "2027-04-30T06:00"]
        );
        // 24 October 2026 is a Saturday.
        assert_eq!(runs(&utc(SchedulePeriod::Weekly), "2026-10-24T06:00:00Z", 2), ["2026-10-25T06:00", "2026-11-01T06:00"]);
        assert_eq!(runs(&utc(SchedulePeriod::Weekdays), "2026-10-23T05:00:00Z", 2), ["2026-10-23T06:00", "2026-10-26T06:00"]);
        // It is the 25th already in Tokyo.
        let tokyo = rule(SchedulePeriod::Weekly, 6, "Asia/Tokyo");
        assert_eq!(runs(&tokyo, "2026-10-24T20:00:00Z", 1), ["2026-10-24T21:00"]);
    }
}
