//! Accuracy of forecasts: sums over series, from which ratios are computed on request.

use forecast::accuracy;
pub use forecast::accuracy::SIGNAL_WEEKS;

/// A forecast and the actual demand, in units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub forecast: f64,
    pub naive: f64,
    /// Lower and upper bounds of the 80 % and of the 95 % interval.
    pub bounds: Option<[f64; 4]>,
    /// Mean step between the weeks before the forecast. `None` or 0: errors cannot be scaled.
    pub step: Option<f64>,
    pub units: i64,
}

/// Sums of outcomes; errors in thousandths of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub series: i64,
    pub units: i64,
    pub error_milli: i64,
    pub absolute_milli: i64,
    pub naive_milli: i64,
    pub bounded: i64,
    pub inside80: i64,
    pub inside95: i64,
    /// Absolute errors of series whose weeks differed before the forecast, and the mean steps
    /// between those weeks.
    pub scaled_milli: i64,
    pub step_milli: i64,
    /// Days that had an interval, and how many of them were inside the 80 % and the 95 % interval.
    pub bounded_days: i64,
    pub days80: i64,
    pub days95: i64,
}

impl Tally {
    pub fn add(&mut self, outcome: &Outcome) {
        let actual = outcome.units as f64;
        let error = milli(outcome.forecast - actual);
        self.series += 1;
        self.units = self.units.saturating_add(outcome.units);
        self.error_milli = self.error_milli.saturating_add(error);
        self.absolute_milli = self.absolute_milli.saturating_add(error.saturating_abs());
        self.naive_milli = self.naive_milli.saturating_add(milli(outcome.naive - actual).saturating_abs());
        if let Some([lower80, upper80, lower95, upper95]) = outcome.bounds {
            self.bounded += 1;
            self.inside80 += i64::from((lower80..=upper80).contains(&actual));
            self.inside95 += i64::from((lower95..=upper95).contains(&actual));
        }
        let step = outcome.step.map_or(0, milli);
        if step > 0 {
            self.scaled_milli = self.scaled_milli.saturating_add(error.saturating_abs());
            self.step_milli = self.step_milli.saturating_add(step);
        }
    }
    /// Adds a day by its bounds.
    pub fn add_day(&mut self, [lower80, upper80, lower95, upper95]: [f64; 4], units: i64) {
        let actual = units as f64;
        self.bounded_days += 1;
        self.days80 += i64::from((lower80..=upper80).contains(&actual));
        self.days95 += i64::from((lower95..=upper95).contains(&actual));
    }
    pub fn join(&mut self, other: &Self) {
        self.series += other.series;
        self.units = self.units.saturating_add(other.units);
        self.error_milli = self.error_milli.saturating_add(other.error_milli);
        self.absolute_milli = self.absolute_milli.saturating_add(other.absolute_milli);
        self.naive_milli = self.naive_milli.saturating_add(other.naive_milli);
        self.bounded += other.bounded;
        self.inside80 += other.inside80;
        self.inside95 += other.inside95;
        self.scaled_milli = self.scaled_milli.saturating_add(other.scaled_milli);
        self.step_milli = self.step_milli.saturating_add(other.step_milli);
        self.bounded_days += other.bounded_days;
        self.days80 += other.days80;
        self.days95 += other.days95;
    }
    /// Σ|error| ÷ Σ units; `None` without demand. Source: Kolassa & Schütz, Advantages of the
    /// MAD/mean ratio over the MAPE, Foresight 6 (2007).
    pub fn wape(&self) -> Option<f64> {
        self.of_units(self.absolute_milli)
    }
    /// Σ error ÷ Σ units, above 0 for too high forecasts; `None` without demand.
    pub fn bias(&self) -> Option<f64> {
        self.of_units(self.error_milli)
    }
    /// The WAPE of the naive forecast; `None` without demand.
    pub fn naive_wape(&self) -> Option<f64> {
        self.of_units(self.naive_milli)
    }
    /// 1 − WAPE ÷ naive WAPE: the improvement over the last known week's value. `None` if that made
    /// no error.
    pub fn value_added(&self) -> Option<f64> {
        accuracy::value_added(self.wape(), self.naive_wape())
    }
    /// Shares of the series inside their 80 % and their 95 % interval; `None` if none had one.
    pub fn coverage(&self) -> Option<(f64, f64)> {
        let share = |inside: i64| inside as f64 / self.bounded as f64;
        (self.bounded > 0).then(|| (share(self.inside80), share(self.inside95)))
    }
    /// Shares of the days inside their 80 % and their 95 % interval; `None` if none had one.
    pub fn day_coverage(&self) -> Option<(f64, f64)> {
        let share = |inside: i64| inside as f64 / self.bounded_days as f64;
        (self.bounded_days > 0).then(|| (share(self.days80), share(self.days95)))
    }
    /// Σ|error| ÷ Σ mean step between the weeks before each forecast; `None` if no step is known,
    /// or the weeks never differed. Source: Hyndman & Koehler, Another look at measures of forecast
    /// accuracy, International Journal of Forecasting 22 (2006).
    pub fn mase(&self) -> Option<f64> {
        (self.step_milli > 0).then(|| self.scaled_milli as f64 / self.step_milli as f64)
    }
    fn of_units(&self, milli: i64) -> Option<f64> {
        (self.units > 0).then(|| milli as f64 / 1_000.0 / self.units as f64)
    }
}

/// Weeks whose coverage is evaluated together.
pub const DRIFT_WEEKS: i32 = 4;

/// Intervals that contain fewer weeks, or more, than they promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    pub scored: i64,
    pub inside: i64,
}

impl Drift {
    /// Returns `None` while the covered share is within its band, or too few weeks are scored.
    pub fn of(tally: &Tally) -> Option<Self> {
        let (scored, inside) = (tally.bounded, tally.inside80);
        let share = tally.coverage().map(|(inside80, _)| inside80);
        accuracy::coverage_drifted(share, usize::try_from(scored).unwrap_or_default()).then_some(Self { scored, inside })
    }
}

/// Σ(units − forecast) ÷ mean |units − forecast| over the last weeks: above 0 if forecasts are
/// repeatedly too low.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackingSignal {
    pub value: f64,
    /// Beyond 4 on either side, now and a week before.
    pub has_drifted: bool,
}

impl TrackingSignal {
    /// Returns the signal of units minus forecasts, oldest first; `None` for fewer than eight
    /// weeks.
    pub fn of(errors: &[f64]) -> Option<Self> {
        let value = signal(errors)?;
        let before = errors.split_last().and_then(|(_, before)| signal(before));
        Some(Self { value, has_drifted: accuracy::has_drifted(Some(value), before) })
    }
}

/// Returns the signal of the last eight weeks, 0 if all forecasts were exact; `None` for fewer
/// weeks.
pub(super) fn signal(errors: &[f64]) -> Option<f64> {
    (errors.len() >= SIGNAL_WEEKS).then(|| accuracy::tracking_signal(errors).unwrap_or_default())
}

/// Returns the smoothed tracking signal of units minus forecasts, oldest first, -1 to 1 (Trigg,
/// 1964); `None` for fewer than eight weeks.
pub fn smoothed_signal(errors: &[f64]) -> Option<f64> {
    (errors.len() >= SIGNAL_WEEKS).then(|| accuracy::trigg_signal(errors).unwrap_or_default())
}

fn milli(units: f64) -> i64 {
    (units * 1_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_summed_and_divided_by_what_was_wanted() {
        let mut tally = Tally::default();
        let bounds = Some([4.0, 16.0, 1.0, 30.0]);
        tally.add(&Outcome { forecast: 10.0, naive: 12.0, bounds, step: Some(4.0), units: 8 });
        tally.add(&Outcome { forecast: 10.0, naive: 12.0, bounds, step: Some(0.0), units: 20 });
        tally.add(&Outcome { forecast: 2.5, naive: 0.0, bounds: None, step: Some(1.0), units: 2 });
        tally.add_day([4.0, 16.0, 1.0, 30.0], 16);
        tally.add_day([4.0, 16.0, 1.0, 30.0], 31);
        let mut joined = Tally::default();
        joined.join(&tally);
        assert_eq!(joined.day_coverage(), Some((0.5, 0.5)));
        // Errors 2, -10, 0.5 over 30 units; naive 4, 8, 2.
        assert_eq!(joined.wape(), Some(12.5 / 30.0));
        assert_eq!(joined.bias(), Some(-7.5 / 30.0));
        assert_eq!(joined.naive_wape(), Some(14.0 / 30.0));
        assert_eq!(joined.coverage(), Some((0.5, 1.0)));
        // The series whose weeks never differed is in neither sum: 2 and 0.5 by 4 and 1.
        assert_eq!(joined.mase(), Some(0.5));
        assert!((joined.value_added().unwrap() - (1.0 - 12.5 / 14.0)).abs() < 1e-12);
    }

    #[test]
    fn intervals_that_hold_too_little_or_too_much_have_drifted() {
        let of = |bounded: i64, inside80: i64| Drift::of(&Tally { bounded, inside80, ..Tally::default() }).is_some();
        assert_eq!([of(200, 139), of(200, 140), of(200, 180), of(200, 181)], [true, false, false, true]);
        assert!(!of(199, 10), "too few to say");
    }

    #[test]
    fn a_signal_drifts_when_errors_add_up_twice() {
        let errors = [5.0, 8.0, -2.0, 9.0, 7.0, 6.0, 4.0, 8.0];
        let signal = TrackingSignal::of(&errors).unwrap();
        assert!((signal.value - 45.0 / 6.125).abs() < 1e-12 && !signal.has_drifted, "once: {signal:?}");
        assert_eq!(TrackingSignal::of(&errors[1..]), None, "seven weeks");
        let longer: Vec<f64> = std::iter::once(3.0).chain(errors).collect();
        assert!(TrackingSignal::of(&longer).unwrap().has_drifted, "twice");
        let balanced: Vec<f64> = longer.iter().copied().chain([-30.0]).collect();
        assert!(!TrackingSignal::of(&balanced).unwrap().has_drifted);
        assert_eq!(TrackingSignal::of(&[0.0; 9]), Some(TrackingSignal { value: 0.0, has_drifted: false }), "exact");
    }

    #[test]
    fn a_smoothed_signal_forgets_slowly() {
        assert_eq!((smoothed_signal(&[3.0; 7]), smoothed_signal(&[0.0; 8])), (None, Some(0.0)), "seven weeks; exact");
        assert!((smoothed_signal(&[-3.0; 20]).unwrap() + 1.0).abs() < 1e-12, "always too high");
        // Eight weeks of one side against twelve of the other: the later ones have 1 − 0.9⁸ of the
        // weight of all twenty, which is 1 − 0.9²⁰.
        let turned = [[-3.0; 12].as_slice(), &[3.0; 8]].concat();
        let (later, all) = (1.0 - 0.9_f64.powi(8), 1.0 - 0.9_f64.powi(20));
        assert!((smoothed_signal(&turned).unwrap() - (2.0 * later - all) / all).abs() < 1e-12, "{:?}", smoothed_signal(&turned));
    }

    #[test]
    fn without_demand_there_is_no_ratio() {
        let mut tally = Tally::default();
        tally.add(&Outcome { forecast: 1.0, naive: 0.0, bounds: None, step: None, units: 0 });
        assert_eq!((tally.wape(), tally.bias(), tally.value_added(), tally.coverage()), (None, None, None, None));
        assert_eq!((tally.mase(), tally.day_coverage()), (None, None));
    }
}
