//! The measures of all other models, and moving averages.

use crate::models::{History, WEEKS_A_YEAR};

/// The last known week; 0 if none is.
pub fn naive(units: &[f64]) -> f64 {
    units.last().copied().unwrap_or_default()
}

/// The mean of the last `weeks` known weeks, or of all if there are fewer; 0 of none.
pub fn moving_average(units: &[f64], weeks: usize) -> f64 {
    let last = &units[units.len().saturating_sub(weeks)..];
    if last.is_empty() { 0.0 } else { last.iter().sum::<f64>() / last.len() as f64 }
}

/// The value of the week 52 weeks before. If that week was unknown, or before two years are known,
/// the last known week is used.
pub fn seasonal_naive(history: &History<'_>, out: &mut [f64]) {
    let last = naive(history.units);
    let has_two_years = history.weeks.first().is_some_and(|first| *first as usize + 2 * WEEKS_A_YEAR <= history.origin);
    for (ahead, out) in out.iter_mut().enumerate() {
        let week = history.origin + ahead % WEEKS_A_YEAR;
        let before = week.checked_sub(WEEKS_A_YEAR).filter(|_| has_two_years);
        let year_before = before.and_then(|before| history.weeks.binary_search(&(before as u32)).ok());
        *out = year_before.map_or(last, |index| history.units[index]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_weeks_are_averaged() {
        assert_eq!((naive(&[]), naive(&[1.0, 4.0])), (0.0, 4.0));
        assert_eq!((moving_average(&[], 4), moving_average(&[2.0], 4)), (0.0, 2.0));
        assert_eq!(moving_average(&[9.0, 1.0, 2.0, 3.0, 6.0], 4), 3.0);
    }

    #[test]
    fn a_year_ago_needs_two_years() {
        let units: Vec<f64> = (0..104).map(|week| f64::from(week % 52)).collect();
        let weeks: Vec<u32> = (0..104).collect();
        let mut out = [0.0; 60];
        seasonal_naive(&History { units: &units, weeks: &weeks, origin: 104, season: None }, &mut out);
        assert_eq!((out[0], out[5], out[51], out[52]), (0.0, 5.0, 51.0, 0.0));
        seasonal_naive(&History { units: &units[..103], weeks: &weeks[..103], origin: 103, season: None }, &mut out);
        assert_eq!((out[0], out[5]), (50.0, 50.0), "naive below two years");
    }
}
