//! Shares of an amount, which add up to it.

/// Returns the share of `total` that `part` of a line's `whole` has, given the units `before` it:
/// in whatever parts a line is returned, their shares add up to `total` and no more.
pub(crate) fn share(total: i64, (before, part): (i64, i64), whole: i64) -> i128 {
    let up_to = |part: i64| {
        let (product, whole) = (i128::from(total) * i128::from(part), i128::from(whole.max(1)));
        let half = whole / 2;
        // Rounds half away from zero.
        if product < 0 { (product - half) / whole } else { (product + half) / whole }
    };
    up_to(before + part) - up_to(before)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        for (total, part, whole, expected) in [
            (1_000, 1, 3, 333),
            (1_000, 2, 3, 667),
            (5, 1, 2, 3),
            (-5, 1, 2, -3),
            (0, 1, 1, 0),
            (i64::MAX, 7, 7, i128::from(i64::MAX)),
        ] {
            assert_eq!(share(total, (0, part), whole), expected, "{total} × {part} ÷ {whole}");
        }
    }

    #[test]
    fn the_shares_of_parts_add_up_to_what_was_charged() {
        for (total, whole) in [(5, 10), (1_001, 3), (-7, 4), (0, 5), (9, 1), (i64::MAX, 7)] {
            for step in 1..=whole {
                let parts = (0..whole).step_by(step as usize).map(|before| (before, step.min(whole - before)));
                let sum: i128 = parts.map(|part| share(total, part, whole)).sum();
                assert_eq!(sum, i128::from(total), "{total} ÷ {whole}, {step} at a time");
            }
        }
    }
}
