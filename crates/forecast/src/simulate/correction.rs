//! Promises that hold for each group of products: a level that follows the results of earlier
//! weeks. Gibbs & Candès, Adaptive Conformal Inference Under Distribution Shift (2021): after each
//! week the level moves by a share of the promise's miss, so that misses of one sign do not last.
//! Each week has a level that only earlier weeks have set: no level is proven on the weeks that set
//! it.

use crate::{
    panel::Panel,
    simulate::{OrderUpTo, Outcome, Past, steering::Steering, weeks::steer},
};

/// Factor of a week's miss by which the level moves. Among 0.05, 0.1, 0.2, 0.3 and 0.5 on weeks
/// 1–44 of the public file, those up to 0.1 follow a season and not each week's chance.
pub const FEEDBACK_GAIN: f64 = 0.1;
/// Cycles of a group that a miss of two points is no chance in. Source: INSIGHT, section 6.3.
pub const MIN_CYCLES: u64 = 200;

/// The promise of a group beside what simulation gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correction {
    /// Cycle service that was promised, 0 to 1.
    pub promised: f64,
    /// With quantiles of just that.
    pub plain: Outcome,
    /// With quantiles of a level that followed the weeks before.
    pub corrected: Outcome,
    /// The level after the last week, for the weeks to come.
    pub level: f64,
}

impl Correction {
    /// Whether the group has cycles enough, and the level that followed missed the promise by less than the promise itself.
    pub fn is_better(&self) -> bool {
        let miss = |outcome: &Outcome| outcome.service().map(|achieved| (achieved - self.promised).abs());
        let is_less =
            miss(&self.corrected).zip(miss(&self.plain)).is_some_and(|(corrected, uncorrected)| corrected < uncorrected);
        self.plain.cycles >= MIN_CYCLES && is_less
    }
}

/// Plays a policy twice, by its promise and by levels that follow, and compares both for each of `count` groups. `groups` are those of the series; a series of
/// none counts nowhere. Weeks of the warm-up move levels, too, so that errors should be known by then.
pub fn corrections(
    panel: &Panel,
    (groups, count): (&[Option<usize>], usize),
    past: &Past,
    policy: &OrderUpTo<'_>,
) -> Vec<Correction> {
    let play = |gain: f64| {
        let mut steering = Steering::new((groups, count), policy.service, gain);
        steer(panel, past, policy, &mut steering);
        steering
    };
    let (uncorrected, corrected) = (play(0.0), play(FEEDBACK_GAIN));
    let outcome_pairs = uncorrected.counted.into_iter().zip(corrected.counted).zip(corrected.levels);
    outcome_pairs
        .map(|((uncorrected, corrected), level)| Correction { promised: policy.service, plain: uncorrected, corrected, level })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::SERVICE_SEARCH_RANGE;

    #[test]
    fn a_level_follows_what_weeks_gave() {
        let week = |cycles: u64, served: u64| Outcome { cycles, served, ..Outcome::default() };
        let groups = [Some(0), Some(1), None];
        let mut steering = Steering::new((&groups, 2), 0.9, 0.1);
        steering.add(0, week(10, 10), true);
        steering.add(1, week(10, 5), false);
        steering.add(2, week(10, 0), true);
        steering.end_week(0.9);
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(near(steering.level(0, 0.9), 0.89) && near(steering.level(1, 0.9), 0.94) && near(steering.level(2, 0.9), 0.9));
        steering.end_week(0.9);
        assert!(near(steering.level(0, 0.9), 0.89), "a week without an end of a cycle says nothing");
        assert_eq!((steering.counted[0].cycles, steering.counted[1].cycles), (10, 0));
        for _ in 0..20 {
            steering.add(1, week(10, 0), true);
            steering.end_week(0.9);
        }
        assert!(near(steering.level(1, 0.9), SERVICE_SEARCH_RANGE.1));
        let found = Correction { promised: 0.9, plain: week(200, 190), corrected: week(200, 182), level: 0.86 };
        assert!(found.is_better() && !Correction { corrected: week(200, 168), ..found }.is_better());
        assert!(!Correction { plain: week(199, 199), ..found }.is_better(), "too few cycles");
    }
}
