//! Proposals whose lead time has passed, and their results.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::replenishment_line,
};
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::Value;

use super::lines::figures_of;
use crate::{
    demand::rows::{CURRENT, by_level},
    replenishment::core::{ActualFigures, LineScore, NAIVE_DAYS, PlanScore},
};

/// Proposals that are scored at once.
const CHUNK: i64 = 500;

/// Result of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineOutcome {
    pub plan: ReplenishmentPlanId,
    pub position: i32,
    pub score: LineScore,
}

#[derive(Record)]
#[record(of = replenishment_line, alias = "l")]
struct DueLine {
    plan_id: ReplenishmentPlanId,
    position: i32,
    quantity: i64,
    body: String,
}

/// A proposal to score, with the later events of its level. Placeholders stand for expressions of
/// the statement.
#[derive(Record)]
struct DueRow {
    line: DueLine,
    #[record(sql = "(SELECT CAST(sum(x.quantity) AS bigint) FROM purchase_order o
             JOIN purchase_order_line x ON x.tenant_id = $1 AND x.purchase_order_id = o.id AND x.product_id = l.product_id
             WHERE o.tenant_id = $1 AND o.id = l.purchase_order_id AND o.status NOT IN ('CANCELLED', 'REJECTED') AND x.cancelled_at IS NULL)")]
    bought: Option<i64>,
    #[record(sql = "(SELECT CAST(sum(x.quantity) AS bigint) FROM transfer t
             JOIN transfer_line x ON x.tenant_id = $1 AND x.transfer_id = t.id AND x.product_id = l.product_id
             WHERE t.tenant_id = $1 AND t.id = l.transfer_id AND t.status <> 'CANCELLED')")]
    moved: Option<i64>,
    #[record(
        sql = "(SELECT CAST(coalesce(sum(d.ordered_units - d.cancelled_units - d.taken_back_units), 0) AS bigint) FROM demand_day d{by_level}
             WHERE d.tenant_id = $1 AND d.generation = {current} AND d.product_id = l.product_id AND d.store_id = l.store_id
               AND d.business_date >= p.business_date AND d.business_date < l.due_on)"
    )]
    demand: i64,
    #[record(sql = "(SELECT CAST(coalesce(sum(
               CASE WHEN coalesce(s.to_date, l.due_on) < l.due_on THEN s.to_date ELSE l.due_on - 1 END
               - CASE WHEN s.from_date > p.business_date THEN s.from_date ELSE p.business_date END + 1), 0) AS bigint) FROM stock_span s
             WHERE s.tenant_id = $1 AND s.generation = {current} AND s.product_id = l.product_id AND s.store_id = l.store_id AND s.state = 'OUT'
               AND s.from_date < l.due_on AND (s.to_date IS NULL OR s.to_date >= p.business_date))")]
    out_days: i64,
    #[record(
        sql = "(SELECT CAST(coalesce(sum(d.ordered_units - d.cancelled_units - d.taken_back_units), 0) AS bigint) FROM demand_day d{by_level}
             WHERE d.tenant_id = $1 AND d.generation = {current} AND d.product_id = l.product_id AND d.store_id = l.store_id
               AND d.business_date >= p.business_date - {naive_days} AND d.business_date < p.business_date)"
    )]
    sold_before: i64,
    #[record(sql = "(SELECT v.on_hand - v.unavailable - v.reserved FROM stock_level v
             WHERE v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = l.store_id)")]
    left: Option<i64>,
}

impl TryFrom<DueRow> for LineOutcome {
    type Error = Fault;
    fn try_from(row: DueRow) -> Result<Self, Fault> {
        let DueRow { line, bought, moved, demand, out_days, sold_before, left } = row;
        let out_days = i32::try_from(out_days).unwrap_or(i32::MAX);
        let happened = ActualFigures { demand, out_days, left: left.unwrap_or_default(), sold_before };
        let score = LineScore::of(line.quantity, &figures_of(&line.body)?, bought.or(moved), happened);
        Ok(Self { plan: line.plan_id, position: line.position, score })
    }
}

/// Sums of the scored lines of a plan.
#[derive(Record)]
struct PlanScoreRow {
    #[record(of = replenishment_line, alias = "l")]
    plan_id: ReplenishmentPlanId,
    #[record(sql = "CAST(count(*) AS bigint)")]
    lines: i64,
    #[record(sql = "CAST(sum(l.is_within) AS bigint)")]
    within: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.demand_units <= l.naive_units THEN 1 ELSE 0 END) AS bigint)")]
    naive_within: i64,
}

impl From<PlanScoreRow> for PlanScore {
    fn from(row: PlanScoreRow) -> Self {
        Self { plan: row.plan_id, lines: row.lines, within: row.within, naive_within: row.naive_within }
    }
}

/// Columns of a line that a score changes.
#[derive(Record)]
#[record(of = replenishment_line)]
struct ScoredLine {
    plan_id: ReplenishmentPlanId,
    position: i32,
    outcome: Option<ReplenishmentOutcome>,
    demand_units: Option<i64>,
    is_within: Option<i32>,
    out_days: Option<i32>,
    left_units: Option<i64>,
    excess_units: Option<i64>,
    naive_units: Option<i64>,
}

/// Scores the next proposals without a score whose delivery was due by a day: no more than are
/// written at once.
pub async fn due_scores(reads: &impl Reads, today: i32) -> Result<Vec<LineOutcome>, Fault> {
    let select = DueRow::SELECT
        .replace("{by_level}", &by_level(reads.backend()))
        .replace("{current}", CURRENT)
        .replace("{naive_days}", &NAIVE_DAYS.to_string());
    let sql = format!(
        "SELECT {select} FROM replenishment_line l JOIN replenishment_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         WHERE l.tenant_id = $1 AND l.due_on IS NOT NULL AND l.outcome IS NULL AND l.due_on <= $2
         ORDER BY l.due_on, l.plan_id, l.position LIMIT $3"
    );
    let values: Vec<Value> = vec![today.into(), CHUNK.into()];
    reads.records::<DueRow>(&sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

/// Writes scores on their lines.
pub async fn write_scores(work: &Work, scores: &[LineOutcome]) -> Result<(), Fault> {
    let mut rows = Rows::<ScoredLine>::update(work.tenant());
    for LineOutcome { plan, position, score } in scores {
        rows.push(ScoredLine {
            plan_id: *plan,
            position: *position,
            outcome: Some(score.outcome),
            demand_units: Some(score.demand),
            is_within: Some(score.is_within.into()),
            out_days: Some(score.out_days),
            left_units: Some(score.left),
            excess_units: Some(score.excess),
            naive_units: score.naive_point,
        });
    }
    work.write(Bulk::from(rows)).await
}

/// Returns the plans with a line that is not scored yet.
pub async fn find_unscored_plans(
    reads: &impl Reads,
    plans: &BTreeSet<ReplenishmentPlanId>,
) -> Result<BTreeSet<ReplenishmentPlanId>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM replenishment_plan p WHERE p.tenant_id = $1 AND {} AND EXISTS (SELECT 1 FROM replenishment_line l
           WHERE l.tenant_id = $1 AND l.plan_id = p.id AND l.due_on IS NOT NULL AND l.outcome IS NULL)",
        backend.in_ids("p.id", 2)
    );
    reads.rows(&sql, vec![backend.ids(plans.iter().copied())]).await?.iter().map(Row::scalar).collect()
}

/// Sums of the scored lines of plans.
pub async fn plan_scores(reads: &impl Reads, plans: &BTreeSet<ReplenishmentPlanId>) -> Result<Vec<PlanScore>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM replenishment_line l WHERE l.tenant_id = $1 AND {} AND l.outcome IS NOT NULL GROUP BY l.plan_id ORDER BY l.plan_id",
        PlanScoreRow::SELECT,
        backend.in_ids("l.plan_id", 2)
    );
    let rows = reads.records::<PlanScoreRow>(&sql, vec![backend.ids(plans.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Proposals of one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct OutcomeSum {
    #[record(of = replenishment_line, alias = "l", not_null)]
    pub outcome: ReplenishmentOutcome,
    #[record(sql = "CAST(count(*) AS bigint)")]
    pub lines: i64,
    #[record(sql = "CAST(sum(l.is_within) AS bigint)")]
    pub within: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.out_days > 0 THEN 1 ELSE 0 END) AS bigint)")]
    pub ran_out: i64,
    #[record(sql = "CAST(sum(l.out_days) AS bigint)")]
    pub out_days: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.excess_units > 0 THEN 1 ELSE 0 END) AS bigint)")]
    pub excess: i64,
    /// Proposals with a naive policy's reorder point, and those of them whose demand did not exceed
    /// it.
    #[record(sql = "CAST(count(l.naive_units) AS bigint)")]
    pub naive_lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.demand_units <= l.naive_units THEN 1 ELSE 0 END) AS bigint)")]
    pub naive_within: i64,
}

/// Proposals whose delivery was due in a period, of these stores or of all, by outcome.
pub async fn outcome_sums(
    reads: &impl Reads,
    (from, to): (i32, i32),
    stores: Option<&[StoreId]>,
) -> Result<Vec<OutcomeSum>, Fault> {
    let backend = reads.backend();
    let mut values: Vec<Value> = vec![from.into(), to.into()];
    let mut store_condition = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        store_condition = format!(" AND {}", backend.in_ids("l.store_id", 4));
    }
    let sql = format!(
        "SELECT {} FROM replenishment_line l
         WHERE l.tenant_id = $1 AND l.due_on >= $2 AND l.due_on <= $3 AND l.outcome IS NOT NULL{store_condition} GROUP BY l.outcome ORDER BY l.outcome",
        OutcomeSum::SELECT
    );
    reads.records(&sql, values).await
}
