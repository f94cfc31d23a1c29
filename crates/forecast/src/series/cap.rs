//! One-off giants: weeks far above a series' own usual size, on the log scale, are cut to a limit
//! and listed. A whole run of them at the end is growth.

/// The least robust deviation of log(1 + units): a steady series is not cut for one lively week.
pub const MIN_DEVIATION: f64 = 0.35;
/// Minimum weeks with demand for any to be a giant.
pub const MIN_POSITIVE: usize = 6;
/// A consistent estimate of a normal deviation is this multiple of the median absolute deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// If this number of last weeks with demand would all be cut, the level has shifted and none is
/// cut.
const SHIFT_WEEKS: usize = 3;

/// Centre and width of log(1 + units) over the weeks with demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogSpread {
    pub median: f64,
    /// max(1.4826 × MAD, 0.35).
    pub deviation: f64,
}

/// The median of a slice, which it reorders; the mean of both middle ones if their number is even. None of nothing.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    let upper = *upper;
    if count % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, upper))
}

/// Median of the logs and their robust deviation, at least [`MIN_DEVIATION`]. `logs` is reordered and then holds deviations.
pub(crate) fn robust_spread(logs: &mut [f64]) -> Option<LogSpread> {
    let middle = median(logs)?;
    logs.iter_mut().for_each(|log| *log = (*log - middle).abs());
    let mad = median(logs)?;
    Some(LogSpread { median: middle, deviation: (MAD_TO_DEVIATION * mad).max(MIN_DEVIATION) })
}

impl LogSpread {
    /// The spread of the weeks with demand among `logs` (log(1 + units), 0 for none). None below [`MIN_POSITIVE`] of them.
    pub fn of(logs: &[f64], scratch: &mut Vec<f64>) -> Option<Self> {
        scratch.clear();
        scratch.extend(logs.iter().filter(|log| **log > 0.0));
        if scratch.len() < MIN_POSITIVE { None } else { robust_spread(scratch) }
    }
    /// Units above which a week is a giant: exp(median + k × deviation) − 1.
    pub fn limit(&self, deviations: f64) -> f64 {
        (self.median + deviations * self.deviation).exp_m1()
    }
}

/// The limit at this spread, or none if the last weeks with demand are all above it: then it is growth.
pub fn cap_limit(units: &[f64], spread: LogSpread, deviations: f64) -> Option<f64> {
    let limit = spread.limit(deviations);
    let mut last = units.iter().rev().filter(|units| **units > 0.0).take(SHIFT_WEEKS);
    if last.all(|units| *units > limit) { None } else { Some(limit) }
}

/// A series' own percentile: linear between the two order statistics around it. None of nothing.
pub fn percentile_of(units: &[f64], share: f64, scratch: &mut Vec<f64>) -> Option<f64> {
    let last = units.len().checked_sub(1)?;
    scratch.clear();
    scratch.extend_from_slice(units);
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (_, below, above) = scratch.select_nth_unstable_by(place as usize, f64::total_cmp);
    let above = above.iter().copied().fold(f64::INFINITY, f64::min);
    let part = place.fract();
    Some(if part > 0.0 { *below + part * (above - *below) } else { *below })
}

/// Units cut at a limit, if there is one.
pub fn cap_units(units: &[f64], limit: Option<f64>, out: &mut Vec<f64>) {
    out.clear();
    match limit {
        Some(limit) => out.extend(units.iter().map(|units| units.min(limit))),
        None => out.extend_from_slice(units),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(units: &[f64]) -> Option<f64> {
        let logs: Vec<f64> = units.iter().map(|units| units.ln_1p()).collect();
        cap_limit(units, LogSpread::of(&logs, &mut Vec::new())?, 3.0)
    }

    #[test]
    fn the_worked_example_is_cut_at_33_29() {
        let units = [10.0, 12.0, 9.0, 0.0, 14.0, 11.0, 8.0, 13.0, 60.0, 10.0, 12.0, 9.0, 11.0, 7.0, 12.0, 10.0];
        let limit = limit(&units).unwrap();
        assert!((limit - 33.29).abs() < 0.005, "{limit}");
        let mut cut = Vec::new();
        cap_units(&units, Some(limit), &mut cut);
        assert_eq!(cut.iter().zip(&units).filter(|(cut, units)| cut != units).count(), 1);
    }

    #[test]
    fn growth_is_not_cut_and_few_weeks_are_not_judged() {
        let mut units = vec![10.0; 12];
        units.extend([200.0, 210.0]);
        assert!(limit(&units).is_some(), "two giants are giants");
        units.push(190.0);
        assert_eq!(limit(&units), None, "three in a row at the end are a new level");
        assert_eq!(limit(&[1.0, 1.0, 1.0, 1.0, 500.0]), None);
    }

    #[test]
    fn medians_and_percentiles_are_those_of_the_books() {
        assert_eq!((median(&mut []), median(&mut [3.0]), median(&mut [4.0, 1.0, 3.0, 2.0])), (None, Some(3.0), Some(2.5)));
        let units: Vec<f64> = (1..=21).map(f64::from).collect();
        assert_eq!(percentile_of(&units, 0.95, &mut Vec::new()), Some(20.0));
        assert_eq!(percentile_of(&[0.0, 10.0], 0.95, &mut Vec::new()), Some(9.5));
        assert_eq!(percentile_of(&[], 0.95, &mut Vec::new()), None);
    }
}
