//! The class of a series: the interval between its demands (ADI) and their unevenness (CV²), with
//! the cut-offs of Syntetos, Boylan & Croston (2005).

use crate::{
    class::Class,
    panel::{LastClass, Traits},
    series::PreparedSeries,
};

/// Fewer known weeks than this make a series new.
pub const NEW_WEEKS: usize = 8;
/// Minimum known weeks without demand that end a series.
const MIN_ENDED_WEEKS: f64 = 26.0;
/// A series also waits for this many of its usual intervals before it counts as ended.
const ENDED_INTERVALS: f64 = 4.0;
const ADI_CUT: f64 = 1.32;
const CV2_CUT: f64 = 0.49;

/// The two figures that the class rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemandPattern {
    /// Average demand interval: known weeks ÷ weeks with demand.
    pub interval: f64,
    /// (population deviation ÷ mean)² of the weeks with demand.
    pub size_variation: f64,
}

impl DemandPattern {
    /// Computes the pattern. `None` if no week has demand.
    pub fn of(units: &[f64]) -> Option<Self> {
        let positive = || units.iter().copied().filter(|units| *units > 0.0);
        let count = positive().count() as f64;
        if count < 1.0 {
            return None;
        }
        let mean = positive().sum::<f64>() / count;
        let variance = positive().map(|units| (units - mean).powi(2)).sum::<f64>() / count;
        Some(Self { interval: units.len() as f64 / count, size_variation: variance / mean.powi(2) })
    }
    fn class(&self) -> Class {
        match (self.interval < ADI_CUT, self.size_variation < CV2_CUT) {
            (true, true) => Class::Smooth,
            (true, false) => Class::Erratic,
            (false, true) => Class::Intermittent,
            (false, false) => Class::Lumpy,
        }
    }
}

/// Whether demand has ended: no demand for max(26 weeks, 4 × ADI), the ADI up to the last demand.
/// It ends there because the ADI of a product with a single demand grows with every silent week and
/// would never be exceeded.
fn has_ended(units: &[f64]) -> bool {
    let Some(last) = units.iter().rposition(|units| *units > 0.0) else { return false };
    let silent_weeks = (units.len() - last - 1) as f64;
    let interval = DemandPattern::of(&units[..=last]).map_or(1.0, |pattern| pattern.interval);
    silent_weeks >= MIN_ENDED_WEEKS.max(ENDED_INTERVALS * interval)
}

/// The class of a prepared series; `capped` are its known weeks with the giants cut. A series that
/// never had demand is new.
pub fn classify(prepared: &PreparedSeries, capped: &[f64], traits: &Traits) -> Class {
    if traits.is_archived {
        return Class::Ended;
    }
    if prepared.is_dormant(traits.has_incoming) {
        return Class::Dormant;
    }
    if has_ended(capped) {
        return Class::Ended;
    }
    if capped.len() < NEW_WEEKS {
        return Class::New;
    }
    DemandPattern::of(capped).map_or(Class::New, |pattern| pattern.class())
}

/// The class to use: the one of the last run until two runs agree on another. New, ended and dormant are facts and count at once.
pub fn settle_class(computed: Class, last: Option<LastClass>) -> Class {
    let is_fact = |class| matches!(class, Class::New | Class::Ended | Class::Dormant);
    match last {
        Some(last) if !is_fact(computed) && !is_fact(last.assigned) && last.computed != computed => last.assigned,
        _ => computed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::prepare;

    fn class(weeks: &[f32], traits: &Traits) -> Class {
        let mut prepared = PreparedSeries::default();
        prepare(&mut prepared, weeks, None);
        let units = prepared.known.units.clone();
        classify(&prepared, &units, traits)
    }
    fn usual(weeks: &[f32]) -> Class {
        class(weeks, &Traits::default())
    }

    #[test]
    fn the_four_corners() {
        assert_eq!(usual(&[5.0, 6.0, 5.0, 4.0, 5.0, 6.0, 5.0, 5.0]), Class::Smooth);
        assert_eq!(usual(&[1.0, 30.0, 2.0, 1.0, 25.0, 1.0, 2.0, 1.0]), Class::Erratic);
        assert_eq!(usual(&[5.0, 0.0, 5.0, 0.0, 6.0, 0.0, 5.0, 0.0]), Class::Intermittent);
        assert_eq!(usual(&[1.0, 0.0, 30.0, 0.0, 1.0, 0.0, 2.0, 0.0]), Class::Lumpy);
        let pattern = DemandPattern::of(&[2.0, 0.0, 4.0, 0.0]).unwrap();
        assert_eq!((pattern.interval, pattern.size_variation), (2.0, 1.0 / 9.0));
    }

    #[test]
    fn a_series_begins_and_ends() {
        assert_eq!(usual(&[0.0, 0.0, 5.0, 6.0]), Class::New);
        assert_eq!(usual(&[0.0; 60]), Class::New);
        let once = |silent: usize| [&[5.0][..], &vec![0.0; silent]].concat();
        assert_eq!((usual(&once(25)), usual(&once(26))), (Class::Intermittent, Class::Ended), "one sale ever ends too");
        assert_eq!(class(&[5.0; 20], &Traits { is_archived: true, ..Traits::default() }), Class::Ended);
    }

    #[test]
    fn a_class_changes_when_two_runs_agree() {
        let last = |assigned, computed| Some(LastClass { assigned, computed });
        assert_eq!(settle_class(Class::Lumpy, None), Class::Lumpy);
        assert_eq!(settle_class(Class::Lumpy, last(Class::Erratic, Class::Erratic)), Class::Erratic);
        assert_eq!(settle_class(Class::Lumpy, last(Class::Erratic, Class::Lumpy)), Class::Lumpy);
        assert_eq!(settle_class(Class::Ended, last(Class::Erratic, Class::Erratic)), Class::Ended);
        assert_eq!(settle_class(Class::Smooth, last(Class::New, Class::New)), Class::Smooth);
    }
}
