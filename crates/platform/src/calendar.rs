//! The Gregorian calendar in numbers: days since 1970-01-01, and months since January of the year 0. No clock and no time zone.
//!
//! After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years are counted from March, so that a leap day is a year's last.

/// Days from 0000-03-01 to 1970-01-01, and of 400 years.
const EPOCH: i32 = 719_468;
const ERA: i32 = 146_097;

/// Year, month and day of a day.
pub const fn civil(day: i32) -> (i32, i32, i32) {
    let march_days = day + EPOCH;
    let era = march_days.div_euclid(ERA);
    let day_of_era = march_days - era * ERA;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day_of_year - (153 * march_month + 2) / 5 + 1)
}

/// The first day of a month.
pub const fn first_day_of_month(months: i32) -> i32 {
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5;
    era * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
}

/// The month of a day.
pub const fn months(day: i32) -> i32 {
    let (year, month, _) = civil(day);
    year * 12 + month - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_date() {
        for (day, date) in [(0, (1970, 1, 1)), (-1, (1969, 12, 31)), (11_016, (2000, 2, 29)), (20_454, (2026, 1, 1))] {
            assert_eq!(civil(day), date);
        }
        for day in (-200_000..200_000).step_by(17) {
            let (_, _, of_month) = civil(day);
            assert_eq!(first_day_of_month(months(day)) + of_month - 1, day);
        }
    }
}
