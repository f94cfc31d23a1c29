//! The days that a report is of.

/// Business days, both inclusive, since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub from: i32,
    pub to: i32,
}

/// Fifty-two weeks: the shift to last year that keeps weekdays.
const YEAR: i32 = 364;
const WEEK: i32 = 7;

impl Span {
    pub const fn days(self) -> i64 {
        self.to as i64 - self.from as i64 + 1
    }
    const fn shifted_back(self, days: i32) -> Self {
        Self { from: self.from.saturating_sub(days), to: self.to.saturating_sub(days) }
    }
    /// The days up to `day`; None if all are later.
    pub const fn until(self, day: i32) -> Option<Self> {
        if day < self.from {
            return None;
        }
        Some(Self { from: self.from, to: if day < self.to { day } else { self.to } })
    }
    /// The same number of days directly before these; for a week or more the nearest ones with the
    /// same weekdays.
    #[must_use]
    pub const fn before(self) -> Self {
        let days = self.days() as i32;
        let whole_weeks = (days + WEEK - 1) / WEEK * WEEK;
        self.shifted_back(if days < WEEK { days } else { whole_weeks })
    }
    /// The same number of days a year before, with the same weekdays.
    #[must_use]
    pub const fn year_before(self) -> Self {
        let days = self.days() as i32;
        let years = (days + YEAR - 1) / YEAR;
        self.shifted_back(YEAR * years)
    }
    /// The first and the last Monday of the weeks that are within the span and over on `today`;
    /// None if there are none.
    pub const fn complete_weeks(self, today: i32) -> Option<(i32, i32)> {
        let to = if self.to < today { self.to } else { today - 1 };
        // 1970-01-01 was a Thursday.
        let first = self.from + (4 - self.from).rem_euclid(WEEK);
        let last = to - 6 - (to - 3).rem_euclid(WEEK);
        if last < first { None } else { Some((first, last)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_has_the_same_weekdays() {
        let of = |from, to| Span { from, to };
        assert_eq!(of(100, 102).before(), of(97, 99), "three days: the three before");
        assert_eq!(of(100, 106).before(), of(93, 99));
        assert_eq!(of(100, 109).before(), of(86, 95), "ten days: two weeks before");
        assert_eq!(of(1_000, 1_030).year_before(), of(636, 666));
        assert_eq!(of(1_000, 1_399).year_before(), of(272, 671), "more than a year: two years before");
        assert_eq!(of(5, 5).days(), 1);
    }

    #[test]
    fn days_end_with_the_last_that_has_begun() {
        let until = |day| Span { from: 5, to: 9 }.until(day);
        assert_eq!((until(9), until(30)), (Some(Span { from: 5, to: 9 }), Some(Span { from: 5, to: 9 })));
        assert_eq!((until(6), until(5), until(4)), (Some(Span { from: 5, to: 6 }), Some(Span { from: 5, to: 5 }), None));
    }

    #[test]
    fn only_weeks_that_are_over_are_complete() {
        // Monday 1970-01-05 is day 4.
        let of = |from, to, today| Span { from, to }.complete_weeks(today);
        assert_eq!(of(4, 17, 100), Some((4, 11)));
        assert_eq!(of(3, 16, 100), Some((4, 4)));
        assert_eq!(of(5, 17, 100), Some((11, 11)));
        assert_eq!(of(4, 17, 17), Some((4, 4)), "the Sunday is not over");
        assert_eq!(of(4, 17, 18), Some((4, 11)));
        assert_eq!((of(5, 16, 100), of(4, 9, 100)), (None, None));
    }
}
