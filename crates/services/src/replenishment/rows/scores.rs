//! Proposals whose lead time has passed, and how they came true.

use std::collections::BTreeSet;

use entity::{prelude::*, record::Record, tables::replenishment_line};
use platform::storage::{Bulk, Fault, Reads, Row, Rows, Work};
use sea_orm::Value;

use super::lines::figures_of;
use crate::{
    demand::rows::by_level,
    replenishment::core::{Happened, LineScore, NAIVE_DAYS, PlanScore},
};

/// Proposals that are scored at once.
const CHUNK: i64 = 500;
/// The rows that reports read.
const CURRENT: &str = "(SELECT b.generation FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current)";

/// How a proposal came true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    pub plan: ReplenishmentPlanId,
    pub position: i32,
    pub score: LineScore,
}

/// What a score changes of a line.
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

/// The next proposals without a score whose delivery was due by a day, scored: no more than are written at once.
pub async fn due_scores(reads: &impl Reads, today: i32) -> Result<Vec<Scored>, Fault> {
    let by_level = by_level(reads.backend());
    let sql = format!(
        "SELECT l.plan_id, l.position, l.quantity, l.body,
          (SELECT CAST(sum(x.quantity) AS bigint) FROM purchase_order o
             JOIN purchase_order_line x ON x.tenant_id = $1 AND x.purchase_order_id = o.id AND x.product_id = l.product_id
             WHERE o.tenant_id = $1 AND o.id = l.purchase_order_id AND o.status NOT IN ('CANCELLED', 'REJECTED') AND x.cancelled_at IS NULL),
          (SELECT CAST(sum(x.quantity) AS bigint) FROM transfer t
             JOIN transfer_line x ON x.tenant_id = $1 AND x.transfer_id = t.id AND x.product_id = l.product_id
             WHERE t.tenant_id = $1 AND t.id = l.transfer_id AND t.status <> 'CANCELLED'),
          (SELECT CAST(coalesce(sum(d.ordered_units - d.cancelled_units - d.taken_back_units), 0) AS bigint) FROM demand_day d{by_level}
             WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = l.product_id AND d.store_id = l.store_id
               AND d.business_date >= p.business_date AND d.business_date < l.due_on),
          (SELECT CAST(coalesce(sum(
               CASE WHEN coalesce(s.to_date, l.due_on) < l.due_on THEN s.to_date ELSE l.due_on - 1 END
               - CASE WHEN s.from_date > p.business_date THEN s.from_date ELSE p.business_date END + 1), 0) AS bigint) FROM stock_span s
             WHERE s.tenant_id = $1 AND s.generation = {CURRENT} AND s.product_id = l.product_id AND s.store_id = l.store_id AND s.state = 'OUT'
               AND s.from_date < l.due_on AND (s.to_date IS NULL OR s.to_date >= p.business_date)),
          (SELECT CAST(coalesce(sum(d.ordered_units - d.cancelled_units - d.taken_back_units), 0) AS bigint) FROM demand_day d{by_level}
             WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = l.product_id AND d.store_id = l.store_id
               AND d.business_date >= p.business_date - {NAIVE_DAYS} AND d.business_date < p.business_date),
          (SELECT v.on_hand - v.unavailable - v.reserved FROM stock_level v
             WHERE v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = l.store_id)
         FROM replenishment_line l JOIN replenishment_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         WHERE l.tenant_id = $1 AND l.due_on IS NOT NULL AND l.outcome IS NULL AND l.due_on <= $2
         ORDER BY l.due_on, l.plan_id, l.position LIMIT $3"
    );
    let values: Vec<Value> = vec![today.into(), CHUNK.into()];
    reads.rows(&sql, values).await?.iter().map(|row| scored(&mut Row::new(row))).collect()
}

fn scored(row: &mut Row<'_>) -> Result<Scored, Fault> {
    let (plan, position): (ReplenishmentPlanId, i32) = (row.take()?, row.take()?);
    let (quantity, body): (i64, String) = (row.take()?, row.take()?);
    let (bought, moved): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    let (demand, out_days, sold_before): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
    let left: Option<i64> = row.take()?;
    let out_days = i32::try_from(out_days).unwrap_or(i32::MAX);
    let happened = Happened { demand, out_days, left: left.unwrap_or_default(), sold_before };
    Ok(Scored { plan, position, score: LineScore::of(quantity, &figures_of(&body)?, bought.or(moved), happened) })
}

/// Writes scores on their lines.
pub async fn write_scores(work: &Work, scores: &[Scored]) -> Result<(), Fault> {
    let mut rows = Rows::<ScoredLine>::update(work.tenant());
    for Scored { plan, position, score } in scores {
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

/// Those of the plans that have a line left to be scored.
pub async fn unscored(reads: &impl Reads, plans: &BTreeSet<ReplenishmentPlanId>) -> Result<BTreeSet<ReplenishmentPlanId>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM replenishment_plan p WHERE p.tenant_id = $1 AND {} AND EXISTS (SELECT 1 FROM replenishment_line l
           WHERE l.tenant_id = $1 AND l.plan_id = p.id AND l.due_on IS NOT NULL AND l.outcome IS NULL)",
        backend.in_ids("p.id", 2)
    );
    reads.rows(&sql, vec![backend.ids(plans.iter().copied())]).await?.iter().map(|row| Row::new(row).take()).collect()
}

/// Sums of the scored lines of plans.
pub async fn plan_scores(reads: &impl Reads, plans: &BTreeSet<ReplenishmentPlanId>) -> Result<Vec<PlanScore>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.plan_id, CAST(count(*) AS bigint), CAST(sum(l.is_within) AS bigint),
           CAST(sum(CASE WHEN l.demand_units <= l.naive_units THEN 1 ELSE 0 END) AS bigint)
         FROM replenishment_line l WHERE l.tenant_id = $1 AND {} AND l.outcome IS NOT NULL GROUP BY l.plan_id ORDER BY l.plan_id",
        backend.in_ids("l.plan_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(plans.iter().copied())]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok(PlanScore { plan: row.take()?, lines: row.take()?, within: row.take()?, naive_within: row.take()? })
    };
    rows.iter().map(read).collect()
}

/// Proposals of one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeSum {
    pub outcome: ReplenishmentOutcome,
    pub lines: i64,
    pub within: i64,
    pub ran_out: i64,
    pub out_days: i64,
    pub excess: i64,
    /// Proposals that a naive policy was kept beside, and those of them whose demand it would have had.
    pub naive_lines: i64,
    pub naive_within: i64,
}

/// Proposals whose delivery was due from one day to another, of these stores or of all, by outcome.
pub async fn outcome_sums(
    reads: &impl Reads,
    (from, to): (i32, i32),
    stores: Option<&[StoreId]>,
) -> Result<Vec<OutcomeSum>, Fault> {
    let backend = reads.backend();
    let mut values: Vec<Value> = vec![from.into(), to.into()];
    let mut only = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        only = format!(" AND {}", backend.in_ids("l.store_id", 4));
    }
    let sql = format!(
        "SELECT l.outcome, CAST(count(*) AS bigint), CAST(sum(l.is_within) AS bigint),
           CAST(sum(CASE WHEN l.out_days > 0 THEN 1 ELSE 0 END) AS bigint), CAST(sum(l.out_days) AS bigint),
           CAST(sum(CASE WHEN l.excess_units > 0 THEN 1 ELSE 0 END) AS bigint), CAST(count(l.naive_units) AS bigint),
           CAST(sum(CASE WHEN l.demand_units <= l.naive_units THEN 1 ELSE 0 END) AS bigint)
         FROM replenishment_line l
         WHERE l.tenant_id = $1 AND l.due_on >= $2 AND l.due_on <= $3 AND l.outcome IS NOT NULL{only} GROUP BY l.outcome ORDER BY l.outcome"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(OutcomeSum {
                outcome: row.take()?,
                lines: row.take()?,
                within: row.take()?,
                ran_out: row.take()?,
                out_days: row.take()?,
                excess: row.take()?,
                naive_lines: row.take()?,
                naive_within: row.take()?,
            })
        })
        .collect()
}
