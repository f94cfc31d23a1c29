//! Asking for policies and plans.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::purchasing::rows::add_merged_suppliers;
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Nested, Reads},
};

use crate::replenishment::{
    core::{Plan, PlanLine, Policy},
    rows::{
        self, LineFilter, LinesSorted, PlanFilter, PlansSorted, PoliciesSorted, PolicyFilter,
        line_tests::{PlanProducts, resolve_products},
    },
};

/// A page of policies: of the permit's stores, and those without a store.
pub async fn policy_page(
    permit: &Permit<kind::StockPolicy>,
    db: &Database,
    (filter, sorted): (&Nested<PolicyFilter>, PoliciesSorted),
    request: &PageRequest,
) -> Result<ListPage<Policy>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let source = rows::policy_source(scope.backend(), filter, stores);
    Ok(ListPage { rows: rows::policy_page(&scope, source.clone(), sorted, request).await?, source })
}

/// A policy by its ID, if it is of a store of the permit's or without a store.
pub async fn find_policy(
    permit: &Permit<kind::StockPolicy>,
    db: &Database,
    id: ReplenishmentPolicyId,
) -> Result<Option<Policy>, Fault> {
    let stored_policy = rows::policy(&permit.scope(db), id).await?;
    Ok(stored_policy.filter(|policy| policy.scope.store.is_none_or(|store| permit.covers(store))))
}

/// A page of plans in the requested order.
pub async fn plan_page(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    filter: &Nested<PlanFilter>,
    sorted: PlansSorted,
    request: &PageRequest,
) -> Result<ListPage<Plan>, Fault> {
    let scope = permit.scope(db);
    let source = rows::plans_source(scope.backend(), filter);
    Ok(ListPage { rows: rows::plan_page(&scope, source.clone(), sorted, request).await?, source })
}

/// The plan of an id.
pub async fn find_plan(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    id: ReplenishmentPlanId,
) -> Result<Option<Plan>, Fault> {
    rows::plan(&permit.scope(db), id).await
}

/// Completes a filter: adds the suppliers who are merged into its own, and looks up the products of
/// its catalogue conditions among the lines of a dry run, or else among the stored lines. Returns
/// whether a search may have found only some of them.
pub async fn complete_filter(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    filter: &mut Nested<LineFilter>,
    (plan, new_lines): (ReplenishmentPlanId, Option<&[PlanLine]>),
) -> Result<bool, Fault> {
    let scope = permit.scope(db);
    let suppliers = filter.all_mut().into_iter().filter_map(|part| part.suppliers.as_mut()).collect();
    add_merged_suppliers(&scope, suppliers).await?;
    let parts = filter.all_mut().into_iter().map(|part| &mut part.of_catalogue);
    let catalogue_filters: Vec<&mut PlanProducts> = parts.filter(|products| products.is_unresolved()).collect();
    if catalogue_filters.is_empty() {
        return Ok(false);
    }
    let plan_products = match new_lines {
        Some(lines) => lines.iter().map(|line| line.product).collect(),
        None => rows::products_of(&scope, plan).await?,
    };
    resolve_products(&scope, catalogue_filters, &plan_products).await
}

/// Returns the cost of a plan's purchases that are neither cut nor refused, one sum for each
/// currency: only purchases for stores of the permit.
pub async fn plan_costs(permit: &Permit<kind::PurchaseRead>, db: &Database, plan: &Plan) -> Result<Vec<Money>, Fault> {
    match permit.reach() {
        Reach::Everywhere => Ok(plan.costs.clone()),
        Reach::Stores(stores) => rows::purchase_sums(&permit.scope(db), plan.id, &stores).await,
    }
}

/// A page of a plan's lines: those to or from stores of the permit's.
pub async fn line_page(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    (plan, filter): (ReplenishmentPlanId, &Nested<LineFilter>),
    sorted: LinesSorted,
    request: &PageRequest,
) -> Result<ListPage<PlanLine>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let visible_stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let source = rows::lines_source(scope.backend(), plan, visible_stores, filter);
    Ok(ListPage { rows: rows::line_page(&scope, source.clone(), sorted, request).await?, source })
}
