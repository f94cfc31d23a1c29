//! Lines whose last days are over, and their results.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{liquidation_line, liquidation_plan},
};
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::Value;

use super::lines::LineRow;
use crate::liquidation::core::{LineScore, PlanLine, PlanScore, Recovery};

/// Lines that are scored at once.
const CHUNK: i64 = 500;

/// A line that is to be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct DueLine {
    pub plan: LiquidationPlanId,
    pub currency: Currency,
    pub line: PlanLine,
}

/// Result of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineOutcome {
    pub plan: LiquidationPlanId,
    pub position: i32,
    pub score: LineScore,
}

#[derive(Record)]
struct DueRow {
    line: LineRow,
    #[record(sql = "l.plan_id")]
    plan: LiquidationPlanId,
    #[record(sql = "p.currency")]
    currency: String,
}

/// Sums of the scored lines of a plan.
#[derive(Record)]
struct PlanScoreRow {
    #[record(of = liquidation_line, alias = "l")]
    plan_id: LiquidationPlanId,
    #[record(sql = "CAST(count(*) AS bigint)")]
    lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.outcome = 'BELOW' THEN 1 ELSE 0 END) AS bigint)")]
    below: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.outcome = 'ABOVE' THEN 1 ELSE 0 END) AS bigint)")]
    above: i64,
}

impl From<PlanScoreRow> for PlanScore {
    fn from(row: PlanScoreRow) -> Self {
        Self { plan: row.plan_id, lines: row.lines, below: row.below, above: row.above }
    }
}

/// Sums of the scored lines of one action in one currency.
#[derive(Record)]
struct ActionRow {
    #[record(of = liquidation_line, alias = "l")]
    action: LiquidationAction,
    #[record(of = liquidation_plan, alias = "p")]
    currency: String,
    #[record(sql = "CAST(count(*) AS bigint)")]
    lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.outcome = 'BELOW' THEN 1 ELSE 0 END) AS bigint)")]
    below: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.outcome = 'ABOVE' THEN 1 ELSE 0 END) AS bigint)")]
    above: i64,
    #[record(sql = "CAST(sum(l.recovered_minor) AS bigint)")]
    recovered: i64,
    #[record(sql = "CAST(sum(l.low_minor) AS bigint)")]
    low: i64,
    #[record(sql = "CAST(sum(l.likely_minor) AS bigint)")]
    likely: i64,
    #[record(sql = "CAST(sum(l.high_minor) AS bigint)")]
    high: i64,
}

/// Columns of a line that a score changes.
#[derive(Record)]
#[record(of = liquidation_line)]
struct ScoredLine {
    plan_id: LiquidationPlanId,
    position: i32,
    outcome: Option<LiquidationOutcome>,
    recovered_minor: Option<i64>,
}

/// The next approved lines without a score whose last day was before a day: no more than are scored
/// at once.
pub async fn due_lines(reads: &impl Reads, before: i32) -> Result<Vec<DueLine>, Fault> {
    let sql = format!(
        "SELECT {} FROM liquidation_line l JOIN liquidation_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         WHERE l.tenant_id = $1 AND l.approved_date IS NOT NULL AND l.outcome IS NULL AND l.state IN ('APPROVED', 'DONE') AND l.until_date < $2
         ORDER BY l.until_date, l.plan_id, l.position LIMIT $3",
        DueRow::SELECT
    );
    let read = |row: DueRow| {
        let unknown = || Fault::corrupt("liquidation_plan", "its currency is in use");
        let currency = Currency::parse(&row.currency).ok_or_else(unknown)?;
        Ok(DueLine { plan: row.plan, currency, line: PlanLine::try_from(row.line)? })
    };
    let values: Vec<Value> = vec![before.into(), CHUNK.into()];
    reads.records::<DueRow>(&sql, values).await?.into_iter().map(read).collect()
}

/// Writes scores on their lines.
pub async fn write_scores(work: &Work, scores: &[LineOutcome]) -> Result<(), Fault> {
    let mut rows = Rows::<ScoredLine>::update(work.tenant());
    for LineOutcome { plan, position, score } in scores {
        rows.push(ScoredLine {
            plan_id: *plan,
            position: *position,
            outcome: Some(score.outcome),
            recovered_minor: Some(score.recovered),
        });
    }
    work.write(Bulk::from(rows)).await
}

/// Returns the plans with an approved line that is not scored yet.
pub async fn find_unscored_plans(
    reads: &impl Reads,
    plans: &BTreeSet<LiquidationPlanId>,
) -> Result<BTreeSet<LiquidationPlanId>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM liquidation_plan p WHERE p.tenant_id = $1 AND {} AND EXISTS (SELECT 1 FROM liquidation_line l
           WHERE l.tenant_id = $1 AND l.plan_id = p.id AND l.approved_date IS NOT NULL AND l.outcome IS NULL AND l.state IN ('APPROVED', 'DONE'))",
        backend.in_ids("p.id", 2)
    );
    reads.rows(&sql, vec![backend.ids(plans.iter().copied())]).await?.iter().map(Row::scalar).collect()
}

/// Sums of the scored lines of plans.
pub async fn plan_scores(reads: &impl Reads, plans: &BTreeSet<LiquidationPlanId>) -> Result<Vec<PlanScore>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM liquidation_line l WHERE l.tenant_id = $1 AND {} AND l.outcome IS NOT NULL GROUP BY l.plan_id ORDER BY l.plan_id",
        PlanScoreRow::SELECT,
        backend.in_ids("l.plan_id", 2)
    );
    let rows = reads.records::<PlanScoreRow>(&sql, vec![backend.ids(plans.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Scored lines of one action, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSum {
    pub action: LiquidationAction,
    pub currency: Currency,
    pub lines: i64,
    pub below: i64,
    pub above: i64,
    /// Minor units.
    pub recovered: i64,
    pub expected: Recovery,
}

/// Lines whose last day was in a period, from or to these stores or of all, by action and currency.
pub async fn action_sums(
    reads: &impl Reads,
    (from, to): (i32, i32),
    stores: Option<&[StoreId]>,
) -> Result<Vec<ActionSum>, Fault> {
    let backend = reads.backend();
    let mut values: Vec<Value> = vec![from.into(), to.into()];
    let mut store_condition = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        store_condition = format!(" AND ({} OR {})", backend.in_ids("l.store_id", 4), backend.in_ids("l.to_store_id", 4));
    }
    let sql = format!(
        "SELECT {} FROM liquidation_line l JOIN liquidation_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         WHERE l.tenant_id = $1 AND l.until_date >= $2 AND l.until_date <= $3 AND l.outcome IS NOT NULL{store_condition}
         GROUP BY l.action, p.currency ORDER BY p.currency, l.action",
        ActionRow::SELECT
    );
    reads.records::<ActionRow>(&sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<ActionRow> for ActionSum {
    type Error = Fault;
    fn try_from(row: ActionRow) -> Result<Self, Fault> {
        let ActionRow { action, currency, lines, below, above, recovered, low, likely, high } = row;
        let unknown = || Fault::corrupt("liquidation_plan", "its currency is in use");
        let currency = Currency::parse(&currency).ok_or_else(unknown)?;
        Ok(Self { action, currency, lines, below, above, recovered, expected: Recovery { low, likely, high } })
    }
}
