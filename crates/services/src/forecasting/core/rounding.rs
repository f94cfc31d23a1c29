//! Rounding of figures for their stored form.

/// Rounds to a thousandth.
pub(super) fn milli(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Rounds lower bounds down and upper ones up: many days have no units at all, and a bound a
/// thousandth above 0 would exclude them.
pub(super) fn round_outwards([lower80, upper80, lower95, upper95]: [f64; 4], parts: f64) -> [f64; 4] {
    let (down, up) = (|bound: f64| (bound * parts).floor() / parts, |bound: f64| (bound * parts).ceil() / parts);
    [down(lower80), up(upper80), down(lower95), up(upper95)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_rounded_away_from_each_other() {
        assert_eq!(round_outwards([-0.476_2, 1.234_51, 0.000_9, 3.0], 1_000.0).to_vec(), [-0.477, 1.235, 0.0, 3.0]);
    }
}
