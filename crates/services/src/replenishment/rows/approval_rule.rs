//! A tenant's approval rule, the nightly plans that it has not processed yet, suppliers with
//! earlier orders, and today's costs of lines.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, replenishment_rule},
};
use inventory::{
    catalog::rows::merge::SURVIVOR,
    purchasing::{core::Supply, rows::supplies},
};
use platform::{
    jobs::Horizon,
    storage::{Fault, Finds, Global, Reads, Row, SUSPENDED, Work},
};

use crate::replenishment::core::{ApprovalRule, LineState, PlanLine};

/// Lines whose prices are read together.
const CHUNK: usize = 500;

/// A rule as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredRule {
    pub rule: ApprovalRule,
    /// Plans that were made up to this moment are older than the rule, or it has processed them.
    pub done_until: Timestamp,
    pub version: i64,
    pub updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = replenishment_rule, alias = "r")]
struct RuleRow {
    body: String,
    done_until: Timestamp,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CostRow {
    id: ProductId,
    unit_decimals: i32,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

impl CostRow {
    /// Returns the cost of so many units: by the supplier's offer, else by the product's own cost,
    /// as in a draft without prices.
    fn cost_of(&self, offer: Option<&Supply>, units: i64) -> Option<Money> {
        let quantity = Quantity::new(units)?;
        let own_cost = || Some(Money::new(self.cost_minor?, Currency::parse(self.cost_currency.as_deref()?)?));
        let unit_cost = offer.map(|offer| offer.cost_at(quantity)).or_else(own_cost)?;
        unit_cost.times(quantity, u8::try_from(self.unit_decimals).ok()?)
    }
}

/// The tenant's rule; None if it was never set.
pub async fn rule(reads: &impl Reads) -> Result<Option<StoredRule>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_rule r WHERE r.tenant_id = $1", RuleRow::SELECT);
    let Some(row) = reads.records::<RuleRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let rule = serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("replenishment_rule", "its body has the rule"))?;
    Ok(Some(StoredRule { rule, done_until: row.done_until, version: row.version, updated_at: row.updated_at }))
}

/// Replaces the stored rule.
pub async fn change_rule(work: &Work, stored_rule: &StoredRule) -> Result<(), Fault> {
    let body = serde_json::to_string(&stored_rule.rule).map_err(|err| Fault::Broken(err.to_string()))?;
    let row = replenishment_rule::Model {
        tenant_id: work.tenant(),
        is_on: stored_rule.rule.is_on.into(),
        body,
        done_until: stored_rule.done_until,
        version: stored_rule.version,
        updated_at: stored_rule.updated_at,
    };
    work.upsert(row).await
}

/// Limit for the moments of nightly plans and of `done_until`: later ones were written by a node
/// whose clock was ahead.
const HORIZON: Horizon = Horizon::of_days(4);
/// Seconds that the rule looks back if such a clock has written `done_until`.
const LOOKBACK_SECONDS: i64 = 86_400;

/// Stores that the rule has processed the plans up to a moment.
pub async fn mark_processed(work: &Work, made_at: Timestamp, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE replenishment_rule SET done_until = $2 WHERE tenant_id = $1 AND (done_until < $2 OR done_until > $3)";
    let values = vec![made_at.micros().into(), HORIZON.latest(now).micros().into()];
    work.execute(sql, values).await.map(drop)
}

/// Tenants whose rule is on.
pub async fn tenants_with_rule(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT r.tenant_id FROM replenishment_rule r WHERE r.is_on = 1 AND r.tenant_id NOT IN {SUSPENDED} ORDER BY r.tenant_id"
    );
    global.rows(&sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// The newest nightly plan, if it was made after a moment. A plan or a moment that was written by a
/// node whose clock was ahead does not hide later plans.
pub async fn nightly_since(reads: &impl Reads, moment: Timestamp, now: Timestamp) -> Result<Option<ReplenishmentPlanId>, Fault> {
    let until = HORIZON.latest(now);
    let moment = if moment > until { now.plus_seconds(-LOOKBACK_SECONDS) } else { moment };
    let sql =
        "SELECT p.id FROM replenishment_plan p WHERE p.tenant_id = $1 AND p.is_nightly = 1 AND p.made_at > $2 AND p.made_at <= $3
        ORDER BY p.made_at DESC, p.id DESC LIMIT 1";
    let rows = reads.rows(sql, vec![moment.micros().into(), until.micros().into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Returns those suppliers of lines from which, or from a supplier merged into them, something was
/// ordered before.
pub async fn known_suppliers(reads: &impl Reads, lines: &[PlanLine]) -> Result<BTreeSet<SupplierId>, Fault> {
    let supplier_ids: BTreeSet<SupplierId> = lines.iter().filter_map(|line| line.kind.supplier()).collect();
    if supplier_ids.is_empty() {
        return Ok(supplier_ids);
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT {SURVIVOR} FROM supplier s WHERE s.tenant_id = $1 AND {}
           AND EXISTS (SELECT 1 FROM purchase_order o WHERE o.tenant_id = $1 AND o.supplier_id = s.id AND o.ordered_at IS NOT NULL)",
        backend.in_ids(SURVIVOR, 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(supplier_ids)]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Returns the costs of the open purchases among these lines at today's prices. Lines without a
/// price are left out.
pub async fn costs_today(reads: &impl Reads, lines: &[PlanLine]) -> Result<HashMap<ReplenishmentLineId, Money>, Fault> {
    let open = lines.iter().filter(|line| line.state == LineState::Open);
    let purchases: Vec<(SupplierId, &PlanLine)> = open.filter_map(|line| Some((line.kind.supplier()?, line))).collect();
    let backend = reads.backend();
    let sql = format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND {}", CostRow::SELECT, backend.in_ids("p.id", 2));
    let mut costs = HashMap::with_capacity(purchases.len());
    for chunk in purchases.chunks(CHUNK) {
        let pairs: Vec<(SupplierId, ProductId)> = chunk.iter().map(|(supplier, line)| (*supplier, line.product)).collect();
        let offers = supplies(reads, &pairs).await?;
        let rows = reads.records::<CostRow>(&sql, vec![backend.ids(pairs.iter().map(|pair| pair.1))]).await?;
        let products: HashMap<ProductId, CostRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        for ((_, line), pair) in chunk.iter().zip(&pairs) {
            let cost = products.get(&line.product).and_then(|product| product.cost_of(offers.get(pair), line.quantity));
            costs.extend(cost.map(|cost| (line.id, cost)));
        }
    }
    Ok(costs)
}
