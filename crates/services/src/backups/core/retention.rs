//! Retention of backups: all of some days, one a day for 35 days, one of each 30 days for a year.

use std::collections::BTreeSet;

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Days in which every backup is kept, unless the operator configures another number.
pub const ALL_DAYS: i64 = 7;
/// Days in which the newest backup of each day is kept.
const DAILY_DAYS: i64 = 35;
/// Days in which the newest backup of each 30 days is kept.
const MONTHLY_DAYS: i64 = 366;
const MONTH_DAYS: i64 = 30;
/// Time between the mark and the deletion of a backup, in microseconds.
pub const GRACE_MICROS: i64 = DAY_MICROS;

/// Input of the retention for a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: String,
    /// Start of the backup, in microseconds since 1970 UTC.
    pub at: i64,
    pub health: VerificationStatus,
}

/// Verification status of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationStatus {
    /// Verified as a whole.
    Verified,
    Unverified,
    /// A part is missing or has another size: it does not count in place of another backup.
    Broken,
}

/// Returns the backups that can be removed, if all of the last `all_days` days are kept. The newest
/// undamaged one and the newest verified one stay.
pub fn superfluous_backups(backups: &[Candidate], now: i64, all_days: i64) -> Vec<String> {
    let mut newest_first: Vec<&Candidate> = backups.iter().collect();
    newest_first.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
    let newest = newest_first.iter().find(|backup| backup.health != VerificationStatus::Broken).map(|backup| &backup.id);
    let last_verified = newest_first.iter().find(|backup| backup.health == VerificationStatus::Verified).map(|backup| &backup.id);
    let (mut days, mut months, mut superfluous_ids) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for backup in &newest_first {
        let age = now.saturating_sub(backup.at) / DAY_MICROS;
        let is_kept = if backup.health == VerificationStatus::Broken {
            age < all_days
        } else {
            let is_first_of_day = days.insert(backup.at.div_euclid(DAY_MICROS));
            let is_first_of_month = months.insert(backup.at.div_euclid(MONTH_DAYS * DAY_MICROS));
            [newest, last_verified].contains(&Some(&backup.id))
                || age < all_days
                || (age < DAILY_DAYS && is_first_of_day)
                || (age < MONTHLY_DAYS && is_first_of_month)
        };
        if !is_kept {
            superfluous_ids.push(backup.id.clone());
        }
    }
    superfluous_ids
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 20_000 * DAY_MICROS;

    fn candidate_at(days_ago: i64, hour: i64, health: VerificationStatus) -> Candidate {
        let at = NOW - days_ago * DAY_MICROS + hour * 3600 * 1_000_000;
        Candidate { id: format!("{days_ago}-{hour}"), at, health }
    }

    #[test]
    fn a_week_of_all_five_weeks_of_days_a_year_of_months() {
        let both =
            |day| [candidate_at(day, 0, VerificationStatus::Unverified), candidate_at(day, 12, VerificationStatus::Unverified)];
        let backups: Vec<Candidate> = (1..=400).flat_map(both).collect();
        let gone = superfluous_backups(&backups, NOW, ALL_DAYS);
        let kept: Vec<&Candidate> = backups.iter().filter(|backup| !gone.contains(&backup.id)).collect();
        let within = |from: i64, to: i64| kept.iter().filter(|one| (from..to).contains(&((NOW - one.at) / DAY_MICROS))).count();
        assert_eq!(within(0, 7), 13);
        assert_eq!(within(8, 35), 27);
        assert!((11..=13).contains(&within(36, 366)), "{}", within(36, 366));
        assert_eq!(within(367, 500), 0);
        let of_longer = superfluous_backups(&backups, NOW, 14);
        assert_eq!(backups.iter().filter(|one| (NOW - one.at) / DAY_MICROS < 14 && of_longer.contains(&one.id)).count(), 0);
    }

    #[test]
    fn the_newest_and_the_last_that_was_verified_stay_however_old() {
        let unverified = |day| candidate_at(day, 0, VerificationStatus::Unverified);
        let backups = [candidate_at(900, 0, VerificationStatus::Verified), unverified(800), unverified(700), unverified(600)];
        assert_eq!(superfluous_backups(&backups, NOW, ALL_DAYS), ["700-0", "800-0"]);
    }

    #[test]
    fn a_broken_one_takes_the_place_of_no_other() {
        let backups = [
            candidate_at(600, 0, VerificationStatus::Unverified),
            candidate_at(20, 0, VerificationStatus::Unverified),
            candidate_at(20, 12, VerificationStatus::Broken),
        ];
        assert_eq!(
            superfluous_backups(&backups, NOW, ALL_DAYS),
            ["20-12", "600-0"],
            "the sound one of that day is the newest, and stays"
        );
        assert_eq!(
            superfluous_backups(&[candidate_at(3, 0, VerificationStatus::Broken)], NOW, ALL_DAYS),
            [""; 0],
            "time to look at it"
        );
    }

    #[test]
    fn a_moment_out_of_reach_does_no_harm() {
        let far = |at| Candidate { id: "far".to_owned(), at, health: VerificationStatus::Unverified };
        assert!(superfluous_backups(&[far(i64::MAX), far(i64::MIN)], NOW, ALL_DAYS).len() <= 1);
    }
}
