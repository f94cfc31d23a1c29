//! Starting a count in the call that plans it.

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use super::{CountCreate, lines_of};
use crate::{
    counts::{
        core::{Begin, CountedLot, Selection},
        rows::{self, CountScope},
    },
    ledger::Ledger,
};

/// What a count begins with that is started as it is made. Of a count that does not say what its kind asks for, nothing: it is refused.
pub(super) async fn begin(
    ledger: &Ledger,
    reads: &impl Reads,
    (input, store): (&CountCreate, StoreId),
    products: &[(ProductId, CountLineId)],
) -> Result<Begin, Fault> {
    let clock = ledger.clock();
    let selection = match input.kind {
        CountKind::Full => Some(Selection::Full),
        CountKind::Category => input.category.map(Selection::Category),
        CountKind::Cycle => input.class.map(Selection::Cycle),
        CountKind::List => {
            let listed: Vec<ProductId> = products.iter().map(|(product, _)| *product).collect();
            let there = rows::lots_there(reads, store, &listed).await?;
            let named = |lots: Vec<CountedLot>| lots.into_iter().map(|lot| (clock.id(), lot)).collect();
            let lots = there.into_iter().map(|(product, lots)| (product, named(lots))).collect();
            return Ok(Begin { lots, ..Begin::default() });
        }
    };
    let Some(selection) = selection else { return Ok(Begin::default()) };
    // None of these kinds has lines before it is started.
    let lines = lines_of(reads, clock, (CountId::NIL, CountScope { store, selection })).await?;
    Ok(Begin { lines, ..Begin::default() })
}
