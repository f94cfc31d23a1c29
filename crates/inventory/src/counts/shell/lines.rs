//! Lines of a count that starts, by its selection, and the ABC classes of a store's products.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    clock::Clock,
    storage::{Fault, Reads},
};

use crate::counts::{
    core::{CountedLot, MAX_COUNT_LINES, NewLine, Selection, classify_abc},
    rows::{self, CountScope},
};

/// Days of sales that a product's class rests on.
pub const ABC_CLASS_DAYS: i64 = 365;

/// Returns lines for the products of a count and their lots in stock, as they are now. A LIST has
/// lines of its products already.
pub(super) async fn build_new_lines(
    reads: &impl Reads,
    clock: &Clock,
    (count, scope_of_count): (CountId, CountScope),
) -> Result<Vec<NewLine>, Fault> {
    let countable_products = match scope_of_count.selection {
        Selection::List => rows::load_listed_products(reads, count).await?,
        Selection::Full => rows::load_countable(reads, scope_of_count.store, None, MAX_COUNT_LINES).await?,
        Selection::Category(category) => {
            rows::load_countable(reads, scope_of_count.store, Some(category), MAX_COUNT_LINES).await?
        }
        Selection::Cycle(class) => {
            let classified_products = classify_products(reads, clock.now(), scope_of_count.store).await?;
            classified_products
                .into_iter()
                .filter(|(_, product_class)| *product_class == class)
                .map(|(planned, _)| planned.of)
                .collect()
        }
    };
    let tracked_products: Vec<ProductId> = countable_products
        .iter()
        .filter(|countable_product| countable_product.tracking != Tracking::None)
        .map(|countable_product| countable_product.product)
        .collect();
    let lots = rows::load_lots_at_store(reads, scope_of_count.store, &tracked_products).await?;
    let mut lines = Vec::with_capacity(countable_products.len());
    for countable_product in countable_products {
        let new_line = |lot: Option<CountedLot>| {
            let (sku, name) = (countable_product.sku.clone(), countable_product.name.clone());
            NewLine { id: clock.id(), product: countable_product.product, lot, sku, name, decimals: countable_product.decimals }
        };
        match lots.get(&countable_product.product) {
            Some(lots) => lines.extend(lots.iter().cloned().map(Some).map(new_line)),
            None if scope_of_count.selection == Selection::List => {}
            None => lines.push(new_line(None)),
        }
    }
    Ok(lines)
}

/// Returns the products that can be counted in a store, each with its class by revenue in that
/// store in the last year; sorted by SKU.
pub async fn classify_products(
    reads: &impl Reads,
    now: Timestamp,
    store: StoreId,
) -> Result<Vec<(rows::PlannedProduct, AbcClass)>, Fault> {
    let planned = rows::load_count_plan(reads, store, MAX_COUNT_LINES + 1).await?;
    let since = now.plus_seconds(-ABC_CLASS_DAYS * 24 * 3600);
    let revenue_by_product: HashMap<ProductId, i64> = rows::load_revenue(reads, store, since).await?.into_iter().collect();
    let revenue: Vec<(String, i64)> = planned
        .iter()
        .map(|planned_product| {
            (planned_product.of.sku.clone(), revenue_by_product.get(&planned_product.of.product).copied().unwrap_or(0))
        })
        .collect();
    let classes_by_sku: HashMap<String, AbcClass> = classify_abc(&revenue).into_iter().collect();
    Ok(planned
        .into_iter()
        .map(|planned_product| {
            let product_class = classes_by_sku.get(&planned_product.of.sku).copied().unwrap_or(AbcClass::C);
            (planned_product, product_class)
        })
        .collect())
}
