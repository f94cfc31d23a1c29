//! Which backups are kept: all of a week, one a day for 35 days, one a month for a year.

use std::collections::BTreeSet;

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Days in which every backup is kept.
const ALL_DAYS: i64 = 7;
/// Days in which the newest of each day is kept.
const DAILY_DAYS: i64 = 35;
/// Days in which the newest of each 30 days is kept.
const MONTHLY_DAYS: i64 = 366;
const MONTH_DAYS: i64 = 30;
/// How long a backup stays after it was marked, in microseconds.
pub const GRACE_MICROS: i64 = DAY_MICROS;

/// A backup as retention looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub id: String,
    /// Microseconds since 1970 UTC.
    pub made_at: i64,
    pub is_verified: bool,
}

/// The backups that may go. The newest stays, and the newest that was verified.
pub fn superfluous(backups: &[Kept], now: i64) -> Vec<String> {
    let mut newest_first: Vec<&Kept> = backups.iter().collect();
    newest_first.sort_by(|one, other| (other.made_at, &other.id).cmp(&(one.made_at, &one.id)));
    let last_verified = newest_first.iter().find(|backup| backup.is_verified).map(|backup| backup.id.clone());
    let (mut days, mut months, mut gone) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (place, backup) in newest_first.iter().enumerate() {
        let age = (now - backup.made_at) / DAY_MICROS;
        let is_first_of_day = days.insert(backup.made_at.div_euclid(DAY_MICROS));
        let is_first_of_month = months.insert(backup.made_at.div_euclid(MONTH_DAYS * DAY_MICROS));
        let is_kept = place == 0
            || last_verified.as_ref() == Some(&backup.id)
            || age < ALL_DAYS
            || (age < DAILY_DAYS && is_first_of_day)
            || (age < MONTHLY_DAYS && is_first_of_month);
        if !is_kept {
            gone.push(backup.id.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 20_000 * DAY_MICROS;

    fn made(days_ago: i64, hour: i64, is_verified: bool) -> Kept {
        let made_at = NOW - days_ago * DAY_MICROS + hour * 3600 * 1_000_000;
        Kept { id: format!("{days_ago}-{hour}"), made_at, is_verified }
    }

    #[test]
    fn a_week_of_all_five_weeks_of_days_a_year_of_months() {
        let backups: Vec<Kept> = (1..=400).flat_map(|day| [made(day, 0, false), made(day, 12, false)]).collect();
        let gone = superfluous(&backups, NOW);
        let kept: Vec<&Kept> = backups.iter().filter(|backup| !gone.contains(&backup.id)).collect();
        let within =
            |from: i64, to: i64| kept.iter().filter(|one| (from..to).contains(&((NOW - one.made_at) / DAY_MICROS))).count();
        assert_eq!(within(0, 7), 14);
        assert_eq!(within(8, 35), 27);
        assert!((11..=13).contains(&within(36, 366)), "{}", within(36, 366));
        assert_eq!(within(367, 500), 0);
    }

    #[test]
    fn the_newest_and_the_last_that_was_verified_stay_however_old() {
        let backups = [made(900, 0, true), made(800, 0, true), made(700, 0, false), made(600, 0, false)];
        assert_eq!(superfluous(&backups, NOW), ["700-0", "900-0"]);
    }
}
