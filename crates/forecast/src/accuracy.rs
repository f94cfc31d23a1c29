//! Accuracy of forecasts as they were made. Hyndman & Koehler (2006), Another look at measures of forecast accuracy; vector pub-30.

/// |tracking signal| above this in two runs is an alarm.
pub const SIGNAL_LIMIT: f64 = 4.0;
/// Scored one-step errors that a tracking signal rests on.
pub const SIGNAL_WEEKS: usize = 8;
/// Coverage of the 80 % interval outside this band is an alarm, with at least [`MIN_COVERAGE_WEEKS`] weeks.
pub const COVERAGE_BAND: (f64, f64) = (0.70, 0.90);
/// Minimum weeks for an alarm about coverage.
pub const MIN_COVERAGE_WEEKS: usize = 200;
/// The constant of Trigg's smoothed signal.
const TRIGG_BETA: f64 = 0.1;

/// A forecast and the actual demand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScoredForecast {
    pub actual: f64,
    pub forecast: f64,
}

/// Measures over scored weeks. None where a measure has no meaning; never infinite.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Accuracy {
    /// Σ|e| ÷ Σ|y|. None if Σ|y| is 0.
    pub wape: Option<f64>,
    /// Mean of 200 |e| ÷ (|y| + |f|), 0 where both are 0. None without weeks.
    pub smape: Option<f64>,
    /// Mean |e| ÷ mean |y_t − y_(t−1)| of the training weeks. None if they are constant.
    pub mase: Option<f64>,
    /// (Σf − Σy) ÷ Σy. None if Σy is 0.
    pub bias: Option<f64>,
    /// The weeks it rests on.
    pub weeks: usize,
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    let quotient = part / whole;
    (whole.abs() > 0.0 && quotient.is_finite()).then_some(quotient)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    ratio(sum, count)
}

/// Computes all measures. Weeks whose figures are not finite are left out.
pub fn accuracy(training: &[f64], scored: &[ScoredForecast]) -> Accuracy {
    let usable = |scored_week: &&ScoredForecast| scored_week.actual.is_finite() && scored_week.forecast.is_finite();
    let weeks = || scored.iter().filter(usable);
    let sum = |column: fn(&ScoredForecast) -> f64| weeks().map(column).sum::<f64>();
    let errors = sum(|scored_week| (scored_week.actual - scored_week.forecast).abs());
    let symmetric = |scored_week: &ScoredForecast| {
        ratio(200.0 * (scored_week.actual - scored_week.forecast).abs(), scored_week.actual.abs() + scored_week.forecast.abs())
            .unwrap_or(0.0)
    };
    let step = mean(training.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|step| step.is_finite()));
    let actual = sum(|scored_week| scored_week.actual);
    let count = weeks().count();
    Accuracy {
        wape: ratio(errors, sum(|scored_week| scored_week.actual.abs())),
        smape: mean(weeks().map(symmetric)),
        mase: step.and_then(|step| ratio(errors / count as f64, step)),
        bias: ratio(sum(|scored_week| scored_week.forecast) - actual, actual),
        weeks: count,
    }
}

/// 1 − WAPE ÷ WAPE of naive forecasts of the same weeks, made at the same origins: above 0, the forecast was worth making. None if either is unknown or
/// naive was perfect.
pub fn value_added(wape: Option<f64>, naive_wape: Option<f64>) -> Option<f64> {
    Some(1.0 - ratio(wape?, naive_wape?)?)
}

/// The share of weeks within their bounds (actual, lower, upper). None without weeks.
pub fn coverage(weeks: &[(f64, f64, f64)]) -> Option<f64> {
    mean(weeks.iter().map(|(actual, lower, upper)| f64::from(u8::from(lower <= actual && actual <= upper))))
}

/// Σ(y − f) ÷ mean |y − f| over the last [`SIGNAL_WEEKS`] one-step errors y − f. None if all are 0 or there are none.
pub fn tracking_signal(errors: &[f64]) -> Option<f64> {
    let last = &errors[errors.len().saturating_sub(SIGNAL_WEEKS)..];
    ratio(last.iter().sum(), mean(last.iter().map(|error| error.abs()))?)
}

/// Whether the signals of this run and the last both lie beyond [`SIGNAL_LIMIT`].
pub fn has_drifted(signal: Option<f64>, last_signal: Option<f64>) -> bool {
    [signal, last_signal].iter().all(|signal| signal.is_some_and(|signal| signal.abs() > SIGNAL_LIMIT))
}

/// Whether the coverage of a class left its band over enough weeks.
pub fn coverage_drifted(coverage: Option<f64>, weeks: usize) -> bool {
    weeks >= MIN_COVERAGE_WEEKS && coverage.is_some_and(|share| share < COVERAGE_BAND.0 || share > COVERAGE_BAND.1)
}

/// Trigg's smoothed signal, −1 to 1: shown, not used, since it needs about 20 steps. None without errors other than 0.
pub fn trigg_signal(errors: &[f64]) -> Option<f64> {
    let smooth = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |level, value| level + TRIGG_BETA * (value - level));
    ratio(smooth(&mut errors.iter().copied()), smooth(&mut errors.iter().map(|error| error.abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_signal() {
        let errors = [5.0, 8.0, -2.0, 9.0, 7.0, 6.0, 4.0, 8.0];
        let signal = tracking_signal(&errors);
        assert!((signal.unwrap() - 45.0 / 6.125).abs() < 1e-12, "{signal:?}");
        let with_old = [&[-900.0][..], &errors].concat();
        assert_eq!(tracking_signal(&with_old), signal, "only the last eight count");
        assert!(has_drifted(signal, Some(-4.1)) && !has_drifted(signal, Some(4.0)) && !has_drifted(signal, None));
        assert_eq!((tracking_signal(&[]), tracking_signal(&[0.0; 8])), (None, None));
        assert!((trigg_signal(&[3.0; 30]).unwrap() - 1.0).abs() < 1e-9 && trigg_signal(&[]).is_none());
    }

    #[test]
    fn undefined_is_none() {
        let nothing = [ScoredForecast { actual: 0.0, forecast: 3.0 }];
        let found = accuracy(&[4.0, 4.0, 4.0], &nothing);
        assert_eq!((found.wape, found.mase, found.bias, found.smape), (None, None, None, Some(200.0)));
        assert_eq!(accuracy(&[], &[]), Accuracy::default());
        let odd = [ScoredForecast { actual: f64::NAN, forecast: 1.0 }, ScoredForecast { actual: 4.0, forecast: 3.0 }];
        assert_eq!((accuracy(&[1.0, 2.0], &odd).wape, accuracy(&[1.0, 2.0], &odd).weeks), (Some(0.25), 1));
    }

    #[test]
    fn value_and_coverage() {
        assert_eq!((value_added(Some(0.6), Some(0.8)), value_added(Some(0.6), None)), (Some(1.0 - 0.6 / 0.8), None));
        assert_eq!((value_added(Some(0.6), Some(0.0)), coverage(&[])), (None, None));
        assert_eq!(coverage(&[(1.0, 0.0, 2.0), (3.0, 0.0, 2.0), (2.0, 0.0, 2.0), (0.0, 0.0, 0.0)]), Some(0.75));
        assert!(coverage_drifted(Some(0.69), 200) && !coverage_drifted(Some(0.69), 199) && !coverage_drifted(Some(0.7), 500));
    }
}
