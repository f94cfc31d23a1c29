//! A rate that is agreed for an order, instead of the rate of the day.

use entity::prelude::*;
use platform::{
    clock,
    storage::{Fault, Reads},
};

use crate::{
    currency::shell::load_rate_on,
    ledger::{Ledger, MissingReferences},
    purchasing::core::{FixedRate, Refusal},
    stock::core::{At, Field, RoomRefusal},
};

/// Returns the agreed rate of an order. An invalid one is added to `missing`. `trade` is the
/// order's currency and the time zone of its store.
pub(super) async fn agreed_rate(
    ledger: &Ledger,
    reads: &impl Reads,
    missing: &mut MissingReferences,
    (from, time_zone): (Currency, &str),
    text: &str,
) -> Result<Option<FixedRate>, Fault> {
    let books = ledger.terms(reads).await?.currency;
    let day = clock::local_day(ledger.clock().now(), time_zone);
    let market = if from == books { None } else { load_rate_on(reads, from, books, day).await? };
    Ok(match FixedRate::parse_agreed(text, (from, books), market.as_ref()) {
        Ok(fixed_rate) => Some(fixed_rate),
        Err(refusal) => {
            missing.note(Refusal::FixedRate(refusal).at(At::input(Field::FixedRate)));
            None
        }
    })
}
