//! Periods that move with the day on which a list is read.

use async_graphql::Enum;
use platform::calendar::{first_day_of_month, months};

/// Period of calendar days that moves with the day on which a list is read. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum RelativePeriod {
    /// Today alone.
    Today,
    /// Yesterday alone.
    Yesterday,
    /// Seven days up to yesterday.
    #[graphql(name = "LAST_7_DAYS")]
    Last7Days,
    /// 30 days up to yesterday.
    #[graphql(name = "LAST_30_DAYS")]
    Last30Days,
    /// 365 days up to yesterday.
    #[graphql(name = "LAST_365_DAYS")]
    Last365Days,
    /// The whole calendar month of today.
    ThisMonth,
    /// The whole calendar month before this one.
    LastMonth,
    /// The whole calendar year of today.
    ThisYear,
    /// Seven days from tomorrow on.
    #[graphql(name = "NEXT_7_DAYS")]
    Next7Days,
    /// 30 days from tomorrow on.
    #[graphql(name = "NEXT_30_DAYS")]
    Next30Days,
}

impl RelativePeriod {
    /// The first day, and the day after the last, on a day since 1970-01-01.
    pub const fn days(self, today: i32) -> [i32; 2] {
        let month = months(today);
        match self {
            Self::Today => [today, today + 1],
            Self::Yesterday => [today - 1, today],
            Self::Last7Days => [today - 7, today],
            Self::Last30Days => [today - 30, today],
            Self::Last365Days => [today - 365, today],
            Self::ThisMonth => [first_day_of_month(month), first_day_of_month(month + 1)],
            Self::LastMonth => [first_day_of_month(month - 1), first_day_of_month(month)],
            Self::ThisYear => {
                let january = month - month.rem_euclid(12);
                [first_day_of_month(january), first_day_of_month(january + 12)]
            }
            Self::Next7Days => [today + 1, today + 8],
            Self::Next30Days => [today + 1, today + 31],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01.
    const NEW_YEAR: i32 = 20_454;

    fn of(period: RelativePeriod, today: i32) -> [i32; 2] {
        period.days(today).map(|day| day - NEW_YEAR)
    }

    #[test]
    fn past_days_end_yesterday_and_days_to_come_begin_tomorrow() {
        assert_eq!((of(RelativePeriod::Today, NEW_YEAR), of(RelativePeriod::Yesterday, NEW_YEAR)), ([0, 1], [-1, 0]));
        assert_eq!((of(RelativePeriod::Last7Days, NEW_YEAR), of(RelativePeriod::Next7Days, NEW_YEAR)), ([-7, 0], [1, 8]));
        assert_eq!((of(RelativePeriod::Last30Days, NEW_YEAR), of(RelativePeriod::Next30Days, NEW_YEAR)), ([-30, 0], [1, 31]));
        assert_eq!(of(RelativePeriod::Last365Days, NEW_YEAR), [-365, 0]);
    }

    #[test]
    fn months_and_years_are_whole() {
        // The 14th of February, and the last day of the year.
        let (in_february, new_years_eve) = (NEW_YEAR + 44, NEW_YEAR + 364);
        assert_eq!((of(RelativePeriod::ThisMonth, in_february), of(RelativePeriod::LastMonth, in_february)), ([31, 59], [0, 31]));
        assert_eq!(of(RelativePeriod::LastMonth, NEW_YEAR), [-31, 0]);
        assert_eq!((of(RelativePeriod::ThisYear, NEW_YEAR), of(RelativePeriod::ThisYear, new_years_eve)), ([0, 365], [0, 365]));
    }
}
