//! A tax rate on a line's amount after its discount.

use std::fmt;

use entity::prelude::*;
use serde::{Serialize, Serializer};

use super::share::share;

const ONE: i64 = 1_000_000;
const DECIMALS: usize = 6;

/// A tax rate between 0 and 1, to the millionth: 0.2 is 20 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaxRate(i64);

/// Reasons for a text to be no tax rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxRateError {
    NotANumber,
    TooManyDecimals,
    OutOfRange,
}

impl TaxRate {
    /// Returns None if the rate is not between 0 and 1.
    pub const fn of_millionths(millionths: i64) -> Option<Self> {
        if millionths >= 0 && millionths <= ONE { Some(Self(millionths)) } else { None }
    }
    pub const fn millionths(self) -> i64 {
        self.0
    }
    /// Reads a decimal number, as in 0.2.
    ///
    /// # Errors
    /// It is no number, or none that a rate can be.
    pub fn parse(text: &str) -> Result<Self, TaxRateError> {
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        if !is_number(unsigned) || decimals.is_some_and(|part| !is_number(part)) {
            return Err(TaxRateError::NotANumber);
        }
        let decimals = decimals.unwrap_or_default().trim_end_matches('0');
        if unsigned.len() < whole.len() {
            return Err(TaxRateError::OutOfRange);
        }
        if decimals.len() > DECIMALS {
            return Err(TaxRateError::TooManyDecimals);
        }
        let units: i64 = whole.parse().map_err(|_| TaxRateError::OutOfRange)?;
        let digits: i64 = if decimals.is_empty() { 0 } else { decimals.parse().map_err(|_| TaxRateError::NotANumber)? };
        let parts = (decimals.len()..DECIMALS).fold(digits, |parts, _| parts * 10);
        units.checked_mul(ONE).and_then(|units| Self::of_millionths(units.checked_add(parts)?)).ok_or(TaxRateError::OutOfRange)
    }
    /// Returns the tax of an amount, rounded half away from zero to the minor unit.
    pub fn of(self, net: Money) -> Money {
        // A part of an exact amount is an exact amount.
        Money::new(i64::try_from(share(net.minor, (0, self.0), ONE)).unwrap_or(net.minor), net.currency)
    }
}

impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, mut parts, mut width) = (self.0 / ONE, self.0 % ONE, DECIMALS);
        if parts == 0 {
            return write!(f, "{units}");
        }
        while parts % 10 == 0 {
            (parts, width) = (parts / 10, width - 1);
        }
        write!(f, "{units}.{parts:0>width$}")
    }
}

impl Serialize for TaxRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_and_written_to_the_millionth() {
        for (text, millionths, written) in [
            ("0.2", 200_000, "0.2"),
            ("0.20", 200_000, "0.2"),
            ("0.08875", 88_750, "0.08875"),
            ("0", 0, "0"),
            ("1.000", 1_000_000, "1"),
            ("0.000001", 1, "0.000001"),
            ("0.0550000000", 55_000, "0.055"),
        ] {
            let rate = TaxRate::parse(text).unwrap();
            assert_eq!((rate.millionths(), rate.to_string().as_str()), (millionths, written), "{text}");
            assert_eq!(TaxRate::of_millionths(millionths), Some(rate));
        }
    }

    #[test]
    fn what_is_no_rate_is_told_apart() {
        for text in ["", ".", "0.", ".2", "20 %", "0,2", "+1", "1e-1", "--1", "0.-2"] {
            assert_eq!(TaxRate::parse(text), Err(TaxRateError::NotANumber), "{text}");
        }
        for text in ["20", "1.000001", "-0.2", "99999999999999999999"] {
            assert_eq!(TaxRate::parse(text), Err(TaxRateError::OutOfRange), "{text}");
        }
        assert_eq!(TaxRate::parse("0.0000001"), Err(TaxRateError::TooManyDecimals));
        assert_eq!([TaxRate::of_millionths(-1), TaxRate::of_millionths(1_000_001)], [None; 2]);
    }

    #[test]
    fn a_tax_is_rounded_half_away_from_zero() {
        let of = |rate: &str, minor: i64| TaxRate::parse(rate).unwrap().of(Money::new(minor, Currency::GBP)).minor;
        assert_eq!(
            [of("0.2", 3_230), of("0.2", 2_261), of("0.05", 10), of("0.05", 9), of("0", 5), of("1", 5)],
            [646, 452, 1, 0, 0, 5]
        );
        assert_eq!(of("1", entity::quantity::MAX_SAFE), entity::quantity::MAX_SAFE);
    }
}
