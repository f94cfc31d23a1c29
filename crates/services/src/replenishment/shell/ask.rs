//! Asking for policies and plans.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{Listed, PageRequest},
    storage::{Database, Fault, Nested, Reads},
};

use crate::replenishment::{
    core::{Plan, PlanLine, Policy},
    rows::{self, LineFilter, PlansSorted, PoliciesSorted, PolicyFilter},
};

/// A page of policies: of the permit's stores, and of none.
pub async fn policy_page(
    permit: &Permit<kind::StockPolicy>,
    db: &Database,
    (filter, sorted): (&Nested<PolicyFilter>, PoliciesSorted),
    request: &PageRequest,
) -> Result<Listed<Policy>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let source = rows::policy_source(scope.backend(), filter, stores);
    Ok(Listed { rows: rows::policy_page(&scope, source.clone(), sorted, request).await?, source })
}

/// The policy of an id, if it is of a store of the permit's or of none.
pub async fn find_policy(
    permit: &Permit<kind::StockPolicy>,
    db: &Database,
    id: ReplenishmentPolicyId,
) -> Result<Option<Policy>, Fault> {
    let found = rows::policy(&permit.scope(db), id).await?;
    Ok(found.filter(|policy| policy.scope.store.is_none_or(|store| permit.covers(store))))
}

/// A page of plans in the order that is asked for.
pub async fn plan_page(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    states: Option<&[ReplenishmentPlanState]>,
    sorted: PlansSorted,
    request: &PageRequest,
) -> Result<Listed<Plan>, Fault> {
    let scope = permit.scope(db);
    let source = rows::plans_source(scope.backend(), states);
    Ok(Listed { rows: rows::plan_page(&scope, source.clone(), sorted, request).await?, source })
}

/// The plan of an id.
pub async fn find_plan(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    id: ReplenishmentPlanId,
) -> Result<Option<Plan>, Fault> {
    rows::plan(&permit.scope(db), id).await
}

/// What a plan's purchases cost that are not cut, one sum a currency: those for stores of the permit's.
pub async fn plan_costs(permit: &Permit<kind::PurchaseRead>, db: &Database, plan: &Plan) -> Result<Vec<Money>, Fault> {
    match permit.reach() {
        Reach::Everywhere => Ok(plan.costs.clone()),
        Reach::Stores(stores) => rows::purchase_sums(&permit.scope(db), plan.id, &stores).await,
    }
}

/// A page of a plan's lines, the most urgent first: those to or from stores of the permit's.
pub async fn line_page(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    (plan, mut filter): (ReplenishmentPlanId, LineFilter),
    request: &PageRequest,
) -> Result<Listed<PlanLine>, Fault> {
    if let Reach::Stores(stores) = permit.reach() {
        filter.seen = Some(stores.to_vec());
    }
    let scope = permit.scope(db);
    let source = rows::lines_source(scope.backend(), plan, &filter);
    Ok(Listed { rows: rows::line_page(&scope, source.clone(), request).await?, source })
}
