//! Rates that convert costs in other currencies than the books'.

use entity::prelude::*;

use crate::currency::core::FrozenRate;

/// Result of looking up the rate for a day, which may be a rate of an earlier day.
#[derive(Debug, Clone)]
pub struct RateLookup {
    pub from: Currency,
    pub to: Currency,
    /// Requested day, in days since 1970-01-01.
    pub day: i32,
    /// None if there is no rate.
    pub found: Option<FrozenRate>,
}

/// The currency of the books, and the rates to it.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// None if every cost counts as one in the books' currency.
    pub books: Option<Currency>,
    /// Rates that were looked up; only those of the movement's day are used.
    pub rates: Vec<RateLookup>,
}
