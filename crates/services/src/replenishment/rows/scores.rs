//! Proposals whose covered time has passed, and their results.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, kit_component, product, replenishment_line, replenishment_plan},
};
use forecast::ratios::ratio;
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::Value;

use super::lines::figures_of;
use crate::{
    demand::{
        core::Span,
        rows::{CURRENT, by_level, spans_within},
    },
    replenishment::core::{LevelRecord, LineScore, NAIVE_DAYS, PlanScore},
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
    product_id: ProductId,
    store_id: StoreId,
    quantity: i64,
    body: String,
}

/// A proposal to score, with what came of it.
#[derive(Record)]
struct DueRow {
    line: DueLine,
    /// Lines of earlier versions have none, and are scored when their delivery is due.
    #[record(sql = "coalesce(l.score_on, l.due_on)")]
    score_on: i32,
    #[record(sql = "(SELECT CAST(sum(x.quantity) AS bigint) FROM purchase_order o
             JOIN purchase_order_line x ON x.tenant_id = $1 AND x.purchase_order_id = o.id AND x.product_id = l.product_id
             WHERE o.tenant_id = $1 AND o.id = l.purchase_order_id AND o.status NOT IN ('CANCELLED', 'REJECTED') AND x.cancelled_at IS NULL)")]
    bought: Option<i64>,
    #[record(sql = "(SELECT CAST(sum(x.quantity) AS bigint) FROM transfer t
             JOIN transfer_line x ON x.tenant_id = $1 AND x.transfer_id = t.id AND x.product_id = l.product_id
             WHERE t.tenant_id = $1 AND t.id = l.transfer_id AND t.status <> 'CANCELLED')")]
    moved: Option<i64>,
    #[record(sql = "(SELECT v.on_hand - v.unavailable - v.reserved FROM stock_level v
             WHERE v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = l.store_id)")]
    left: Option<i64>,
    #[record(of = replenishment_plan, alias = "p")]
    business_date: i32,
    #[record(of = product, alias = "c")]
    stock_policy: StockPolicy,
}

/// Demand of a level on a day.
#[derive(Record)]
struct DayRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units - d.taken_back_units) AS bigint)")]
    units: i64,
}

/// Demand on a day for the kits that a level's product is part of.
#[derive(Record)]
struct KitDayRow {
    #[record(of = kit_component, alias = "c")]
    component_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum(c.quantity * (d.ordered_units - d.cancelled_units - d.taken_back_units)) AS bigint)")]
    units: i64,
}

impl DueRow {
    fn level(&self) -> (ProductId, StoreId) {
        (self.line.product_id, self.line.store_id)
    }

    fn score(self, days: &[(i32, i64)], spans: &[Span]) -> Result<LineOutcome, Fault> {
        let Self { line, score_on, bought, moved, left, business_date, stock_policy } = self;
        let record = LevelRecord { days, spans, needs_stock: stock_policy == StockPolicy::Tracked };
        let happened = record.figures((business_date, score_on), left.unwrap_or_default());
        let score = LineScore::of(line.quantity, &figures_of(&line.body)?, bought.or(moved), happened);
        Ok(LineOutcome { plan: line.plan_id, position: line.position, score })
    }
}

/// SQL for 1 of a line whose demand did not exceed the point of a naive policy, else 0.
const NAIVE_WITHIN: &str = "CASE WHEN coalesce(l.estimated_units, l.demand_units) <= l.naive_units THEN 1 ELSE 0 END";

/// Sums of the scored lines of a plan. A placeholder stands for an expression of the statement.
#[derive(Record)]
struct PlanScoreRow {
    #[record(of = replenishment_line, alias = "l")]
    plan_id: ReplenishmentPlanId,
    #[record(sql = "CAST(count(*) AS bigint)")]
    lines: i64,
    #[record(sql = "CAST(sum(l.is_within) AS bigint)")]
    within: i64,
    #[record(sql = "CAST(sum({naive_within}) AS bigint)")]
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
    estimated_units: Option<i64>,
    promised_millionths: Option<i32>,
}

/// Scores the next proposals without a score whose covered time ended by a day: no more than are
/// written at once.
pub async fn due_scores(reads: &impl Reads, today: i32) -> Result<Vec<LineOutcome>, Fault> {
    let sql = format!(
        "SELECT {} FROM replenishment_line l JOIN replenishment_plan p ON p.tenant_id = $1 AND p.id = l.plan_id
         JOIN product c ON c.tenant_id = $1 AND c.id = l.product_id
         WHERE l.tenant_id = $1 AND l.due_on IS NOT NULL AND l.outcome IS NULL AND l.due_on <= $2 AND coalesce(l.score_on, l.due_on) <= $2
         ORDER BY l.due_on, l.plan_id, l.position LIMIT $3",
        DueRow::SELECT
    );
    let values: Vec<Value> = vec![today.into(), CHUNK.into()];
    let rows = reads.records::<DueRow>(&sql, values).await?;
    let levels: Vec<(ProductId, StoreId)> = rows.iter().map(DueRow::level).collect();
    let since = rows.iter().map(|row| row.business_date).min().unwrap_or(today).saturating_sub(NAIVE_DAYS);
    let until = rows.iter().map(|row| row.score_on).max().unwrap_or(today);
    let (days, spans) =
        (level_days(reads, &levels, (since, until)).await?, spans_within(reads, &levels, (since - 1, until - 1)).await?);
    let score = |row: DueRow| {
        let level = row.level();
        let days = days.get(&level).map(Vec::as_slice).unwrap_or_default();
        row.score(days, spans.get(&level).map(Vec::as_slice).unwrap_or_default())
    };
    rows.into_iter().map(score).collect()
}

/// Reads the demand of levels by day, oldest first: days from one on and before another. Kits count by what they are made of today.
async fn level_days(
    reads: &impl Reads,
    levels: &[(ProductId, StoreId)],
    (since, until): (i32, i32),
) -> Result<HashMap<(ProductId, StoreId), Vec<(i32, i64)>>, Fault> {
    let (level_table, level_values) = reads.backend().pairs(levels, 4);
    let sql = format!(
        "SELECT {} FROM {level_table} CROSS JOIN demand_day d{}
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = k.a AND d.store_id = k.b
           AND d.business_date >= $2 AND d.business_date < $3
         GROUP BY d.product_id, d.store_id, d.business_date",
        DayRow::SELECT,
        by_level(reads.backend())
    );
    let kits_sql = format!(
        "SELECT {} FROM {level_table} CROSS JOIN kit_component c CROSS JOIN demand_day d{}
         WHERE c.tenant_id = $1 AND c.component_id = k.a AND d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = c.kit_id
           AND d.store_id = k.b AND d.business_date >= $2 AND d.business_date < $3
         GROUP BY c.component_id, d.store_id, d.business_date",
        KitDayRow::SELECT,
        by_level(reads.backend())
    );
    let values: Vec<Value> = [since.into(), until.into()].into_iter().chain(level_values).collect();
    let mut days_by_level: HashMap<(ProductId, StoreId), BTreeMap<i32, i64>> = HashMap::new();
    for row in reads.records::<DayRow>(&sql, values.clone()).await? {
        *days_by_level.entry((row.product_id, row.store_id)).or_default().entry(row.business_date).or_default() += row.units;
    }
    for row in reads.records::<KitDayRow>(&kits_sql, values).await? {
        *days_by_level.entry((row.component_id, row.store_id)).or_default().entry(row.business_date).or_default() += row.units;
    }
    Ok(days_by_level.into_iter().map(|(level, days)| (level, days.into_iter().collect())).collect())
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
            estimated_units: score.estimated_demand,
            promised_millionths: score.promised_millionths,
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
        PlanScoreRow::SELECT.replace("{naive_within}", NAIVE_WITHIN),
        backend.in_ids("l.plan_id", 2)
    );
    let rows = reads.records::<PlanScoreRow>(&sql, vec![backend.ids(plans.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Proposals of one outcome. A placeholder stands for an expression of the statement.
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
    #[record(sql = "CAST(sum({naive_within}) AS bigint)")]
    pub naive_within: i64,
    /// Proposals with a promised share of cycles, those of them whose demand did not exceed their point, and the sum of the
    /// shares in millionths.
    #[record(sql = "CAST(count(l.promised_millionths) AS bigint)")]
    pub promised_lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN l.promised_millionths IS NULL THEN 0 ELSE l.is_within END) AS bigint)")]
    pub promised_within: i64,
    #[record(sql = "CAST(coalesce(sum(l.promised_millionths), 0) AS bigint)")]
    pub promised_millionths: i64,
}

impl OutcomeSum {
    /// Mean of the promised shares; None without any.
    pub fn mean_promised(&self) -> Option<f64> {
        ratio(self.promised_millionths as f64 / 1e6, self.promised_lines as f64)
    }
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
        OutcomeSum::SELECT.replace("{naive_within}", NAIVE_WITHIN)
    );
    reads.records(&sql, values).await
}
