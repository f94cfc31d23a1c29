//! Rates as they are entered, and why one is refused.

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

/// Why a rate is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateProblem {
    /// Not a decimal above 0 of at most twelve significant digits.
    Rate,
    SameCurrency,
    Source,
    /// The day is after today in the tenant's time zone.
    Future,
    /// More than a factor of two from the newest rate of the pair.
    Unusual {
        before: Rate,
        day: i32,
    },
    /// The same pair, day and source is in an earlier row of the call.
    Twice,
}

/// What is wrong with a rate by itself and beside the newest one of its pair. `today` is in days since 1970-01-01.
///
/// # Errors
/// Why it is refused.
pub fn check(new: &NewRate, newest: Option<&StoredRate>, today: i32, is_unusual: bool) -> Result<Rate, RateProblem> {
    let rate = new.rate.parse::<Rate>().map_err(|()| RateProblem::Rate)?;
    let source = new.source.trim();
    match newest {
        _ if new.base == new.quote => Err(RateProblem::SameCurrency),
        _ if source.is_empty() || source.chars().count() > MAX_SOURCE || source.contains('\0') => Err(RateProblem::Source),
        _ if new.day > today => Err(RateProblem::Future),
        Some(newest) if !is_unusual && rate.is_far_from(newest.rate) => {
            Err(RateProblem::Unusual { before: newest.rate, day: newest.day })
        }
        _ => Ok(rate),
    }
}
