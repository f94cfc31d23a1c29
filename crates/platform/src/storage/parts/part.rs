//! A part of a table, and the month of its rows.

use entity::prelude::Timestamp;
use migration::months::{AUDIT_ENTRY, PARTED};

use crate::calendar;

/// A month in UTC, counted from January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i64);

const DAY: i64 = 86_400_000_000;

impl Month {
    /// The month of a moment.
    pub const fn of(at: Timestamp) -> Self {
        Self(calendar::months(at.micros().div_euclid(DAY) as i32) as i64)
    }

    /// Returns the month's first moment, in microseconds since 1970.
    pub const fn start(self) -> i64 {
        calendar::first_day_of_month(self.0 as i32) as i64 * DAY
    }

    /// Returns the month so many months later.
    #[must_use]
    pub const fn plus(self, months: i64) -> Self {
        Self(self.0 + months)
    }

    /// Parses the month at the end of a part's name: `event_2026_11`.
    pub(super) fn from_part_name(name: &str) -> Option<Self> {
        let (rest, month) = name.rsplit_once('_')?;
        let (_, year) = rest.rsplit_once('_')?;
        let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Self(year * 12 + month - 1))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// State of a partition in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    Attached,
    /// Being detached: the operation was begun and not completed.
    Detaching,
    Detached,
}

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub table: &'static str,
    pub name: String,
    /// Month of the rows. None for the part with all earlier rows.
    pub month: Option<Month>,
    pub state: PartState,
    /// Bounds of the times of its rows, in microseconds since 1970: `from` inclusive, `to`
    /// exclusive; None if unbounded, and for a detached part.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Size of its rows at the last measurement.
    pub bytes: i64,
    /// Note that was written when it was archived.
    pub note: Option<String>,
}

impl Part {
    /// Whether rows of a month go into it.
    pub(super) fn has(&self, month: Month) -> bool {
        self.state == PartState::Attached
            && self.from.is_none_or(|from| from <= month.start())
            && self.to.is_none_or(|to| to >= month.plus(1).start())
    }

    /// Whether the part may be detached: the audit log stays whole, and so does the part from
    /// before the months.
    pub fn is_detachable(&self) -> bool {
        self.table != AUDIT_ENTRY.table && self.month.is_some()
    }
}

/// Returns the number of consecutive months after that of `now` for which each table has a
/// partition; 0 if the present one has none.
pub(super) fn count_months_ahead(parts: &[Part], now: Timestamp) -> i64 {
    /// Maximum result: more months make no difference to callers.
    const MAX: i64 = 120;
    let months_ahead = |table: &str| {
        let has = |month: Month| parts.iter().any(|part| part.table == table && part.has(month));
        let first = Month::of(now);
        (0..=MAX).take_while(|months| has(first.plus(*months))).last().unwrap_or(0)
    };
    PARTED.iter().map(|partitioned| months_ahead(partitioned.table)).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, from: Option<i64>, to: Option<i64>) -> Part {
        let table = PARTED.iter().find(|parted| name.starts_with(parted.table)).unwrap().table;
        let month = Month::from_part_name(name);
        Part { table, name: name.to_owned(), month, state: PartState::Attached, from, to, bytes: 0, note: None }
    }

    fn month(text: &str) -> Month {
        Month::from_part_name(&format!("event_{text}")).unwrap()
    }

    #[test]
    fn months_begin_where_the_calendar_says() {
        // Seconds of the first moments, by `date -u -d`.
        for (name, seconds) in [
            ("1970_01", 0),
            ("2000_02", 949_363_200),
            ("2000_03", 951_868_800),
            ("2024_03", 1_709_251_200),
            ("2026_12", 1_796_083_200),
            ("2027_01", 1_798_761_600),
            ("2100_03", 4_107_542_400),
        ] {
            let (month, start) = (month(name), seconds * 1_000_000);
            assert_eq!(month.start(), start, "{name}");
            assert_eq!(Month::of(Timestamp(start)), month, "{name}");
            assert_eq!(Month::of(Timestamp(start - 1)), month.plus(-1), "{name}");
            assert_eq!(month.to_string(), name.replace('_', "-"));
        }
        assert_eq!(month("2026_12").plus(1), month("2027_01"));
    }

    #[test]
    fn names_have_months_or_none() {
        for name in ["event_before", "event_2026_13", "event", "event_2026_00"] {
            assert_eq!(Month::from_part_name(name), None, "{name}");
        }
    }

    #[test]
    fn months_ahead_are_counted_up_to_the_first_that_is_missing_in_any_table() {
        let now = Timestamp(month("2026_11").start() + 5);
        let mut parts = Vec::new();
        for parted in PARTED {
            parts.push(part(&format!("{}_before", parted.table), None, Some(month("2026_12").start())));
            for months in 1..=3 {
                let month = month("2026_11").plus(months);
                let name = format!("{}_{}", parted.table, month.to_string().replace('-', "_"));
                parts.push(part(&name, Some(month.start()), Some(month.plus(1).start())));
            }
        }
        assert_eq!(count_months_ahead(&parts, now), 3);
        parts.retain(|part| part.name != "webhook_attempt_2027_01");
        assert_eq!(count_months_ahead(&parts, now), 1);
        parts.retain(|part| part.name != "event_before");
        assert_eq!(count_months_ahead(&parts, now), 0);
        assert_eq!(count_months_ahead(&[part("event_9999_12", None, None)], now), 0, "the others have none");
    }
}
