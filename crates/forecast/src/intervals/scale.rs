//! Scales that errors of a series are divided by, so that errors of large and small series can be pooled.

/// The mean step |y_t − y_(t−1)| between adjacent known weeks of a capped series; 0 if there are none.
pub fn mean_step(capped: &[f64], weeks: &[u32]) -> f64 {
    let pairs = capped.windows(2).zip(weeks.windows(2)).filter(|(_, weeks)| weeks[0] + 1 == weeks[1]);
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (units, _)| (sum + (units[1] - units[0]).abs(), count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The scale of one week's error: max(1, 0.75 D + 0.25 f). Source: INSIGHT, section 5.1.
pub fn error_scale(mean_step: f64, forecast: f64) -> f64 {
    (0.75 * mean_step + 0.25 * forecast).max(1.0)
}

/// The scale of the error of a sum over weeks: max(1, D). Source: INSIGHT, section 5.2.
pub fn sum_scale(mean_step: f64) -> f64 {
    mean_step.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_adjacent_weeks_make_steps() {
        assert_eq!(mean_step(&[4.0, 6.0, 1.0, 2.0], &[0, 1, 3, 4]), 1.5);
        assert_eq!((mean_step(&[], &[]), mean_step(&[1.0, 5.0], &[0, 2])), (0.0, 0.0));
        assert_eq!((error_scale(0.0, 0.0), error_scale(4.0, 8.0), sum_scale(0.2)), (1.0, 5.0, 1.0));
    }
}
