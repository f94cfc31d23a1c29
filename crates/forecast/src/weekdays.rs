//! The days of a week: which share of its demand comes on which weekday.

/// Weeks that a profile rests on: the last ones.
pub const PROFILE_WEEKS: usize = 8;
/// Units in those weeks from which a product's own profile is used.
pub const MIN_OWN_UNITS: f64 = 56.0;
/// Weeks of even days that each profile is smoothed with. Source: INSIGHT, section 3.2.
const EVEN_WEEKS: f64 = 4.0;
/// Figures of a day are to a thousandth of a unit.
const THOUSAND: f64 = 1_000.0;

/// A figure of each weekday, Monday first.
pub type ByDay<T> = [T; 7];

/// Names of the weekdays.
pub const NAMES: ByDay<&str> = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The share of each weekday in the demand of `weeks` weeks, smoothed with four weeks of even days.
/// A closed day has none; the shares add up to 1. If all days are closed, `closed` is ignored.
pub fn profile(units: &ByDay<f64>, weeks: usize, closed: &ByDay<bool>) -> ByDay<f64> {
    let closed = if closed.iter().all(|closed| *closed) { &[false; 7] } else { closed };
    let open = closed.iter().filter(|closed| !**closed).count() as f64;
    let own = |day: usize| if closed[day] { 0.0 } else { units[day].max(0.0) };
    let total: f64 = (0..7).map(own).sum();
    let even_units = if total > 0.0 { EVEN_WEEKS * total / weeks.max(1) as f64 } else { 1.0 };
    std::array::from_fn(|day| if closed[day] { 0.0 } else { (own(day) + even_units / open) / (total + even_units) })
}

/// Splits the units of a week by day, to a thousandth. The sum is the week's units in spite of
/// rounding; a day without a share has 0.
pub fn split(week: f64, shares: &ByDay<f64>) -> ByDay<f64> {
    let total = (week.max(0.0) * THOUSAND).round();
    let last = shares.iter().rposition(|share| *share > 0.0);
    let (mut share, mut before) = (0.0, 0.0);
    std::array::from_fn(|day| {
        share += shares[day];
        let until = match last {
            Some(last) if day < last => (total * share).round().clamp(before, total),
            Some(_) => total,
            None => 0.0,
        };
        let units = until - before;
        before = until;
        units / THOUSAND
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: ByDay<bool> = [false; 7];
    const NO_SUNDAY: ByDay<bool> = [false, false, false, false, false, false, true];

    fn milli(days: &ByDay<f64>) -> Vec<i64> {
        days.iter().map(|units| (units * 1_000.0).round() as i64).collect()
    }

    #[test]
    fn eight_weeks_of_saturdays_are_smoothed_with_four_even_ones() {
        // 8 weeks, 70 units, all on Saturday: (70 + 35 ÷ 7) ÷ 105, the others (0 + 5) ÷ 105.
        let found = profile(&[0.0, 0.0, 0.0, 0.0, 0.0, 70.0, 0.0], 8, &OPEN);
        assert!((found[5] - 75.0 / 105.0).abs() < 1e-12 && (found[0] - 5.0 / 105.0).abs() < 1e-12, "{found:?}");
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_closed_day_has_no_share() {
        let found = profile(&[12.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0], 8, &NO_SUNDAY);
        assert_eq!(found[6], 0.0);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
        let nothing = profile(&[0.0; 7], 0, &NO_SUNDAY);
        assert!((nothing[0] - 1.0 / 6.0).abs() < 1e-12 && nothing[6] == 0.0, "{nothing:?}");
        assert_eq!(profile(&[0.0; 7], 8, &[true; 7]), profile(&[0.0; 7], 8, &OPEN), "a shop sells on some day");
    }

    #[test]
    fn days_add_up_to_the_week() {
        let even = [1.0 / 7.0; 7];
        assert_eq!(milli(&split(10.0, &even)), [1_429, 1_428, 1_429, 1_428, 1_429, 1_428, 1_429]);
        for week in [0.0, 0.001, 0.004, 1.0, 3.333, 123_456_789.123] {
            for closed in [OPEN, NO_SUNDAY] {
                let days = split(week, &profile(&[3.0, 0.0, 1.0, 7.0, 2.0, 9.0, 4.0], 8, &closed));
                assert_eq!(milli(&days).iter().sum::<i64>(), (week * 1_000.0).round() as i64, "{week} {days:?}");
                assert!(days.iter().all(|units| *units >= 0.0) && (!closed[6] || days[6] == 0.0), "{week} {days:?}");
            }
        }
        assert_eq!(split(5.0, &[0.0; 7]), [0.0; 7], "no share, no units");
    }
}
