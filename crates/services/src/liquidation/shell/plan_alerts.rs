//! Alerts for dead stock without a plan, and for lines that fall behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use inventory::{catalog::rows::small_tables::tenant_zone, ledger::Ledger, stock::core::LevelKey};
use platform::{
    clock::local_day,
    storage::{Fault, Reads, TenantScope},
};

use super::{
    ask::results,
    compute::{ProposalScope, compute_proposals},
};
use crate::{
    alerts::{Alerts, StandingCondition},
    demand::shell::catch_up,
    forecasting::rows::tenants_with_facts,
    liquidation::{
        core::{Criteria, PlanLine, is_behind},
        rows,
    },
};

/// Products that are read together.
const CHUNK: usize = 500;

/// Checks the stock and the plans of all tenants. A tenant that fails is logged and skipped, so
/// that it does not block the others.
pub async fn watch_all(ledger: &Ledger, alerts: &Alerts) -> Result<(), Fault> {
    for tenant in tenants_with_facts(&ledger.database().global()).await? {
        match Box::pin(reconcile_alerts(ledger, alerts, tenant)).await {
            Ok(0) => {}
            Ok(opened) => tracing::info!(tenant = %tenant, opened, "alerts of dead stock and of plans were opened"),
            Err(fault) => {
                tracing::warn!(tenant = %tenant, error = %fault, "dead stock and liquidation plans could not be checked for alerts");
            }
        }
    }
    Ok(())
}

/// Opens and closes the alerts of a tenant: for dead stock from the value in its criteria, and for
/// lines that are behind. Returns how many were opened.
pub async fn reconcile_alerts(ledger: &Ledger, alerts: &Alerts, tenant: TenantId) -> Result<usize, Fault> {
    let scope = ledger.database().tenant(tenant).long();
    let criteria = rows::settings(&scope).await?.criteria;
    let lines = rows::lines_under_way(&scope).await?;
    if criteria.alert_value_minor.is_some() || !lines.is_empty() {
        Box::pin(catch_up(ledger.database(), tenant, usize::MAX)).await?;
    }
    let handled_levels: BTreeSet<LevelKey> = lines.iter().map(|(_, line)| level_key_of(line)).collect();
    let dead = match criteria.alert_value_minor {
        Some(value) => Box::pin(find_dead_levels(ledger, &scope, (&criteria, value), &handled_levels)).await?,
        None => Vec::new(),
    };
    let behind = find_lines_behind(ledger, &scope, lines).await?;
    let opened = alerts.reconcile_conditions(tenant, AlertKind::DeadStock, &dead).await?;
    Ok(opened + alerts.reconcile_conditions(tenant, AlertKind::LiquidationBehind, &behind).await?)
}

const fn level_key_of(line: &PlanLine) -> LevelKey {
    LevelKey { product: line.product, store: line.store }
}

/// Dead or slow levels with at least this cost, except those with an active line of a plan.
async fn find_dead_levels(
    ledger: &Ledger,
    scope: &TenantScope,
    (criteria, value): (&Criteria, i64),
    handled_levels: &BTreeSet<LevelKey>,
) -> Result<Vec<StandingCondition>, Fault> {
    // Only dead stock is needed here, and not the best action for it.
    let least_value_minor = criteria.least_value_minor.max(value);
    let criteria = Criteria { bundle_percent: None, least_value_minor, ..criteria.clone() };
    let computed = Box::pin(compute_proposals(scope, ledger.clock(), &criteria, ProposalScope::default())).await?;
    let mut standing_conditions: Vec<StandingCondition> = computed
        .proposals
        .iter()
        .map(|proposal| StandingCondition {
            level: LevelKey { product: proposal.product, store: proposal.store },
            category: None,
            quantity: proposal.free,
            threshold: None,
            day: proposal.days_without_sale.map(|days| computed.business_date - days),
        })
        .filter(|one| !handled_levels.contains(&one.level))
        .collect();
    fill_categories(scope, &mut standing_conditions).await?;
    Ok(standing_conditions)
}

/// Levels with a line that is behind; of several lines the first one's figures.
async fn find_lines_behind(
    ledger: &Ledger,
    scope: &TenantScope,
    lines: Vec<(Currency, PlanLine)>,
) -> Result<Vec<StandingCondition>, Fault> {
    let today = local_day(ledger.clock().now(), &tenant_zone(scope).await?);
    let mut of_currencies: Vec<(Currency, Vec<PlanLine>)> = Vec::new();
    for (currency, line) in lines {
        match of_currencies.iter_mut().find(|(existing, _)| *existing == currency) {
            Some((_, lines)) => lines.push(line),
            None => of_currencies.push((currency, vec![line])),
        }
    }
    let mut conditions: BTreeMap<LevelKey, StandingCondition> = BTreeMap::new();
    for (currency, lines) in of_currencies {
        let Some(since) = lines.iter().filter_map(|line| line.approved_on).min() else { continue };
        let recovered = results(scope, currency, &lines, (since, today)).await?;
        for line in lines.iter().filter(|line| is_behind(line, recovered.get(&line.id).copied().unwrap_or_default(), today)) {
            let level = level_key_of(line);
            let standing =
                StandingCondition { level, category: None, quantity: line.quantity, threshold: None, day: Some(line.until) };
            conditions.entry(level).or_insert(standing);
        }
    }
    let mut standing: Vec<StandingCondition> = conditions.into_values().collect();
    fill_categories(scope, &mut standing).await?;
    Ok(standing)
}

async fn fill_categories(reads: &impl Reads, standing_conditions: &mut [StandingCondition]) -> Result<(), Fault> {
    let mut products: Vec<ProductId> = standing_conditions.iter().map(|one| one.level.product).collect();
    products.sort_unstable();
    products.dedup();
    let mut categories: HashMap<ProductId, Option<CategoryId>> = HashMap::new();
    for chunk in products.chunks(CHUNK) {
        categories.extend(rows::products(reads, chunk).await?.into_iter().map(|facts| (facts.id, facts.category_id)));
    }
    for one in standing_conditions {
        one.category = categories.get(&one.level.product).copied().flatten();
    }
    Ok(())
}
