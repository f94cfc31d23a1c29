//! Score from 0 to 100 of how far a series' records can be trusted, with a reason for each
//! deduction.

use crate::panel::Traits;
use crate::series::{PreparedSeries, Reason};

/// Reason for a deduction of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeductionReason {
    /// Weeks without stock are unknown: 40 × their share.
    MissingWeeks,
    /// More than 2 % of the weeks were cut as giants: 20.
    Capped,
    /// Fewer than 26 known weeks: 20.
    ShortHistory,
    /// Weeks below 0: 10.
    NegativeWeeks,
    /// More than 5 % of the units were recorded more than seven days late: 10.
    LateRecords,
}

/// A deduction from the quality.
#[derive(Debug, Clone, PartialEq)]
pub struct Deduction {
    pub reason: DeductionReason,
    pub points: f32,
    /// The panel's weeks that it rests on, if it rests on weeks.
    pub weeks: Vec<u32>,
}

/// The score and its deductions.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// 0 to 100.
    pub score: f32,
    pub deductions: Vec<Deduction>,
}

/// Scores a series whose capped weeks are among `prepared.excluded`. Source: INSIGHT, section 2.9.
pub fn quality(prepared: &PreparedSeries, traits: &Traits) -> Quality {
    let known_count = prepared.known.units.len() as f32;
    let all = known_count + prepared.missing as f32;
    let weeks = |reasons: &[Reason]| -> Vec<u32> {
        prepared
            .excluded
            .iter()
            .filter(|excluded_week| reasons.contains(&excluded_week.reason))
            .map(|excluded_week| excluded_week.week)
            .collect()
    };
    let share = |count: f32| if all > 0.0 { count / all } else { 0.0 };
    let (missing, capped) = (weeks(&[Reason::OutOfStock, Reason::NotANumber]), weeks(&[Reason::Capped]));
    let negative = weeks(&[Reason::Negative]);
    let capped_share = share(capped.len() as f32);
    let is_late = traits.late_share.is_finite() && traits.late_share > 0.05;
    let candidates = [
        (DeductionReason::MissingWeeks, 40.0 * share(prepared.missing as f32), missing),
        (DeductionReason::Capped, if capped_share > 0.02 { 20.0 } else { 0.0 }, capped),
        (DeductionReason::ShortHistory, if known_count < 26.0 { 20.0 } else { 0.0 }, Vec::new()),
        (DeductionReason::NegativeWeeks, if negative.is_empty() { 0.0 } else { 10.0 }, negative),
        (DeductionReason::LateRecords, if is_late { 10.0 } else { 0.0 }, Vec::new()),
    ];
    let deductions: Vec<Deduction> = candidates
        .into_iter()
        .filter(|(_, points, _)| *points > 0.0)
        .map(|(reason, points, weeks)| Deduction { reason, points, weeks })
        .collect();
    let deducted_points: f32 = deductions.iter().map(|deduction| deduction.points).sum();
    Quality { score: (100.0 - deducted_points).clamp(0.0, 100.0), deductions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::prepare;

    #[test]
    fn each_deduction_has_its_weeks() {
        let mut recorded = vec![5.0; 20];
        recorded[3] = -2.0;
        let mut days = vec![7; 20];
        (days[7], days[8], recorded[7], recorded[8]) = (0, 1, 0.0, 0.0);
        let mut prepared = PreparedSeries::default();
        prepare(&mut prepared, &recorded, Some(&days));
        let found = quality(&prepared, &Traits { late_share: 0.06, ..Traits::default() });
        let reasons: Vec<_> = found.deductions.iter().map(|one| (one.reason, one.points, one.weeks.as_slice())).collect();
        assert_eq!(
            reasons,
            [
                (DeductionReason::MissingWeeks, 4.0, &[7, 8][..]),
                (DeductionReason::ShortHistory, 20.0, &[]),
                (DeductionReason::NegativeWeeks, 10.0, &[3]),
                (DeductionReason::LateRecords, 10.0, &[]),
            ]
        );
        assert!((found.score - 56.0).abs() < 1e-4);
    }

    #[test]
    fn nothing_recorded_is_a_short_history() {
        let found = quality(&PreparedSeries::default(), &Traits { late_share: f32::NAN, ..Traits::default() });
        assert!((found.score - 80.0).abs() < 1e-6, "{found:?}");
    }
}
