//! The decimal of a rate, and the sharing out of amounts.

use std::{fmt, str::FromStr};

/// Significant digits of a rate.
const MAX_DIGITS: usize = 12;
/// Digits after the decimal point.
const MAX_SCALE: usize = 12;

/// A decimal above 0 with at most twelve significant digits, with its trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    digits: i64,
    scale: u8,
}

impl Rate {
    pub const ONE: Self = Self { digits: 1, scale: 0 };

    /// Returns the decimal without its point.
    pub fn digits(self) -> i64 {
        self.digits
    }

    /// Returns the digits after the decimal point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// True if both have the same value, with any number of trailing zeros: daily files of a bank
    /// have them, its history does not.
    pub fn has_equal_value(self, other: Self) -> bool {
        self.digits_at(other.scale) == other.digits_at(self.scale)
    }

    /// Whether one is more than twice the other: the mark of a rate that was entered upside down.
    pub fn is_far_from(self, other: Self) -> bool {
        let (own_digits, other_digits) = (self.digits_at(other.scale), other.digits_at(self.scale));
        own_digits > 2 * other_digits || other_digits > 2 * own_digits
    }

    /// True if it is far from 1 ÷ the other, a rate of the other direction. The inverse is never
    /// rounded: the product is compared with 1.
    pub fn is_far_from_inverse(self, other: Self) -> bool {
        let product = i128::from(self.digits) * i128::from(other.digits);
        let unity = 10_i128.pow(u32::from(self.scale) + u32::from(other.scale));
        product > 2 * unity || unity > 2 * product
    }

    /// The digits of both at a common scale: below 10^24.
    fn digits_at(self, scale: u8) -> i128 {
        i128::from(self.digits) * 10_i128.pow(u32::from(scale))
    }
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole_digits, decimal_digits) = text.split_once('.').unwrap_or((text, ""));
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole_digits.is_empty()
            || !is_plain(whole_digits)
            || !is_plain(decimal_digits)
            || (text.contains('.') && decimal_digits.is_empty())
            || decimal_digits.len() > MAX_SCALE
        {
            return Err(());
        }
        let digits = format!("{whole_digits}{decimal_digits}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() || digits.trim_end_matches('0').len() > MAX_DIGITS || digits.len() > 18 {
            return Err(());
        }
        Ok(Self { digits: digits.parse().map_err(|_| ())?, scale: decimal_digits.len() as u8 })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(formatter, "{}", self.digits);
        }
        let digits = format!("{:0width$}", self.digits, width = scale + 1);
        let (whole_digits, decimal_digits) = digits.split_at(digits.len() - scale);
        write!(formatter, "{whole_digits}.{decimal_digits}")
    }
}

/// Shares `total` out by weights: the part of line k is the difference of the rounded running
/// totals, so that all parts add up to `total` and none is off by a whole minor unit. If all
/// weights are 0, they count as equal.
pub fn allocate_by_weights(total: i64, weights: &[i64]) -> Vec<i64> {
    let total_weight: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let (mut running, mut allocated) = (0_i128, 0_i64);
    weights
        .iter()
        .enumerate()
        .map(|(index, weight)| {
            running += if total_weight == 0 { 1 } else { i128::from(*weight) };
            let divisor = if total_weight == 0 { weights.len() as i128 } else { total_weight };
            let running_total = divide_rounded(i128::from(total) * running, divisor) as i64;
            let part = running_total - allocated;
            allocated = running_total;
            debug_assert!(index + 1 < weights.len() || allocated == total, "the last part completes the total");
            part
        })
        .collect()
}

/// A quotient rounded half away from zero; the divisor is above 0.
pub(super) fn divide_rounded(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if 2 * remainder.abs() >= divisor { quotient + dividend.signum() } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_stays_as_it_was_written() {
        for text in ["1.0842", "0.00006123", "163.55", "1", "1.20", "100000000000", "0.000000000001"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for wrong in ["", ".", "0", "0.000", "-1", "+1", "1.", ".5", "1e3", "1,5", "1.2345678901234", "1234567890123", " 1"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn zeros_at_the_end_make_no_other_rate() {
        let rate = |text: &str| text.parse::<Rate>().unwrap();
        assert!(
            rate("0.87280").has_equal_value(rate("0.8728"))
                && rate("145").has_equal_value(rate("145.00"))
                && rate("10").has_equal_value(rate("10"))
        );
        assert!(!rate("0.8728").has_equal_value(rate("0.87281")) && !rate("1").has_equal_value(rate("10")));
    }

    #[test]
    fn an_inverted_rate_is_far_from_the_one_before() {
        let rate = |text: &str| text.parse::<Rate>().unwrap();
        assert!(rate("163.55").is_far_from(rate("0.0061143")));
        assert!(rate("2.01").is_far_from(rate("1")) && rate("1").is_far_from(rate("2.01")));
        assert!(!rate("2").is_far_from(rate("1.00")) && !rate("1.0842").is_far_from(rate("1.1")));
    }

    #[test]
    fn a_rate_is_compared_with_the_inverse_of_one_of_the_other_direction() {
        let rate = |text: &str| text.parse::<Rate>().unwrap();
        assert!(rate("163.55").is_far_from_inverse(rate("163.55")));
        assert!(rate("4.01").is_far_from_inverse(rate("0.5")) && rate("0.99").is_far_from_inverse(rate("0.50")));
        assert!(!rate("4").is_far_from_inverse(rate("0.5")) && !rate("1").is_far_from_inverse(rate("0.50")));
        assert!(!rate("163.55").is_far_from_inverse(rate("0.0061143")));
        assert!(rate("100000000000").is_far_from_inverse(rate("100000000000")));
        assert!(rate("0.000000000001").is_far_from_inverse(rate("0.000000000001")));
    }

    #[test]
    fn parts_add_up_to_the_total() {
        assert_eq!(allocate_by_weights(333, &[666, 133, 131, 525]), [152, 31, 30, 120]);
        assert_eq!(allocate_by_weights(10, &[1, 1, 1]), [3, 4, 3]);
        assert_eq!(allocate_by_weights(9, &[0, 0]), [5, 4]);
        assert_eq!(allocate_by_weights(7, &[]), Vec::<i64>::new());
        let thirteen = allocate_by_weights(1_500, &[1; 13]);
        assert!(thirteen.iter().sum::<i64>() == 1_500 && thirteen.iter().all(|part| [115, 116].contains(part)));
    }
}
