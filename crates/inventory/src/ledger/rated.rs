//! Adjustments with costs in other currencies than the books': missing rates are looked up after
//! the ledger has named them.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use super::{
    Done, Ledger, Mode, Stop,
    shell::{AdjustInput, adjustment},
    submit_with_missing,
};
use crate::{
    currency::shell::rate_on,
    stock::core::{RateLookup, Reason, Refusal, Rejection},
};

/// Submits an adjustment. If it lacks the rate of a cost's currency, the rate of its day is looked
/// up, and it is submitted again with the result, even if there is none: costs in the books'
/// currency need no look-up. A call that runs past midnight looks up the rate of the next day.
pub(super) async fn submit_adjustment(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    (input, overriding): (&AdjustInput, &Reach),
    key: Key,
    mode: Mode,
) -> Done {
    let scope = permit.scope(ledger.database());
    let mut rates: Vec<RateLookup> = Vec::new();
    loop {
        let command = adjustment(ledger, permit, (input, overriding), &rates).await;
        let done = submit_with_missing(ledger, permit, command, key.clone(), mode).await;
        let Err(Stop::Refused(all)) = &done else { return done };
        let asked = missing_rates(&scope, all, &rates).await?;
        if asked.is_empty() {
            return done;
        }
        rates.extend(asked);
    }
}

/// Returns the rates for whose lack an adjustment was rejected, except those that were looked up
/// before.
async fn missing_rates(reads: &impl Reads, refused: &[Rejection], known: &[RateLookup]) -> Result<Vec<RateLookup>, Fault> {
    let missing: BTreeSet<(Currency, Currency, i32)> = refused
        .iter()
        .filter_map(|rejection| match &rejection.why {
            Reason::Stock(Refusal::RateMissing { from, to, day }) => Some((*from, *to, *day)),
            _ => None,
        })
        .filter(|missing| !known.iter().any(|rate| (rate.from, rate.to, rate.day) == *missing))
        .collect();
    let mut asked = Vec::with_capacity(missing.len());
    for (from, to, day) in missing {
        asked.push(RateLookup { from, to, day, found: rate_on(reads, from, to, day).await? });
    }
    Ok(asked)
}
