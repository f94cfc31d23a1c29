//! Days of stock left by a forecast.

/// Maximum days ahead: 26 weeks.
const MAX_DAYS_AHEAD: i32 = 182;
/// Tolerance for rounding errors of sums of sevenths.
const ROUNDING_TOLERANCE: f64 = 1e-9;

/// Returns the days from `from` until the demand reaches `units`, where each day of a week has a
/// seventh of its mean. `weeks` begin on the Monday `first`. `None` if `from` is before them, or
/// the units last beyond them.
pub fn days_lasting(weeks: &[f64], first: i32, from: i32, units: i128) -> Option<i64> {
    if from < first {
        return None;
    }
    if units <= 0 {
        return Some(0);
    }
    let (units, mut needed) = (units as f64, 0.0);
    for day in 0..MAX_DAYS_AHEAD {
        let week = usize::try_from((from - first + day) / 7).ok()?;
        needed += weeks.get(week)?.max(0.0) / 7.0;
        if needed + ROUNDING_TOLERANCE >= units {
            return Some(i64::from(day) + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_lasts_until_as_much_is_wanted() {
        let weeks = [vec![7.0, 14.0], vec![0.0; 24]].concat();
        let of = |from, units| days_lasting(&weeks, 4, from, units);
        assert_eq!((of(4, 1), of(4, 7), of(4, 8), of(4, 9)), (Some(1), Some(7), Some(8), Some(8)));
        assert_eq!((of(10, 3), of(10, 0), of(10, -2)), (Some(2), Some(0), Some(0)), "one on Sunday, two on Monday");
        assert_eq!((of(3, 1), of(4, 22)), (None, None), "before the first week, and beyond all demand");
        assert_eq!(days_lasting(&[1.0; 26], 4, 4, 26), Some(182));
        assert_eq!((days_lasting(&[1.0; 26], 4, 4, 27), days_lasting(&[1.0; 26], 4, 5, 26)), (None, None), "beyond 26 weeks");
        assert_eq!(days_lasting(&[], 4, 4, 1), None);
    }
}
