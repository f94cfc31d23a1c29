//! Adjustments whose costs are in other currencies than the books': the rates that they lack are looked up once they are known.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use super::{
    Done, Ledger, Mode, Stop,
    shell::{AdjustInput, adjustment},
    submit_named,
};
use crate::{
    currency::shell::rate_on,
    stock::core::{AskedRate, Reason, Refusal, Rejection},
};

/// Submits an adjustment. Where it lacks the rate of a cost's currency, that of its day is looked up, and it is submitted again with what was found,
/// be it none: costs in the books' currency pay for none of it. A call that goes on over midnight asks for another day's.
pub(super) async fn adjusted(
    ledger: &Ledger,
    permit: &Permit<kind::StockAdjust>,
    (input, overriding): (&AdjustInput, &Reach),
    key: Key,
    mode: Mode,
) -> Done {
    let scope = permit.scope(ledger.database());
    let mut rates: Vec<AskedRate> = Vec::new();
    loop {
        let command = adjustment(ledger, permit, (input, overriding), &rates).await;
        let done = submit_named(ledger, permit, command, key.clone(), mode).await;
        let Err(Stop::Refused(all)) = &done else { return done };
        let asked = missing_rates(&scope, all, &rates).await?;
        if asked.is_empty() {
            return done;
        }
        rates.extend(asked);
    }
}

/// The rates that an adjustment was refused for, but for those that were looked up before.
async fn missing_rates(reads: &impl Reads, refused: &[Rejection], known: &[AskedRate]) -> Result<Vec<AskedRate>, Fault> {
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
        asked.push(AskedRate { from, to, day, found: rate_on(reads, from, to, day).await? });
    }
    Ok(asked)
}
