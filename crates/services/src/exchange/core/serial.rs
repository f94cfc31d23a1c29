//! Dates as spreadsheets count them: days since the end of 1899, with the time of day as the
//! fraction.

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// From 1899-12-30 to 1970-01-01. Before March 1900 Excel counts a day that never was: those are not written, and read a day early.
const DAYS_FROM_1899: i64 = 25_569;
/// From 1904-01-01 on.
const DAYS_FROM_1904: i64 = 24_107;
/// The days that all spreadsheets number alike: from 1900-03-01 to 9999-12-31.
const SERIAL_RANGE: std::ops::RangeInclusive<i64> = 61..=2_958_465;

/// The moment of a serial number, in microseconds since 1970; None outside the supported years.
pub fn moment(serial: f64, is_1904: bool) -> Option<i64> {
    let (whole_days, part) = (serial.floor(), serial - serial.floor());
    let days = (0.0..=*SERIAL_RANGE.end() as f64).contains(&whole_days).then_some(whole_days as i64)?;
    let from = if is_1904 { DAYS_FROM_1904 } else { DAYS_FROM_1899 };
    (days - from).checked_mul(DAY)?.checked_add((part * DAY as f64).round() as i64)
}

/// The serial number of a moment; None if spreadsheets have none, or none that is exact: exactness
/// to the microsecond ends in 2079.
pub fn serial_of_moment(micros: i64) -> Option<f64> {
    let days = micros.div_euclid(DAY) + DAYS_FROM_1899;
    let serial = days as f64 + micros.rem_euclid(DAY) as f64 / DAY as f64;
    (SERIAL_RANGE.contains(&days) && moment(serial, false) == Some(micros)).then_some(serial)
}

/// The serial number of a day, counted from 1970.
pub fn serial_of_day(day: i32) -> Option<f64> {
    serial_of_moment(i64::from(day) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_comes_back() {
        let mut seed = 7_u64;
        for _ in 0..200_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // 1970 to the middle of 2079.
            let micros = (seed >> 11) as i64 % 3_453_120_000_000_000;
            assert_eq!(serial_of_moment(micros).and_then(|serial| moment(serial, false)), Some(micros));
        }
    }

    #[test]
    fn days_are_those_of_excel() {
        // 2026-11-30.
        assert_eq!((serial_of_day(20_787), moment(46_356.0, false)), (Some(46_356.0), Some(20_787 * DAY)));
        assert_eq!(moment(46_356.0 - 1_462.0, true), moment(46_356.0, false));
        assert_eq!(moment(46_356.5, false), Some(20_787 * DAY + DAY / 2));
        for none in [f64::NAN, f64::INFINITY, -1.0, 1e13] {
            assert_eq!(moment(none, false), None, "{none}");
        }
        assert_eq!((serial_of_moment(i64::MIN), serial_of_moment(i64::MAX), serial_of_day(-30_000)), (None, None, None));
    }
}
