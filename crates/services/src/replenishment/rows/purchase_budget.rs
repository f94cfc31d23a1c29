//! A tenant's budget, and what counts against it.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::replenishment_budget,
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;

use crate::replenishment::core::Budget;

/// A budget as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBudget {
    /// None: purchases have no limit any more.
    pub budget: Option<Budget>,
    pub version: i64,
    pub updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = replenishment_budget, alias = "b")]
struct BudgetRow {
    body: String,
    version: i64,
    updated_at: Timestamp,
}

/// The tenant's budget; None before somebody has set one.
pub async fn budget(reads: &impl Reads) -> Result<Option<KeptBudget>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_budget b WHERE b.tenant_id = $1", BudgetRow::SELECT);
    let Some(row) = reads.records::<BudgetRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let budget =
        serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("replenishment_budget", "its body has the budget"))?;
    Ok(Some(KeptBudget { budget, version: row.version, updated_at: row.updated_at }))
}

/// Writes a budget in the place of the one that was there.
pub async fn change_budget(work: &Work, kept: &KeptBudget) -> Result<(), Fault> {
    let body = serde_json::to_string(&kept.budget).map_err(|err| Fault::Broken(err.to_string()))?;
    let sql = "INSERT INTO replenishment_budget (tenant_id, body, version, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id) DO UPDATE SET body = excluded.body, version = excluded.version, updated_at = excluded.updated_at";
    let values: Vec<Value> = vec![body.into(), kept.version.into(), kept.updated_at.micros().into()];
    work.execute(sql, values).await.map(drop)
}

/// A sum of minor units, exact up to 2^53.
async fn sum(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<i64, Fault> {
    let rows = reads.rows(sql, values).await?;
    let sum: Option<f64> = rows.first().map(Row::scalar).transpose()?;
    Ok(sum.unwrap_or_default() as i64)
}

/// What the goods of orders cost that were placed from one moment until before another, those of orders that have yet to be placed, and what is
/// approved without an order yet. The sums are read in the order in which goods go from one to the next: what goes on meanwhile counts twice, and is
/// not missed.
pub async fn committed_between(
    reads: &impl Reads,
    currency: Currency,
    (from, until): (Timestamp, Timestamp),
) -> Result<i64, Fault> {
    let claimed = "SELECT CAST(coalesce(sum(CAST(l.cost_minor AS double precision)), 0) AS double precision)
        FROM replenishment_plan p JOIN replenishment_line l ON l.tenant_id = $1 AND l.plan_id = p.id AND l.state = 'CLAIMED'
        WHERE p.tenant_id = $1 AND l.kind = 'PURCHASE' AND l.cost_currency = $2";
    let claimed = sum(reads, claimed, vec![currency.to_string().into()]).await?;
    let placed =
        "SELECT CAST(coalesce(sum(CAST(o.goods_minor AS double precision)), 0) AS double precision) FROM purchase_order o
        WHERE o.tenant_id = $1 AND o.ordered_at >= $2 AND o.ordered_at < $3 AND o.currency = $4 AND o.status <> 'CANCELLED'";
    let of_days = vec![from.micros().into(), until.micros().into(), currency.to_string().into()];
    let waiting =
        "SELECT CAST(coalesce(sum(CAST(o.goods_minor AS double precision)), 0) AS double precision) FROM purchase_order o
        WHERE o.tenant_id = $1 AND o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED') AND o.currency = $2";
    let waiting = sum(reads, waiting, vec![currency.to_string().into()]).await?;
    let placed = sum(reads, placed, of_days).await?;
    Ok(placed.saturating_add(waiting).saturating_add(claimed))
}

/// What the goods of a plan's orders cost, and what of it is approved without an order yet.
pub async fn committed_of(reads: &impl Reads, currency: Currency, plan: ReplenishmentPlanId) -> Result<i64, Fault> {
    let claimed =
        "SELECT CAST(coalesce(sum(CAST(l.cost_minor AS double precision)), 0) AS double precision) FROM replenishment_line l
        WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.state = 'CLAIMED' AND l.kind = 'PURCHASE' AND l.cost_currency = $3";
    let claimed = sum(reads, claimed, vec![plan.into(), currency.to_string().into()]).await?;
    let ordered =
        "SELECT CAST(coalesce(sum(CAST(o.goods_minor AS double precision)), 0) AS double precision) FROM purchase_order o
        WHERE o.tenant_id = $1 AND o.currency = $3 AND o.status NOT IN ('CANCELLED', 'REJECTED')
          AND o.id IN (SELECT l.purchase_order_id FROM replenishment_line l
            WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.kind = 'PURCHASE' AND l.purchase_order_id IS NOT NULL)";
    let ordered = sum(reads, ordered, vec![plan.into(), currency.to_string().into()]).await?;
    Ok(ordered.saturating_add(claimed))
}
