//! Rules of alerts for forecasts of a product in a store: repeated errors open an alert, and their
//! end resolves it.

use forecast::accuracy::{SIGNAL_LIMIT, SIGNAL_WEEKS};

use super::score::signal;

/// Weeks that are reviewed.
pub const REVIEWED_WEEKS: i32 = 26;
/// Weeks whose share outside their interval is counted.
const COVERAGE_WEEKS: usize = 16;
/// Minimum error of eight weeks, in smallest units: one a week.
const MIN_DRIFT_UNITS: f64 = SIGNAL_WEEKS as f64;
/// Minimum error as a share of the forecast or of the demand, whichever is larger.
const MIN_DRIFT_SHARE: f64 = 0.25;
/// Minimum of the eight weeks with an error of at least a smallest unit, all on the same side: a
/// single order is no drift.
const MIN_DRIFT_WEEKS: usize = 6;

/// By chance alone, with normal errors, one product in five has a tracking signal beyond 4 on either side in two weeks, and one in twenty beyond 6. So 6 opens an
/// alert, and the textbook's 4 resolves it.
const TRACKING_SIGNAL_BAND: HysteresisBand = HysteresisBand { opened_beyond: 6.0, resolved_within: SIGNAL_LIMIT };
/// With a chance of 20 % each, nine or more of 16 weeks are outside the interval once in 670 times.
const COVERAGE_BAND: HysteresisBand = HysteresisBand { opened_beyond: 8.0, resolved_within: 6.0 };

/// A settled week, with the forecast that was made at its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgedWeek {
    /// Monday of the week.
    pub week: i32,
    pub forecast: f64,
    /// Bounds of the 80 % interval; `None` if too few errors were known.
    pub bounds80: Option<(f64, f64)>,
    pub units: f64,
}

impl JudgedWeek {
    fn error(&self) -> f64 {
        self.units - self.forecast
    }
    fn is_outside(&self) -> Option<bool> {
        self.bounds80.map(|(lower, upper)| !(lower..=upper).contains(&self.units))
    }
}

/// State of the alert before this check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviousAlert {
    None,
    Open,
}

/// Error of the forecasts of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelDrift {
    /// Difference between demand and forecast in eight weeks, negative if demand was lower; or the
    /// number of weeks outside their interval.
    pub figure: i64,
    /// The figure from which an alert is opened, on either side of 0.
    pub line: i64,
    /// Monday since which the figure is beyond the limit that resolves an alert; `None` if that is
    /// before the reviewed weeks.
    pub since: Option<i32>,
}

/// Two limits, so that an alert near one of them does not flap.
struct HysteresisBand {
    opened_beyond: f64,
    resolved_within: f64,
}

impl HysteresisBand {
    /// Returns the first of the latest consecutive figures, oldest first, beyond the lower limit.
    /// `None` if there should be no alert: two figures in a row beyond the upper limit open one,
    /// and the lower limit resolves it.
    fn alert_start(&self, signals: &[f64], before: PreviousAlert) -> Option<usize> {
        let (last, earlier) = signals.split_last()?;
        let is_out = match before {
            PreviousAlert::Open => *last > self.resolved_within,
            PreviousAlert::None => {
                *last > self.opened_beyond && earlier.last().is_some_and(|signal| *signal > self.opened_beyond)
            }
        };
        let last_inside = signals.iter().rposition(|signal| *signal <= self.resolved_within);
        is_out.then(|| last_inside.map_or(0, |nth| nth + 1))
    }
}

/// Detects forecasts that are repeatedly too low, or too high, by the tracking signal. Weeks are
/// those with stock, oldest first, from `keep_earliest` on. `None` for fewer than eight. A new alert
/// also needs a minimum of units, in most of the weeks.
pub fn error_drift(weeks: &[JudgedWeek], earliest: i32, before: PreviousAlert) -> Option<LevelDrift> {
    let errors: Vec<f64> = weeks.iter().map(JudgedWeek::error).collect();
    let signals: Vec<f64> = errors.windows(SIGNAL_WEEKS).filter_map(signal).map(f64::abs).collect();
    let first = TRACKING_SIGNAL_BAND.alert_start(&signals, before)?;
    let last = &weeks[weeks.len().checked_sub(SIGNAL_WEEKS)?..];
    let sum = |field: fn(&JudgedWeek) -> f64| last.iter().map(field).sum::<f64>();
    let deviation = sum(JudgedWeek::error);
    let min_deviation = MIN_DRIFT_UNITS.max(MIN_DRIFT_SHARE * sum(|week| week.forecast).max(sum(|week| week.units)));
    let same_side_weeks = last.iter().filter(|week| week.error() * deviation.signum() >= 1.0).count();
    if before == PreviousAlert::None && (deviation.abs() < min_deviation || same_side_weeks < MIN_DRIFT_WEEKS) {
        return None;
    }
    let threshold = min_deviation.max(TRACKING_SIGNAL_BAND.opened_beyond * sum(|week| week.error().abs()) / SIGNAL_WEEKS as f64);
    let mondays: Vec<i32> = weeks.iter().map(|week| week.week).collect();
    Some(LevelDrift {
        figure: deviation.round() as i64,
        line: threshold.floor() as i64,
        since: window_start(&mondays, SIGNAL_WEEKS, first, earliest),
    })
}

/// Detects intervals that contain too few weeks. `None` for fewer than 16 weeks with an interval.
pub fn coverage_drift(weeks: &[JudgedWeek], earliest: i32, before: PreviousAlert) -> Option<LevelDrift> {
    let outcomes: Vec<(i32, bool)> = weeks.iter().filter_map(|week| Some((week.week, week.is_outside()?))).collect();
    let count = |weeks: &[(i32, bool)]| weeks.iter().filter(|(_, is_outside)| *is_outside).count() as f64;
    let counts: Vec<f64> = outcomes.windows(COVERAGE_WEEKS).map(count).collect();
    let first = COVERAGE_BAND.alert_start(&counts, before)?;
    let mondays: Vec<i32> = outcomes.iter().map(|(week, _)| *week).collect();
    Some(LevelDrift {
        figure: counts.last().copied().unwrap_or_default() as i64,
        line: COVERAGE_BAND.opened_beyond as i64 + 1,
        since: window_start(&mondays, COVERAGE_WEEKS, first, earliest),
    })
}

/// Returns the Monday of the last week of a window; `None` for the first possible window.
fn window_start(mondays: &[i32], length: usize, window: usize, earliest: i32) -> Option<i32> {
    let is_cut = window == 0 && mondays.first().is_some_and(|week| *week <= earliest);
    mondays.get(window + length - 1).copied().filter(|_| !is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PreviousAlert::{None as Quiet, Open};

    /// Weeks with a forecast of ten, from Monday 700 on.
    fn weeks(units: &[i64]) -> Vec<JudgedWeek> {
        let of = |(nth, units): (i32, &i64)| JudgedWeek {
            week: 700 + 7 * nth,
            forecast: 10.0,
            bounds80: Some((6.0, 14.0)),
            units: *units as f64,
        };
        (0..).zip(units).map(of).collect()
    }
    /// Weeks that alternate around the forecast, then these.
    fn after_even(then: &[i64]) -> Vec<JudgedWeek> {
        weeks(&[&[8, 12, 8, 12, 8, 12, 8, 12, 8, 12, 8, 12, 8, 12, 8, 12][..], then].concat())
    }

    #[test]
    fn a_band_opens_beyond_its_upper_limit_twice_and_resolves_within_its_lower_one() {
        let band = HysteresisBand { opened_beyond: 6.0, resolved_within: 4.0 };
        for (figures, before, expected) in [
            (vec![], Quiet, None),
            (vec![7.0], Quiet, None),
            (vec![3.0, 7.0], Quiet, None),
            (vec![7.0, 6.0], Quiet, None),
            (vec![3.0, 5.0, 7.0, 6.5], Quiet, Some(1)),
            (vec![7.0, 7.0], Quiet, Some(0)),
            (vec![7.0, 7.0, 5.0], Quiet, None),
            (vec![7.0, 7.0, 5.0], Open, Some(0)),
            (vec![7.0, 4.0, 4.5], Open, Some(2)),
            (vec![7.0, 7.0, 4.0], Open, None),
        ] {
            assert_eq!(band.alert_start(&figures, before), expected, "{figures:?} {before:?}");
        }
    }

    #[test]
    fn forecasts_that_are_too_low_are_told_with_units_and_the_week_since_when() {
        // Eight weeks of 16: all errors are 6, the signal is 8.
        let high = after_even(&[16; 8]);
        let found = error_drift(&high, 0, Quiet).unwrap();
        assert_eq!((found.figure, found.line), (48, 36), "six mean errors, more than a quarter of 128");
        // With two of them it was 12 ÷ 3; with three 20 ÷ 3.5, the first beyond 4, in the 19th
        // week; with four 24 ÷ 4.
        assert_eq!(found.since, Some(700 + 7 * 18));
        assert_eq!(error_drift(&high[..21], 0, Quiet), None, "once beyond 6 is not twice");
        assert!(error_drift(&high[..22], 0, Quiet).is_some());
        assert_eq!(error_drift(&high[..15], 0, Quiet), None);
        let low = after_even(&[4; 8]);
        assert_eq!(error_drift(&low, 0, Quiet).map(|found| found.figure), Some(-48));
        assert_eq!(error_drift(&weeks(&[16; 9]), 700, Quiet).map(|found| found.since), Some(None), "for longer than is known");
        assert_eq!(error_drift(&weeks(&[16; 9]), 693, Quiet).and_then(|found| found.since), Some(700 + 7 * 7));
    }

    #[test]
    fn few_units_open_nothing_and_a_signal_between_both_limits_changes_nothing() {
        assert_eq!(error_drift(&weeks(&[12; 9]), 0, Quiet), None, "16 of 96 units are less than a quarter");
        assert!(error_drift(&weeks(&[12; 9]), 0, Open).is_some(), "what is told is resolved by the signal alone");
        // 6 × 6 less 2 × 2: 32 ÷ 5 lies beyond 6; with three of 8 it is 24 ÷ 4.5, between both, and with four 16 ÷ 4.
        let back = |even: usize| weeks(&[&[16; 9][..], &[8; 4][..even]].concat());
        let both = |even: usize| [Quiet, Open].map(|before| error_drift(&back(even), 0, before).is_some());
        assert_eq!([2, 3, 4].map(both), [[true, true], [false, true], [false, false]]);
    }

    #[test]
    fn a_single_order_is_no_drift() {
        for (units, is_new) in [
            // The signal is 8 in all of them, now and a week before.
            ([vec![10; 7], vec![200, 10]].concat(), false),
            ([vec![10; 7], vec![200, 200]].concat(), false),
            ([vec![10; 4], vec![16; 5]].concat(), false),
            ([vec![10; 3], vec![16; 6]].concat(), true),
            ([vec![10; 3], vec![4; 6]].concat(), true),
        ] {
            let found = [Quiet, Open].map(|before| error_drift(&weeks(&units), 0, before).is_some());
            assert_eq!(found, [is_new, true], "{units:?}");
        }
        let by_half = |week: JudgedWeek| JudgedWeek { units: week.units + 0.5, ..week };
        let halves: Vec<JudgedWeek> = weeks(&[10, 10, 10, 10, 10, 10, 10, 40, 40]).into_iter().map(by_half).collect();
        assert_eq!(error_drift(&halves, 0, Quiet), None, "half a unit is none");
    }

    #[test]
    fn the_line_is_no_higher_than_the_figure_that_opens() {
        let low = |week: JudgedWeek| JudgedWeek { forecast: 11.33, ..week };
        let low: Vec<JudgedWeek> = weeks(&[15, 15, 15, 15, 15, 15, 15, 15, 16]).into_iter().map(low).collect();
        let found = error_drift(&low, 0, Quiet).unwrap();
        assert_eq!((found.figure, found.line), (30, 30), "30.36, and a quarter of 121 is 30.25");
    }

    #[test]
    fn intervals_that_hold_too_few_weeks_are_told_until_they_hold_again() {
        let wild = |outside: usize, inside: usize| weeks(&[vec![12; 17 - outside], vec![20; outside], vec![11; inside]].concat());
        assert_eq!(coverage_drift(&wild(9, 0), 0, Quiet), None, "a week before there were eight");
        let found = coverage_drift(&wild(10, 0), 0, Quiet).unwrap();
        assert_eq!((found.figure, found.line), (10, 9));
        // Each further week inside the interval replaces one of the ten outside in the last
        // sixteen, from the seventh on.
        let at = |inside: usize, before| coverage_drift(&wild(10, inside), 0, before).map(|found| found.figure);
        assert_eq!((at(8, Quiet), at(8, Open), at(9, Open), at(10, Open)), (None, Some(8), Some(7), None));
        let unknown: Vec<JudgedWeek> = wild(10, 0).into_iter().map(|week| JudgedWeek { bounds80: None, ..week }).collect();
        assert_eq!(coverage_drift(&unknown, 0, Open), None);
    }
}
