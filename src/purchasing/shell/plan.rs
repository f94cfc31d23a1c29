//! What to order, and how suppliers deliver.

use entity::prelude::*;

use crate::{
    access::{Permit, Reach, kind},
    purchasing::{
        core::{Performance, Plan, Suggestion, performance, suggest},
        rows::{self, Situation},
    },
    storage::{Database, Fault, Reads},
};

/// Suggestions of an answer at most.
pub const MAX_SUGGESTIONS: usize = 5_000;

/// What suggestions are asked for.
#[derive(Debug, Clone)]
pub struct PlanAsk {
    /// None: all that the caller sees.
    pub stores: Option<Vec<StoreId>>,
    /// Only what is bought from this one.
    pub supplier: Option<SupplierId>,
    pub plan: Plan,
    /// The local day that counts as today: sales are taken from the days before it.
    pub today: i32,
}

/// Suggestions with their products and suppliers, in the order of the products. Seven statements, however many levels there are.
pub async fn suggestions(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    ask: &PlanAsk,
) -> Result<Vec<(Situation, Vec<Suggestion>)>, Fault> {
    let scope = permit.scope(db).long();
    let reach = permit.reach();
    let seen = if let Reach::Stores(stores) = &reach { Some(stores.to_vec()) } else { None };
    let days = (ask.today - i32::from(ask.plan.days), ask.today);
    let mut all = rows::situations(&scope, seen.as_deref(), ask.stores.as_deref(), days).await?;
    if let Some(supplier) = ask.supplier {
        all.retain(|one| one.supplier == Some(supplier));
    }
    let lead_days = lead_days(&scope, &all).await?;
    let mut found = Vec::new();
    for one in all {
        let days = one.supplier.and_then(|supplier| lead_days.get(&supplier).copied());
        let suggested = suggest(&ask.plan, &one.places, one.supply.as_ref(), days);
        if !suggested.is_empty() {
            found.push((one, suggested));
        }
    }
    Ok(found)
}

/// The suppliers' own lead times.
async fn lead_days(reads: &impl Reads, all: &[Situation]) -> Result<std::collections::HashMap<SupplierId, u16>, Fault> {
    let mut suppliers: Vec<SupplierId> = all.iter().filter_map(|one| one.supplier).collect();
    suppliers.sort_unstable();
    suppliers.dedup();
    let known = rows::known_suppliers(reads, &suppliers, &[]).await?;
    Ok(known.into_iter().filter_map(|one| Some((one.id, u16::try_from(one.lead_time_days?).ok()?))).collect())
}

/// How a supplier delivered what was ordered in a span, to the permit's stores.
pub async fn supplier_performance(
    db: &Database,
    permit: &Permit<kind::PurchaseRead>,
    supplier: SupplierId,
    span: (Timestamp, Timestamp),
) -> Result<Performance, Fault> {
    let reach = permit.reach();
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    Ok(performance(&rows::deliveries(&permit.scope(db).long(), supplier, span, stores).await?))
}
