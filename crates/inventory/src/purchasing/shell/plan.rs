//! Suggestions of orders, and the delivery performance of suppliers.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::storage::{Database, Fault};

use crate::{
    catalog::rows::local_days::LocalDays,
    purchasing::{
        core::{Delivery, Performance, Plan, PriceDrift, ProductPrices, Suggestion, performance, price_drifts, suggest},
        rows::{self, DeliveryFilter, PlanScope, ReplenishmentInput},
    },
};

/// The most suggestions of an answer.
pub const MAX_SUGGESTIONS: usize = 5_000;
/// Days of orders that suppliers' lead times are measured by.
const MEASURED_DAYS: i32 = 365;

/// Query of suggestions.
#[derive(Debug, Clone)]
pub struct ReorderSuggestionQuery {
    /// None for all that the caller may see.
    pub stores: Option<Vec<StoreId>>,
    /// Only products that are bought from this supplier.
    pub supplier: Option<SupplierId>,
    pub plan: Plan,
    /// Today is the current local date in each store: sales of the days before it count.
    pub now: Timestamp,
}

/// Returns suggestions with their products and suppliers, in the order of the products. Eight
/// statements, however many levels there are.
pub async fn suggestions(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    query: &ReorderSuggestionQuery,
) -> Result<Vec<(ReplenishmentInput, Vec<Suggestion>)>, Fault> {
    let scope = permit.scope(db).long();
    let reach = permit.reach();
    let visible_stores = if let Reach::Stores(stores) = &reach { Some(stores.to_vec()) } else { None };
    let today = LocalDays::at(&scope, query.now).await?;
    let days = i32::from(query.plan.days);
    let plan_scope =
        PlanScope { visible_stores: visible_stores.as_deref(), planned: query.stores.as_deref(), today: &today, days };
    let mut inputs = rows::replenishment_inputs(&scope, &plan_scope).await?;
    if let Some(supplier) = query.supplier {
        inputs.retain(|input| input.supplier == Some(supplier));
    }
    let mut suppliers: Vec<SupplierId> = inputs.iter().filter_map(|input| input.supplier).collect();
    suppliers.sort_unstable();
    suppliers.dedup();
    let leads = rows::leads(&scope, &suppliers, (today.first(), MEASURED_DAYS), visible_stores.as_deref()).await?;
    let mut results = Vec::new();
    for input in inputs {
        let lead = input.supplier.and_then(|supplier| leads.get(&supplier).cloned()).unwrap_or_default();
        let suggested = suggest(&query.plan, &input.stock_by_store, input.supply.as_ref(), lead);
        if !suggested.is_empty() {
            results.push((input, suggested));
        }
    }
    Ok(results)
}

/// Performance of each supplier, and of all of them together.
#[derive(Debug, Clone)]
pub struct SupplierPerformances {
    /// Suppliers that have measured deliveries.
    pub rows: Vec<(SupplierId, Performance)>,
    pub totals: Performance,
}

/// Returns a supplier's performance for orders placed in a span, of the permit's stores; a line is
/// overdue by its store's current local day.
pub async fn supplier_performance(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    supplier: SupplierId,
    (span, now): ((Timestamp, Timestamp), Timestamp),
) -> Result<Performance, Fault> {
    let of_supplier = DeliveryFilter { suppliers: Some(vec![supplier]), ..DeliveryFilter::default() };
    let deliveries = measure_performance(db, permit, &of_supplier, (span, now)).await?;
    Ok(performance(&deliveries.into_iter().map(|(_, delivery)| delivery).collect::<Vec<_>>()))
}

/// Like `supplier_performance`, for each requested supplier, by ID.
pub async fn supplier_performances(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    filter: &DeliveryFilter,
    (span, now): ((Timestamp, Timestamp), Timestamp),
) -> Result<SupplierPerformances, Fault> {
    let found = measure_performance(db, permit, filter, (span, now)).await?;
    let totals = performance(&found.iter().map(|(_, delivery)| *delivery).collect::<Vec<_>>());
    let mut by_supplier: BTreeMap<SupplierId, Vec<Delivery>> = BTreeMap::new();
    for (supplier, delivery) in found {
        by_supplier.entry(supplier).or_default().push(delivery);
    }
    let rows = by_supplier.into_iter().map(|(supplier, deliveries)| (supplier, performance(&deliveries))).collect();
    Ok(SupplierPerformances { rows, totals })
}

async fn measure_performance(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    filter: &DeliveryFilter,
    (span, now): ((Timestamp, Timestamp), Timestamp),
) -> Result<Vec<(SupplierId, Delivery)>, Fault> {
    let reach = permit.reach();
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let scope = permit.scope(db).long();
    let today = LocalDays::at(&scope, now).await?;
    rows::deliveries(&scope, filter, span, &today, stores).await
}

/// Seconds of the longest span over which prices are compared: two years and a day.
const MAX_DRIFT_SPAN_SECONDS: i64 = 731 * 86_400;

/// Price changes of each supplier, and of all of them together.
#[derive(Debug, Clone, Default)]
pub struct SupplierPriceDrifts {
    pub of: HashMap<SupplierId, Vec<PriceDrift>>,
    pub totals: Vec<PriceDrift>,
}

/// Returns the price changes of the same suppliers in the orders of a span, of its last 731 days:
/// of the permit's stores.
pub async fn supplier_price_drifts(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    filter: &DeliveryFilter,
    (from, to): (Timestamp, Timestamp),
) -> Result<SupplierPriceDrifts, Fault> {
    let reach = permit.reach();
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let scope = permit.scope(db).long();
    let from = from.max(to.plus_seconds(-MAX_DRIFT_SPAN_SECONDS));
    let found = rows::product_prices(&scope, filter, (from, to), stores).await?;
    let totals = price_drifts(found.iter().map(|(_, prices)| prices));
    let mut by_supplier: HashMap<SupplierId, Vec<ProductPrices>> = HashMap::new();
    for (supplier, prices) in found {
        by_supplier.entry(supplier).or_default().push(prices);
    }
    let drifts_by_supplier = by_supplier.into_iter().map(|(supplier, prices)| (supplier, price_drifts(&prices))).collect();
    Ok(SupplierPriceDrifts { of: drifts_by_supplier, totals })
}
