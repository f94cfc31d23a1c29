//! New rates as they are entered, and the reasons to refuse one.

use entity::prelude::*;
use serde::Serialize;

use super::{find::StoredRate, rate::Rate};

/// Characters of a source's name.
const MAX_SOURCE: usize = 64;

/// A rate as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewRate {
    pub base: Currency,
    pub quote: Currency,
    /// A decimal as text.
    pub rate: String,
    /// Days since 1970-01-01.
    pub day: i32,
    pub source: String,
}

/// Reason to refuse a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateProblem {
    /// Not a decimal above 0 of at most twelve significant digits.
    Rate,
    SameCurrency,
    NoSource,
    Source,
    /// The day is after today in the tenant's time zone.
    Future,
    /// More than a factor of two from the newest rate of the pair.
    Unusual {
        before: Rate,
        day: i32,
    },
    /// More than a factor of two from 1 ÷ the newest rate of the other direction.
    UnusualInverse {
        other: Rate,
        day: i32,
    },
    /// An earlier row of the call has the same pair, day and source.
    Twice,
}

/// The newest stored rates that a new one is compared with.
#[derive(Debug, Default)]
pub struct NewestRates {
    /// Newest rate of the pair.
    pub own: Option<StoredRate>,
    /// Newest rate of the pair in the other direction.
    pub inverse: Option<StoredRate>,
}

impl NewestRates {
    /// Compares a rate with the newest ones. An inverse from before the newest rate of the pair is
    /// ignored: the currency may have moved far since.
    fn check_unusual(&self, rate: Rate) -> Option<RateProblem> {
        let own_rate = self.own.as_ref();
        if let Some(own_rate) = own_rate.filter(|own_rate| rate.is_far_from(own_rate.rate)) {
            return Some(RateProblem::Unusual { before: own_rate.rate, day: own_rate.day });
        }
        let inverse = self.inverse.as_ref().filter(|inverse| own_rate.is_none_or(|own_rate| own_rate.day <= inverse.day))?;
        let is_far = rate.is_far_from_inverse(inverse.rate);
        is_far.then_some(RateProblem::UnusualInverse { other: inverse.rate, day: inverse.day })
    }
}

/// Checks a rate alone and against the newest ones of its two currencies. `today` is in days since
/// 1970-01-01.
///
/// # Errors
/// The reason of the refusal.
pub fn check_new_rate(new: &NewRate, newest: &NewestRates, today: i32, is_unusual: bool) -> Result<Rate, RateProblem> {
    let rate = new.rate.parse::<Rate>().map_err(|()| RateProblem::Rate)?;
    let source = new.source.trim();
    match newest.check_unusual(rate) {
        _ if new.base == new.quote => Err(RateProblem::SameCurrency),
        _ if source.is_empty() => Err(RateProblem::NoSource),
        _ if source.chars().count() > MAX_SOURCE || source.contains('\0') => Err(RateProblem::Source),
        _ if new.day > today => Err(RateProblem::Future),
        Some(problem) if !is_unusual => Err(problem),
        _ => Ok(rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored((rate, day): (&str, i32)) -> StoredRate {
        StoredRate {
            id: ExchangeRateId::NIL,
            base: Currency::GBP,
            quote: Currency::GBP,
            rate: rate.parse().unwrap(),
            day,
            source: "ECB".to_owned(),
            actor: Actor::SYSTEM,
            recorded_at: Timestamp(0),
            replaced_by: None,
        }
    }

    #[test]
    fn a_rate_is_compared_with_the_newest_of_either_direction() {
        let rate = |text: &str| text.parse::<Rate>().unwrap();
        let own = RateProblem::Unusual { before: rate("163.55"), day: 5 };
        let inverse = RateProblem::UnusualInverse { other: rate("0.0061143"), day: 5 };
        let cases = [
            (None, None, "0.0061143", None),
            (Some(("163.55", 5)), None, "0.0061143", Some(&own)),
            (None, Some(("0.0061143", 5)), "0.0061143", Some(&inverse)),
            (None, Some(("0.0061143", 5)), "163.55", None),
            (Some(("163.55", 5)), Some(("0.0061143", 5)), "164", None),
            (Some(("0.0061", 5)), Some(("0.0061143", 5)), "0.0061", Some(&inverse)),
            // The pair has moved far from an old inverse.
            (Some(("400", 6)), Some(("0.0061143", 5)), "401", None),
        ];
        let base = Currency::parse("EUR").unwrap();
        let quote = Currency::parse("JPY").unwrap();
        for (newest, other, text, problem) in cases {
            let new = NewRate { base, quote, rate: text.to_owned(), day: 9, source: "BANK".to_owned() };
            let newest = NewestRates { own: newest.map(stored), inverse: other.map(stored) };
            let found = check_new_rate(&new, &newest, 9, false);
            assert_eq!(found.as_ref().err(), problem, "{text} beside {newest:?}");
            assert_eq!(check_new_rate(&new, &newest, 9, true), Ok(rate(text)), "what is known to be unusual is entered");
        }
    }
}
