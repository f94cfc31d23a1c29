//! Queries for dead stock, criteria, plans, their lines and their recovery.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permission, Permit, Reach, kind};
use inventory::{catalog::rows::small_tables::tenant_zone, ledger::Ledger, purchasing::rows::add_merged_suppliers};
use platform::{
    clock::local_day,
    paging::{Key, ListPage, PageRequest},
    storage::{Database, Fault, Nested, Reads, TenantScope},
};

use super::compute::{ProposalScope, compute_proposals};
use crate::{
    demand::shell::catch_up_for_reader,
    liquidation::{
        core::{Plan, PlanLine, Proposal, Recovery, SALES_DAYS, recovered_minor, sum, total_cost},
        rows::{self, LineFilter, LinesSorted, PlanFilter, PlansSorted, Settings},
    },
    replenishment::rows::line_tests::{PlanProducts, resolve_products},
    reports::{
        core::Span,
        shell::{RankedRow, ReportSource},
    },
};

/// Products whose sales are read together.
const CHUNK: usize = 500;

/// Query for dead stock. None is all.
#[derive(Debug, Clone, Default)]
pub struct DeadStockRequest {
    pub products: Option<Vec<ProductId>>,
    pub stores: Option<Vec<StoreId>>,
    pub actions: Option<Vec<LiquidationAction>>,
}

/// Totals of the list. Amounts are minor units of the company's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadSums {
    pub levels: i64,
    pub value: i64,
    /// Levels without a known cost, which the value leaves out.
    pub without_cost: i64,
    pub expected: Recovery,
}

/// Dead and slow stock in descending order of value: by its cost, or by its price if the caller may
/// not see costs.
pub struct DeadStock {
    pub source: ReportSource,
    pub totals: DeadSums,
    pub rows: Vec<RankedRow<Proposal>>,
}

/// The requested stores that a permit covers.
pub(super) fn stores_within<P: Permission>(permit: &Permit<P>, requested_stores: Option<Vec<StoreId>>) -> Option<Vec<StoreId>> {
    let Reach::Stores(permitted_stores) = permit.reach() else { return requested_stores };
    let is_asked = |store: &StoreId| requested_stores.as_ref().is_none_or(|requested_stores| requested_stores.contains(store));
    Some(permitted_stores.iter().copied().filter(is_asked).collect())
}

/// Lists dead and slow stock in stores of the permit's.
pub async fn dead_stock(
    ledger: &Ledger,
    permit: Permit<kind::ReportRead>,
    request: DeadStockRequest,
) -> Result<DeadStock, Fault> {
    let (db, scope) = (ledger.database(), permit.scope(ledger.database()));
    let progress = Box::pin(catch_up_for_reader(db, scope.tenant())).await?;
    let criteria = rows::settings(&scope).await?.criteria;
    let proposal_scope = ProposalScope {
        products: request.products,
        listed: stores_within(&permit, request.stores),
        seen: stores_within(&permit, None),
    };
    let computed = Box::pin(compute_proposals(&scope, ledger.clock(), &criteria, proposal_scope)).await?;
    let is_asked = |proposal: &Proposal| {
        let word = proposal.best_candidate().map(|chosen| chosen.act.word());
        request.actions.as_ref().is_none_or(|requested_actions| word.is_some_and(|word| requested_actions.contains(&word)))
    };
    // A sort by costs reveals them, and so do the keys of its cursors.
    let sees_costs = permit.caller().sees_costs();
    let (mut totals, mut ranked) = (DeadSums::default(), Vec::new());
    for proposal in computed.proposals.into_iter().filter(is_asked) {
        totals.levels += 1;
        totals.value = totals.value.saturating_add(proposal.value.unwrap_or_default());
        totals.without_cost += i64::from(proposal.value.is_none());
        totals.expected = totals.expected.plus(proposal.best_candidate().map(|chosen| chosen.recovery).unwrap_or_default());
        // Levels without a value come last.
        let sort_value = if sees_costs { proposal.value } else { proposal.value_at_price() };
        let sort_key = Key::Int(sort_value.map_or(i64::MAX, |sort_value| -sort_value));
        let keys = vec![sort_key, proposal.product.into(), proposal.store.into()];
        ranked.push((proposal, keys));
    }
    ranked.sort_by(|one, other| one.1.cmp(&other.1));
    let span = Span { from: computed.business_date - SALES_DAYS + 1, to: computed.business_date };
    Ok(DeadStock { source: ReportSource { currency: computed.currency, span, progress }, totals, rows: ranked })
}

/// The tenant's criteria, or the default ones.
pub async fn find_settings(permit: &Permit<kind::ReportRead>, db: &Database) -> Result<(Settings, Currency), Fault> {
    let scope = permit.scope(db);
    Ok((rows::settings(&scope).await?, crate::insight::rows::default_currency(&scope).await?))
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
pub async fn find_plan(permit: &Permit<kind::PurchaseRead>, db: &Database, id: LiquidationPlanId) -> Result<Option<Plan>, Fault> {
    rows::plan(&permit.scope(db), id).await
}

/// Default order of lines: by cost only for callers who may see costs.
pub fn line_order(permit: &Permit<kind::PurchaseRead>) -> LinesSorted {
    if permit.caller().sees_costs() { LinesSorted::default() } else { rows::BY_PRODUCT }
}

/// Completes a filter: adds the suppliers who are merged into its own, and looks up the products of
/// its catalogue conditions among the lines of a dry run, or else among the stored lines. Returns
/// whether a search may have found only some of them.
pub async fn complete_filter(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    filter: &mut Nested<LineFilter>,
    (plan, new_lines): (LiquidationPlanId, Option<&[PlanLine]>),
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

/// A page of a plan's lines: those of stores of the permit's, or to them.
pub async fn line_page(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    (plan, filter): (LiquidationPlanId, &Nested<LineFilter>),
    sorted: LinesSorted,
    request: &PageRequest,
) -> Result<ListPage<PlanLine>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let visible_stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    let source = rows::lines_source(scope.backend(), plan, visible_stores, filter);
    Ok(ListPage { rows: rows::line_page(&scope, source.clone(), sorted, request).await?, source })
}

/// Returns the recovered amounts of a plan's lines so far, or the stored ones of scored lines;
/// lines without a result are left out.
pub async fn line_results(
    permit: &Permit<kind::PurchaseRead>,
    ledger: &Ledger,
    plan: &Plan,
    lines: &[PlanLine],
) -> Result<HashMap<LiquidationLineId, i64>, Fault> {
    let scope = permit.scope(ledger.database());
    let Some(since) = lines.iter().filter_map(|line| line.approved_on).min() else { return Ok(HashMap::new()) };
    Box::pin(catch_up_for_reader(ledger.database(), scope.tenant())).await?;
    let today = local_day(ledger.clock().now(), &tenant_zone(&scope).await?);
    results(&scope, plan.currency, lines, (since, today)).await
}

pub(super) async fn results(
    scope: &TenantScope,
    currency: Currency,
    lines: &[PlanLine],
    (since, today): (i32, i32),
) -> Result<HashMap<LiquidationLineId, i64>, Fault> {
    let approved_lines = lines.iter().filter(|line| line.approved_on.is_some() && line.score.is_none());
    let mut products: Vec<ProductId> = approved_lines.map(|line| line.sales_level().0).collect();
    products.sort_unstable();
    products.dedup();
    let mut sales = HashMap::new();
    for chunk in products.chunks(CHUNK) {
        sales.extend(rows::sales_since(scope, chunk, since, currency).await?);
    }
    let result_of = |line: &PlanLine| {
        if let Some(score) = line.score {
            return Some((line.id, score.recovered));
        }
        let days = sales.get(&line.sales_level()).map(Vec::as_slice).unwrap_or_default();
        recovered_minor(line, days, today).map(|minor| (line.id, minor))
    };
    Ok(lines.iter().filter_map(result_of).collect())
}

/// Whether a line is of a store of the permit's, or to one.
fn can_see(permit: &Permit<kind::PurchaseRead>, line: &PlanLine) -> bool {
    permit.covers(line.store) || line.act.target().is_some_and(|store| permit.covers(store))
}

/// Returns the cost of a plan's units, in minor units, and its expected recovery: of the lines that
/// the caller sees.
pub async fn plan_sums(permit: &Permit<kind::PurchaseRead>, db: &Database, plan: &Plan) -> Result<(i64, Recovery), Fault> {
    if permit.reach() == Reach::Everywhere {
        return Ok((plan.value_minor, plan.expected));
    }
    let mut lines = rows::lines_of(&permit.scope(db), plan.id).await?;
    lines.retain(|line| can_see(permit, line));
    Ok((total_cost(&lines), sum(&lines)))
}

/// Returns the recovered and the expected amounts of a plan's approved lines that the caller sees.
/// None if there are none.
pub async fn plan_result(
    permit: &Permit<kind::PurchaseRead>,
    ledger: &Ledger,
    plan: &Plan,
) -> Result<Option<(i64, Recovery)>, Fault> {
    let mut lines = rows::lines_of(&permit.scope(ledger.database()), plan.id).await?;
    lines.retain(|line| can_see(permit, line) && line.approved_on.is_some());
    if lines.is_empty() {
        return Ok(None);
    }
    let results = line_results(permit, ledger, plan, &lines).await?;
    let recovered_minor = results.values().fold(0_i64, |sum, minor| sum.saturating_add(*minor));
    Ok(Some((recovered_minor, sum(&lines))))
}
