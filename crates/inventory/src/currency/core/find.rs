//! The rate from one currency to another on a day, and the conversion of an amount by it.

use entity::prelude::*;

use super::rate::{Rate, divide_rounded};

/// A rate is used this many days after its own at most: over weekends and long holidays.
pub const MAX_AGE_DAYS: i32 = 7;

/// The currency through which two others are converted if no rate is between them.
pub const PIVOT: &str = "EUR";

/// An exchange rate: one unit of `base` is `rate` units of `quote`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRate {
    pub id: ExchangeRateId,
    pub base: Currency,
    pub quote: Currency,
    pub rate: Rate,
    /// Days since 1970-01-01.
    pub day: i32,
    pub source: String,
    pub actor: Actor,
    pub recorded_at: Timestamp,
    /// The rate that corrected this one.
    pub replaced_by: Option<ExchangeRateId>,
}

/// The fraction that a document stores: `to` = `from` × numerator ÷ denominator. The inverse of a
/// rate is never rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenRate {
    pub from: Currency,
    pub to: Currency,
    pub numerator: Rate,
    pub denominator: Rate,
    pub day: i32,
    pub source: String,
}

/// The columns in which a row stores a rate: all are set, or none.
#[derive(Debug, Clone, Copy)]
pub struct RateColumns<'a> {
    pub numerator: Option<&'a str>,
    pub denominator: Option<&'a str>,
    pub day: Option<i32>,
    pub source: Option<&'a str>,
}

/// Some of the columns are missing, or are no decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenRate;

impl RateColumns<'_> {
    /// The rate; None without one.
    pub fn rate(self, from: Currency, to: Currency) -> Result<Option<FrozenRate>, BrokenRate> {
        match (self.numerator, self.denominator, self.day, self.source) {
            (None, None, None, None) => Ok(None),
            (Some(numerator), Some(denominator), Some(day), Some(source)) => {
                let decimal = |text: &str| text.parse().map_err(|()| BrokenRate);
                let (numerator, denominator) = (decimal(numerator)?, decimal(denominator)?);
                Ok(Some(FrozenRate { from, to, numerator, denominator, day, source: source.to_owned() }))
            }
            _ => Err(BrokenRate),
        }
    }
}

impl FrozenRate {
    /// Returns the amount in the other currency, rounded once, half away from zero, to its minor
    /// unit. None if it exceeds the exact range.
    pub fn convert(&self, minor: i64) -> Option<i64> {
        let exponent = |currency: Currency, rate: Rate| currency.decimals() + u32::from(rate.scale());
        // minor ÷ 10^from × numerator ÷ denominator × 10^to, with the powers of ten on one side.
        let (up, down) = (self.to.decimals() + u32::from(self.denominator.scale()), exponent(self.from, self.numerator));
        let common = up.min(down);
        let dividend = i128::from(minor).checked_mul(i128::from(self.numerator.digits()))?;
        let dividend = dividend.checked_mul(10_i128.checked_pow(up - common)?)?;
        let divisor = i128::from(self.denominator.digits()).checked_mul(10_i128.checked_pow(down - common)?)?;
        let value = i64::try_from(divide_rounded(dividend, divisor)).ok()?;
        (value.abs() <= entity::quantity::MAX_SAFE).then_some(value)
    }
}

/// Returns the rate from one currency to another that holds on a day, among the tenant's rates that
/// are not replaced: a stored rate of this direction, else one of the other as a divisor, else two
/// of one day and source through the pivot; of each the newest that is not later than the day and
/// at most seven days older.
pub fn find_rate(rates: &[StoredRate], from: Currency, to: Currency, on_day: i32) -> Option<FrozenRate> {
    let freeze = |numerator, denominator, rates_of: &StoredRate| FrozenRate {
        from,
        to,
        numerator,
        denominator,
        day: rates_of.day,
        source: rates_of.source.clone(),
    };
    let is_valid = |stored_rate: &&StoredRate| {
        stored_rate.replaced_by.is_none() && stored_rate.day <= on_day && on_day - stored_rate.day <= MAX_AGE_DAYS
    };
    let rates_of = |base: Currency, quote: Currency| {
        rates.iter().filter(is_valid).filter(move |stored_rate| stored_rate.base == base && stored_rate.quote == quote)
    };
    let newest_of =
        |base, quote| rates_of(base, quote).max_by_key(|stored_rate| (stored_rate.day, stored_rate.recorded_at, stored_rate.id));
    if let Some(direct) = newest_of(from, to) {
        return Some(freeze(direct.rate, Rate::ONE, direct));
    }
    if let Some(inverse) = newest_of(to, from) {
        return Some(freeze(Rate::ONE, inverse.rate, inverse));
    }
    let pivot = Currency::parse(PIVOT)?;
    let pairs = rates_of(pivot, to).flat_map(|target_rate| {
        rates_of(pivot, from)
            .filter(move |source_rate| (source_rate.day, &source_rate.source) == (target_rate.day, &target_rate.source))
            .map(move |source_rate| (target_rate, source_rate))
    });
    let (target_rate, source_rate) =
        pairs.max_by_key(|(target_rate, _)| (target_rate.day, target_rate.recorded_at, target_rate.id))?;
    Some(freeze(target_rate.rate, source_rate.rate, target_rate))
}

/// A request for a rate to the currency of the books, as it was known at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateRequest {
    pub from: Currency,
    pub day: i32,
    pub known_at: Timestamp,
}

/// Returns the rates that may hold on a day and were recorded by a moment, as they were then: a
/// later replacement is not known yet. Rates are never removed, so the result is the same at any
/// time. `rates` must include the rates that were replaced.
pub fn filter_recorded_by(rates: &[StoredRate], day: i32, at: Timestamp) -> Vec<StoredRate> {
    let is_known = |id: ExchangeRateId| rates.iter().any(|rate| rate.id == id && rate.recorded_at <= at);
    let is_candidate = |rate: &&StoredRate| rate.day <= day && day - rate.day <= MAX_AGE_DAYS && rate.recorded_at <= at;
    let known_rates = rates.iter().filter(is_candidate).cloned();
    known_rates.map(|rate| StoredRate { replaced_by: rate.replaced_by.filter(|id| is_known(*id)), ..rate }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn stored(base: &str, quote: &str, rate: &str, day: i32, source: &str) -> StoredRate {
        StoredRate {
            id: ExchangeRateId::from_uuid(uuid::Uuid::from_u128(u128::from(day.unsigned_abs()))),
            base: currency(base),
            quote: currency(quote),
            rate: rate.parse().unwrap(),
            day,
            source: source.to_owned(),
            actor: Actor::SYSTEM,
            recorded_at: Timestamp(0),
            replaced_by: None,
        }
    }

    /// Rates of a Friday, made up.
    fn friday() -> Vec<StoredRate> {
        [("GBP", "0.8425"), ("USD", "1.0842"), ("JPY", "163.55")]
            .map(|(quote, rate)| stored("EUR", quote, rate, 100, "ECB"))
            .into()
    }

    fn converted(rates: &[StoredRate], minor: i64, from: &str, to: &str, on: i32) -> Option<i64> {
        find_rate(rates, currency(from), currency(to), on).and_then(|rate| rate.convert(minor))
    }

    #[test]
    fn amounts_are_rounded_once_at_the_end() {
        let rates = friday();
        assert_eq!(converted(&rates, 3_000, "EUR", "GBP", 102), Some(2_528), "30.00 EUR on a Sunday, by Friday's rate");
        assert_eq!(converted(&rates, 13_010, "USD", "GBP", 100), Some(10_110), "over the euro, without rounding between");
        assert_eq!(converted(&rates, 10_000, "GBP", "JPY", 100), Some(19_412), "to a currency without decimals");
        assert_eq!(converted(&rates, 7_000, "EUR", "GBP", 100), Some(5_898));
        assert_eq!(converted(&rates, 10_000, "USD", "GBP", 100), Some(7_771));
        assert_eq!(converted(&rates, -3_000, "EUR", "GBP", 100), Some(-2_528), "half away from zero");
        assert_eq!(converted(&rates, 0, "EUR", "GBP", 100), Some(0));
        assert_eq!(converted(&rates, i64::MAX, "EUR", "JPY", 100), None, "beyond what can be kept exactly");
    }

    #[test]
    fn a_rate_holds_for_seven_days_and_never_before_its_own() {
        let rates = friday();
        assert!(converted(&rates, 1, "EUR", "GBP", 107).is_some());
        assert_eq!(converted(&rates, 1, "EUR", "GBP", 108), None);
        assert_eq!(converted(&rates, 1, "EUR", "GBP", 99), None, "a later rate is never used");
    }

    #[test]
    fn a_rate_is_told_as_it_was_known_whatever_is_corrected_since() {
        let mut rates = [stored("EUR", "GBP", "0.8425", 100, "ECB"), stored("EUR", "GBP", "0.9", 100, "ECB")];
        rates[1].id = ExchangeRateId::from_uuid(uuid::Uuid::from_u128(7));
        (rates[0].recorded_at, rates[1].recorded_at, rates[0].replaced_by) = (Timestamp(10), Timestamp(20), Some(rates[1].id));
        let known = |at: i64| converted(&filter_recorded_by(&rates, 101, Timestamp(at)), 10_000, "EUR", "GBP", 101);
        assert_eq!((known(9), known(10), known(19), known(20)), (None, Some(8_425), Some(8_425), Some(9_000)));
    }

    #[test]
    fn the_newest_rate_that_nothing_replaced_holds() {
        let mut rates = friday();
        rates.push(stored("EUR", "GBP", "0.9", 101, "BANK"));
        assert_eq!(converted(&rates, 10_000, "EUR", "GBP", 102), Some(9_000));
        rates[3].replaced_by = Some(rates[0].id);
        assert_eq!(converted(&rates, 10_000, "EUR", "GBP", 102), Some(8_425));
    }

    #[test]
    fn two_rates_meet_only_of_one_day_and_source() {
        let mut rates = vec![stored("EUR", "GBP", "0.8425", 100, "ECB"), stored("EUR", "USD", "1.0842", 99, "ECB")];
        assert_eq!(converted(&rates, 100, "USD", "GBP", 100), None);
        rates[1] = stored("EUR", "USD", "1.0842", 100, "BANK");
        assert_eq!(converted(&rates, 100, "USD", "GBP", 100), None);
        rates[1] = stored("EUR", "USD", "1.0842", 100, "ECB");
        let rate = find_rate(&rates, currency("USD"), currency("GBP"), 100).unwrap();
        assert_eq!((rate.numerator.to_string(), rate.denominator.to_string()), ("0.8425".into(), "1.0842".into()));
    }
}
