//! Dates of six digits: year, month, day.

use platform::calendar::first_day_of_month;

/// Returns the days since 1970-01-01 of `YYMMDD`; day 00 is the last of its month. The year is the
/// nearest with these two digits, at most fifty years back (General Specifications, 7.12). `None`
/// for an invalid date.
pub fn read(value: &str, present: i32) -> Option<i32> {
    if value.len() != 6 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| value.get(range)?.parse::<i32>().ok();
    let (short, month, day) = (part(0..2)?, part(2..4)?, part(4..6)?);
    let year = match short - present.rem_euclid(100) {
        51..=99 => present - present.rem_euclid(100) - 100 + short,
        -99..=-50 => present - present.rem_euclid(100) + 100 + short,
        _ => present - present.rem_euclid(100) + short,
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let last = days_of(year, month);
    let day = if day == 0 { last } else { day };
    (day <= last).then(|| first_day_of_month(year * 12 + month - 1) + day - 1)
}

fn days_of(year: i32, month: i32) -> i32 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (value, day) in [("700101", 0), ("700102", 1), ("000229", 11_016), ("270131", 20_849), ("260228", 20_512)] {
            assert_eq!(read(value, 2000), Some(day), "{value}");
        }
        assert_eq!(read("260200", 2026), read("260228", 2026));
        assert_eq!(read("280200", 2026), read("280229", 2026));
        assert_eq!(read("261200", 2026), read("261231", 2026));
    }

    #[test]
    fn a_year_is_the_nearest_with_its_digits() {
        let year = |value: &str, present| read(value, present).map(|days| 1970 + days.div_euclid(365));
        assert_eq!(year("760601", 2026), Some(2076));
        assert_eq!(year("770601", 2026), Some(1977));
        assert_eq!(year("010601", 2060), Some(2101));
        assert_eq!(year("990601", 2026), Some(1999));
    }

    #[test]
    fn what_is_no_day_is_none() {
        for value in ["260230", "261301", "260001", "260132", "2601", "26013a", "", "2601311", "٠٠٠٠٠٠"] {
            assert_eq!(read(value, 2026), None, "{value}");
        }
    }
}
