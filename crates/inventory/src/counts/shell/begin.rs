//! Starting a count in the call that plans it.

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use super::{input::CountCreate, lines::build_new_lines};
use crate::{
    counts::{
        core::{Begin, CountedLot, Selection},
        rows::{self, CountScope},
    },
    ledger::Ledger,
};

/// Loads the lines of a count that is started in the call that creates it; empty if the input lacks
/// a field that its kind needs, because such a count is refused.
pub(super) async fn load_begin_lines(
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
            let listed_products: Vec<ProductId> = products.iter().map(|(product, _)| *product).collect();
            let lots_by_product = rows::load_lots_at_store(reads, store, &listed_products).await?;
            let number_lots = |lots: Vec<CountedLot>| lots.into_iter().map(|lot| (clock.id(), lot)).collect();
            let lots = lots_by_product.into_iter().map(|(product, lots)| (product, number_lots(lots))).collect();
            return Ok(Begin { lots, ..Begin::default() });
        }
    };
    let Some(selection) = selection else { return Ok(Begin::default()) };
    // Counts of these kinds have no lines before they are started.
    let lines = build_new_lines(reads, clock, (CountId::NIL, CountScope { store, selection })).await?;
    Ok(Begin { lines, ..Begin::default() })
}
