//! Days, months and years as a report's rows have them.

use platform::calendar::{civil, first_day_of_month, months};

use super::Span;

/// Calendar unit of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The days that a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The same number of days, months, quarters or years directly before.
    PreviousPeriod,
    /// The same days a year before.
    PreviousYear,
}

/// Distance from the compared days to the report's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shift {
    Days(i32),
    Months(i32),
}

/// The days of one row: those within the span, and the first day of the whole stretch as its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub first: i32,
    pub last: i32,
    pub key: i32,
}

/// Days before which a report is compared, and how its rows find theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonPeriod {
    pub span: Span,
    shift: Shift,
}

/// The same day `month_count` months earlier, or the last day of that month.
const fn months_earlier(day: i32, month_count: i32) -> i32 {
    let (_, _, day_of_month) = civil(day);
    let month = months(day) - month_count;
    let (same_day, last_day) = (first_day_of_month(month) + day_of_month - 1, first_day_of_month(month + 1) - 1);
    if same_day < last_day { same_day } else { last_day }
}

impl TimeUnit {
    /// Returns the months of a unit; None for days and weeks.
    const fn months(self) -> Option<i32> {
        match self {
            Self::Day | Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }
    /// The first day of the stretch that a day is in. 1970-01-01 was a Thursday.
    pub const fn start(self, day: i32) -> i32 {
        match (self, self.months()) {
            (Self::Week, _) => day - (day + 3).rem_euclid(7),
            (_, Some(length)) => {
                let month = months(day);
                first_day_of_month(month - month.rem_euclid(length))
            }
            _ => day,
        }
    }
    /// The first day of the next calendar unit after that of a day.
    const fn next(self, day: i32) -> i32 {
        match (self, self.months()) {
            (Self::Week, _) => self.start(day) + 7,
            (_, Some(length)) => first_day_of_month(months(self.start(day)) + length),
            _ => day + 1,
        }
    }
    /// The stretches of a span, in order.
    pub fn buckets(self, span: Span) -> Vec<Bucket> {
        let mut bucket_list = Vec::new();
        let mut first = span.from;
        while first <= span.to {
            let next = self.next(first);
            bucket_list.push(Bucket { first, last: (next - 1).min(span.to), key: self.start(first) });
            first = next;
        }
        bucket_list
    }
}

impl ComparisonPeriod {
    /// Returns the span that another one is compared with. Rows of months, quarters and years are
    /// compared with whole ones; other reports with as many days and, from a week on, the same
    /// weekdays. All days are before those of the span.
    pub const fn of(span: Span, unit: Option<TimeUnit>, with: Comparison) -> Self {
        let length = match unit {
            Some(unit) => unit.months(),
            None => None,
        };
        let Some(length) = length else {
            let before = match with {
                Comparison::PreviousPeriod => span.before(),
                Comparison::PreviousYear => span.year_before(),
            };
            return Self { span: before, shift: Shift::Days(span.from - before.from) };
        };
        let period_months = (months(span.to).div_euclid(length) - months(span.from).div_euclid(length) + 1) * length;
        let month_count = match with {
            Comparison::PreviousPeriod => period_months,
            Comparison::PreviousYear => (period_months + 11) / 12 * 12,
        };
        let is_whole = months(span.to) != months(span.to + 1);
        let to = if is_whole {
            first_day_of_month(months(span.to) + 1 - month_count) - 1
        } else {
            months_earlier(span.to, month_count)
        };
        Self { span: Span { from: months_earlier(span.from, month_count), to }, shift: Shift::Months(month_count) }
    }
    /// Returns the days by which the compared span is earlier than the report's; None if it is
    /// shifted by whole months.
    pub const fn days(&self) -> Option<i32> {
        match self.shift {
            Shift::Days(days) => Some(days),
            Shift::Months(_) => None,
        }
    }
    /// The compared calendar units, each with the key of the row that it is compared with.
    pub fn buckets(&self, unit: TimeUnit) -> Vec<Bucket> {
        let key = |bucket: Bucket| match self.shift {
            Shift::Days(days) => unit.start(bucket.first + days),
            Shift::Months(month_count) => first_day_of_month(months(bucket.key) + month_count),
        };
        unit.buckets(self.span).into_iter().map(|bucket| Bucket { key: key(bucket), ..bucket }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01.
    const NEW_YEAR: i32 = 20_454;

    fn of(from: i32, to: i32) -> Span {
        Span { from, to }
    }

    #[test]
    fn a_span_is_cut_where_months_end() {
        let cut = TimeUnit::Month.buckets(of(NEW_YEAR + 14, NEW_YEAR + 31));
        let (january, february) = (NEW_YEAR, NEW_YEAR + 31);
        assert_eq!(
            cut,
            [
                Bucket { first: NEW_YEAR + 14, last: NEW_YEAR + 30, key: january },
                Bucket { first: february, last: february, key: february }
            ]
        );
        assert_eq!(TimeUnit::Quarter.start(NEW_YEAR + 100), NEW_YEAR + 90);
        assert_eq!(TimeUnit::Year.buckets(of(NEW_YEAR - 1, NEW_YEAR)).len(), 2);
        // 2026-01-01 is a Thursday.
        assert_eq!(TimeUnit::Week.start(NEW_YEAR), NEW_YEAR - 3);
        assert_eq!(TimeUnit::Week.buckets(of(NEW_YEAR, NEW_YEAR + 4)).len(), 2);
    }

    #[test]
    fn months_are_compared_with_months() {
        let february = of(NEW_YEAR + 31, NEW_YEAR + 58);
        let before = ComparisonPeriod::of(february, Some(TimeUnit::Month), Comparison::PreviousPeriod);
        assert_eq!((before.span, before.days()), (of(NEW_YEAR, NEW_YEAR + 30), None), "the whole of January");
        assert_eq!(before.buckets(TimeUnit::Month), [Bucket { first: NEW_YEAR, last: NEW_YEAR + 30, key: NEW_YEAR + 31 }]);
        let year = ComparisonPeriod::of(february, Some(TimeUnit::Month), Comparison::PreviousYear);
        assert_eq!(year.span, of(NEW_YEAR - 365 + 31, NEW_YEAR - 365 + 58));
        let part = ComparisonPeriod::of(of(NEW_YEAR + 31, NEW_YEAR + 40), Some(TimeUnit::Month), Comparison::PreviousPeriod);
        assert_eq!(part.span, of(NEW_YEAR, NEW_YEAR + 9));
        for days in 1..731 {
            for unit in [None, Some(TimeUnit::Day), Some(TimeUnit::Month), Some(TimeUnit::Quarter), Some(TimeUnit::Year)] {
                for with in [Comparison::PreviousPeriod, Comparison::PreviousYear] {
                    let span = of(NEW_YEAR + 20, NEW_YEAR + 19 + days);
                    assert!(ComparisonPeriod::of(span, unit, with).span.to < span.from, "{days} {unit:?} {with:?}");
                }
            }
        }
    }

    #[test]
    fn days_are_compared_by_weekdays() {
        let week = of(NEW_YEAR, NEW_YEAR + 6);
        let before = ComparisonPeriod::of(week, Some(TimeUnit::Day), Comparison::PreviousPeriod);
        assert_eq!((before.span, before.days()), (of(NEW_YEAR - 7, NEW_YEAR - 1), Some(7)));
        assert_eq!(before.buckets(TimeUnit::Day)[0], Bucket { first: NEW_YEAR - 7, last: NEW_YEAR - 7, key: NEW_YEAR });
    }
}
