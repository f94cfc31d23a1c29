//! Periods relative to the day of the request.

use super::{calendar::TimeUnit, span::Span};

/// A period by its position before today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelativePeriod {
    Today,
    Yesterday,
    Last7Days,
    Last28Days,
    Last91Days,
    Last365Days,
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
    ThisQuarter,
    LastQuarter,
    ThisYear,
    LastYear,
}

/// The last `count` days up to yesterday.
const fn days(count: i32, today: i32) -> Span {
    Span { from: today - count, to: today - 1 }
}

/// From the beginning of a calendar unit up to today.
const fn to_date(unit: TimeUnit, today: i32) -> Span {
    Span { from: unit.start(today), to: today }
}

/// The whole stretch before that of today.
const fn previous_period(unit: TimeUnit, today: i32) -> Span {
    let to = unit.start(today) - 1;
    Span { from: unit.start(to), to }
}

impl RelativePeriod {
    /// Days of the period on the day `today`, in days since 1970-01-01.
    pub const fn span(self, today: i32) -> Span {
        match self {
            Self::Today => Span { from: today, to: today },
            Self::Yesterday => days(1, today),
            Self::Last7Days => days(7, today),
            Self::Last28Days => days(28, today),
            Self::Last91Days => days(91, today),
            Self::Last365Days => days(365, today),
            Self::ThisWeek => to_date(TimeUnit::Week, today),
            Self::LastWeek => previous_period(TimeUnit::Week, today),
            Self::ThisMonth => to_date(TimeUnit::Month, today),
            Self::LastMonth => previous_period(TimeUnit::Month, today),
            Self::ThisQuarter => to_date(TimeUnit::Quarter, today),
            Self::LastQuarter => previous_period(TimeUnit::Quarter, today),
            Self::ThisYear => to_date(TimeUnit::Year, today),
            Self::LastYear => previous_period(TimeUnit::Year, today),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01, a Thursday.
    const NEW_YEAR: i32 = 20_454;

    fn of(period: RelativePeriod, today: i32) -> (i32, i32) {
        let span = period.span(today);
        (span.from - NEW_YEAR, span.to - NEW_YEAR)
    }

    #[test]
    fn days_end_yesterday_and_calendar_periods_are_whole_or_up_to_today() {
        // The 14th of February, a Saturday.
        let today = NEW_YEAR + 44;
        assert_eq!((of(RelativePeriod::Today, today), of(RelativePeriod::Yesterday, today)), ((44, 44), (43, 43)));
        assert_eq!((of(RelativePeriod::Last7Days, today), of(RelativePeriod::Last28Days, today)), ((37, 43), (16, 43)));
        assert_eq!((of(RelativePeriod::ThisWeek, today), of(RelativePeriod::LastWeek, today)), ((39, 44), (32, 38)));
        assert_eq!((of(RelativePeriod::ThisMonth, today), of(RelativePeriod::LastMonth, today)), ((31, 44), (0, 30)));
        assert_eq!((of(RelativePeriod::ThisQuarter, today), of(RelativePeriod::LastQuarter, today)), ((0, 44), (-92, -1)));
        assert_eq!((of(RelativePeriod::ThisYear, today), of(RelativePeriod::LastYear, today)), ((0, 44), (-365, -1)));
    }

    #[test]
    fn the_first_day_of_a_month_has_the_whole_month_before_it() {
        assert_eq!(of(RelativePeriod::LastMonth, NEW_YEAR + 31), (0, 30));
        assert_eq!(of(RelativePeriod::ThisMonth, NEW_YEAR + 31), (31, 31));
    }
}
