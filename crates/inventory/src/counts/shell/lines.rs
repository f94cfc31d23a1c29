//! Lines of a count that starts, by its selection, and the ABC classes of a store's products.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    clock::Clock,
    storage::{Fault, Reads},
};

use crate::counts::{
    core::{CountedLot, MAX_COUNT_LINES, NewLine, Selection, abc},
    rows::{self, CountScope},
};

/// Days of sales that a product's class rests on.
pub const ABC_CLASS_DAYS: i64 = 365;

/// Returns lines for the products of a count and their lots in stock, as they are now. A LIST has
/// lines of its products already.
pub(super) async fn lines_of(
    reads: &impl Reads,
    clock: &Clock,
    (count, places): (CountId, CountScope),
) -> Result<Vec<NewLine>, Fault> {
    let found = match places.selection {
        Selection::List => rows::listed(reads, count).await?,
        Selection::Full => rows::countable(reads, places.store, None, MAX_COUNT_LINES).await?,
        Selection::Category(category) => rows::countable(reads, places.store, Some(category), MAX_COUNT_LINES).await?,
        Selection::Cycle(class) => {
            let all = classes(reads, clock.now(), places.store).await?;
            all.into_iter().filter(|(_, is)| *is == class).map(|(planned, _)| planned.of).collect()
        }
    };
    let tracked: Vec<ProductId> = found.iter().filter(|of| of.tracking != Tracking::None).map(|of| of.product).collect();
    let lots = rows::lots_at_store(reads, places.store, &tracked).await?;
    let mut lines = Vec::with_capacity(found.len());
    for of in found {
        let line = |lot: Option<CountedLot>| {
            let (sku, name) = (of.sku.clone(), of.name.clone());
            NewLine { id: clock.id(), product: of.product, lot, sku, name, decimals: of.decimals }
        };
        match lots.get(&of.product) {
            Some(lots) => lines.extend(lots.iter().cloned().map(Some).map(line)),
            None if places.selection == Selection::List => {}
            None => lines.push(line(None)),
        }
    }
    Ok(lines)
}

/// Returns the products that can be counted in a store, each with its class by revenue in that
/// store in the last year; sorted by SKU.
pub async fn classes(reads: &impl Reads, now: Timestamp, store: StoreId) -> Result<Vec<(rows::Planned, AbcClass)>, Fault> {
    let planned = rows::plan(reads, store, MAX_COUNT_LINES + 1).await?;
    let since = now.plus_seconds(-ABC_CLASS_DAYS * 24 * 3600);
    let brought: HashMap<ProductId, i64> = rows::revenue(reads, store, since).await?.into_iter().collect();
    let revenue: Vec<(String, i64)> =
        planned.iter().map(|one| (one.of.sku.clone(), brought.get(&one.of.product).copied().unwrap_or(0))).collect();
    let class: HashMap<String, AbcClass> = abc(&revenue).into_iter().collect();
    Ok(planned
        .into_iter()
        .map(|one| {
            let is = class.get(&one.of.sku).copied().unwrap_or(AbcClass::C);
            (one, is)
        })
        .collect())
}
