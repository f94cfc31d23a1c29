//! A rate that buyer and supplier agree on for an order: its receipts use it, whatever the rate of
//! their day is.

use entity::prelude::*;

use crate::currency::core::{FrozenRate, Rate};

/// Source of the rate in receipts.
pub const FIXED_SOURCE: &str = "PURCHASE_ORDER";
/// Amount, in minor units, for which two rates are compared.
const COMPARISON_AMOUNT: i64 = 100_000_000;

/// An agreed rate: one unit of the order's currency is `rate` units of the books' currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedRate {
    pub rate: Rate,
    pub books: Currency,
    /// Day of the market rate that it was compared with, in days since 1970-01-01; None if there
    /// was no rate.
    pub market_day: Option<i32>,
}

/// Reason to refuse an agreed rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedRateRefusal {
    /// No decimal above 0 of at most twelve significant digits.
    NoRate,
    /// The order is in the currency of the books.
    OfBooks { books: Currency },
    /// More than a factor of two from the market rate, which is of this day (days since
    /// 1970-01-01).
    Far { from: Currency, books: Currency, day: i32 },
}

impl FixedRate {
    /// Checks a rate as it was sent, for an order in `from`. `market` is that of the day, if there
    /// is one: more than a factor of two from it suggests an inverted rate.
    ///
    /// # Errors
    /// It is no rate, is not needed, or is far from the market's.
    pub fn parse_agreed(
        text: &str,
        (from, books): (Currency, Currency),
        market: Option<&FrozenRate>,
    ) -> Result<Self, FixedRateRefusal> {
        if from == books {
            return Err(FixedRateRefusal::OfBooks { books });
        }
        let rate: Rate = text.parse().map_err(|()| FixedRateRefusal::NoRate)?;
        let fixed = Self { rate, books, market_day: market.map(|market| market.day) };
        let Some(market) = market else { return Ok(fixed) };
        let is_far = match (fixed.to_frozen_rate(from, market.day).convert(COMPARISON_AMOUNT), market.convert(COMPARISON_AMOUNT))
        {
            (Some(fixed_value), Some(market_value)) => fixed_value > 2 * market_value || market_value > 2 * fixed_value,
            // Only one of them exceeds the exact range.
            (fixed_value, market_value) => fixed_value.is_some() || market_value.is_some(),
        };
        if is_far { Err(FixedRateRefusal::Far { from, books, day: market.day }) } else { Ok(fixed) }
    }

    /// Returns the rate in the form that a receipt of a day stores.
    pub fn to_frozen_rate(self, from: Currency, day: i32) -> FrozenRate {
        let source = FIXED_SOURCE.to_owned();
        FrozenRate { from, to: self.books, numerator: self.rate, denominator: Rate::ONE, day, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_agreed_unless_it_is_upside_down() {
        let (yen, pounds) = (Currency::parse("JPY").unwrap(), Currency::GBP);
        let market = FixedRate { rate: "0.00515".parse().unwrap(), books: pounds, market_day: None }.to_frozen_rate(yen, 9);
        let agreed =
            |text: &str, market| FixedRate::parse_agreed(text, (yen, pounds), market).map(|fixed| fixed.rate.to_string());
        assert_eq!(agreed("0.0050", Some(&market)), Ok("0.0050".to_owned()));
        for wrong in ["194.17", "0.0103001", "0.000000000001", "100000000000"] {
            let far = FixedRateRefusal::Far { from: yen, books: pounds, day: 9 };
            assert_eq!(agreed(wrong, Some(&market)), Err(far), "{wrong}");
        }
        assert_eq!(agreed("194.17", None), Ok("194.17".to_owned()), "beside nothing it is taken as it is");
        for wrong in ["0", "-1", "1e3", ""] {
            assert_eq!(agreed(wrong, None), Err(FixedRateRefusal::NoRate), "{wrong}");
        }
        assert_eq!(FixedRate::parse_agreed("1", (pounds, pounds), None), Err(FixedRateRefusal::OfBooks { books: pounds }));
    }
}
