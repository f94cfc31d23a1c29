//! Plans without their lines.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::liquidation_plan,
};
use inventory::orders::rows::{Clause, Span};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Global, Nested, Reads, Row, SUSPENDED, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::{
    liquidation::core::{Plan, Recovery},
    replenishment::rows::{PlansSorted, SortedPlan},
};

/// Names the list of plans in cursors.
pub const PLANS: &str = "liquidationPlans";

impl SortedPlan for Plan {
    fn made_at(&self) -> Timestamp {
        self.made_at
    }
    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
    fn id_key(&self) -> Key {
        self.id.into()
    }
}

#[derive(Record)]
#[record(of = liquidation_plan, alias = "p")]
struct PlanRow {
    id: LiquidationPlanId,
    state: LiquidationPlanState,
    stores: String,
    business_date: i32,
    made_at: Timestamp,
    seq: i64,
    forecast_week: Option<i32>,
    currency: String,
    line_count: i64,
    left_out: i64,
    low_minor: i64,
    likely_minor: i64,
    high_minor: i64,
    value_minor: i64,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    updated_at: Timestamp,
    advanced_by: Option<MemberId>,
}

impl TryFrom<PlanRow> for Plan {
    type Error = Fault;
    fn try_from(row: PlanRow) -> Result<Self, Fault> {
        let corrupt = |rule: &'static str| Fault::corrupt("liquidation_plan", rule);
        Ok(Self {
            id: row.id,
            state: row.state,
            stores: serde_json::from_str(&row.stores).map_err(|_| corrupt("stores is a list of ids"))?,
            business_date: row.business_date,
            made_at: row.made_at,
            seq: row.seq,
            forecast_week: row.forecast_week,
            currency: Currency::parse(&row.currency).ok_or_else(|| corrupt("its currency is in use"))?,
            line_count: row.line_count,
            left_out: row.left_out,
            expected: Recovery { low: row.low_minor, likely: row.likely_minor, high: row.high_minor },
            value_minor: row.value_minor,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            updated_at: row.updated_at,
            advanced_by: row.advanced_by,
        })
    }
}

fn stores_text(plan: &Plan) -> Result<String, Fault> {
    serde_json::to_string(&plan.stores).map_err(|err| Fault::Broken(err.to_string()))
}

fn row_of(tenant_id: TenantId, plan: &Plan) -> Result<liquidation_plan::Model, Fault> {
    Ok(liquidation_plan::Model {
        tenant_id,
        id: plan.id,
        state: plan.state,
        stores: stores_text(plan)?,
        business_date: plan.business_date,
        made_at: plan.made_at,
        seq: plan.seq,
        forecast_week: plan.forecast_week,
        currency: plan.currency.to_string(),
        line_count: plan.line_count,
        left_out: plan.left_out,
        low_minor: plan.expected.low,
        likely_minor: plan.expected.likely,
        high_minor: plan.expected.high,
        value_minor: plan.value_minor,
        actor_kind: plan.actor.kind,
        actor_id: plan.actor.id,
        version: plan.version,
        updated_at: plan.updated_at,
        advanced_by: plan.advanced_by,
    })
}

async fn plans_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Plan>, Fault> {
    let sql = format!("SELECT {} FROM liquidation_plan p WHERE p.tenant_id = $1{conditions}", PlanRow::SELECT);
    reads.records::<PlanRow>(&sql, values).await?.into_iter().map(Plan::try_from).collect()
}

/// The plan of an id.
pub async fn plan(reads: &impl Reads, id: LiquidationPlanId) -> Result<Option<Plan>, Fault> {
    Ok(plans_where(reads, " AND p.id = $2", vec![id.into()]).await?.pop())
}

/// A plan by its ID, locked until the transaction ends.
pub async fn lock_plan(work: &Work, id: LiquidationPlanId) -> Result<Option<Plan>, Fault> {
    let lock = work.backend().for_change("p");
    Ok(plans_where(work, &format!(" AND p.id = $2{lock}"), vec![id.into()]).await?.pop())
}

pub async fn insert_plan(work: &Work, plan: &Plan) -> Result<(), Fault> {
    work.insert::<liquidation_plan::Entity>(row_of(work.tenant(), plan)?).await
}

pub async fn change_plan(work: &Work, plan: &Plan) -> Result<(), Fault> {
    work.update::<liquidation_plan::Entity>(row_of(work.tenant(), plan)?).await
}

/// Supersedes the plans of the same stores without an approved line. A partly approved plan stays,
/// so that its result is followed.
pub async fn supersede(work: &Work, successor: &Plan) -> Result<u64, Fault> {
    let sql = "UPDATE liquidation_plan SET state = 'SUPERSEDED', version = version + 1, updated_at = $2
        WHERE tenant_id = $1 AND state = 'DRAFT' AND id <> $3 AND (stores = $4 OR $5 = 1)";
    let values: Vec<Value> = vec![
        successor.made_at.micros().into(),
        successor.id.into(),
        stores_text(successor)?.into(),
        i64::from(successor.stores.is_empty()).into(),
    ];
    work.execute(sql, values).await
}

/// Deletes plans that were made before a moment, with their lines.
pub async fn delete_plans(work: &Work, before: Timestamp) -> Result<(), Fault> {
    let old = "SELECT p.id FROM liquidation_plan p WHERE p.tenant_id = $1 AND p.made_at < $2";
    let lines = format!("DELETE FROM liquidation_line WHERE tenant_id = $1 AND plan_id IN ({old})");
    work.execute(&lines, vec![before.micros().into()]).await?;
    let plans = "DELETE FROM liquidation_plan WHERE tenant_id = $1 AND made_at < $2";
    work.execute(plans, vec![before.micros().into()]).await.map(drop)
}

/// Tenants with a plan under way that a job advances.
pub async fn tenants_with_advanced(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT DISTINCT p.tenant_id FROM liquidation_plan p WHERE p.advanced_by IS NOT NULL AND p.state IN ('PARTLY', 'APPROVED')
         AND p.tenant_id NOT IN {SUSPENDED} ORDER BY p.tenant_id"
    );
    global.rows(&sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Plans under way that a job advances, the oldest first.
pub async fn advanced_plans(reads: &impl Reads) -> Result<Vec<Plan>, Fault> {
    let condition = " AND p.advanced_by IS NOT NULL AND p.state IN ('PARTLY', 'APPROVED') ORDER BY p.made_at, p.id";
    plans_where(reads, condition, Vec::new()).await
}

/// Filter of a tenant's plans; None matches all, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanFilter {
    pub states: Option<Vec<LiquidationPlanState>>,
    pub made: Span,
    pub updated: Span,
}

impl PlanFilter {
    /// Adds the conditions on `liquidation_plan p`, each beginning with ` AND `. A tenant has few plans: they need no index.
    fn push_to(&self, clause: &mut Clause) {
        if let Some(states) = &self.states {
            let words = clause.backend().texts(states.iter().map(|state| state.as_str()));
            let number = clause.bind(words);
            clause.push(&format!(" AND {}", clause.backend().in_texts("p.state", number)));
        }
        for (column, span) in [("p.made_at", self.made), ("p.updated_at", self.updated)] {
            if span != Span::default() {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// A tenant's plans that pass the test.
pub fn plans_source(backend: Backend, filter: &Nested<PlanFilter>) -> ListSource {
    let mut clause = Clause::new(backend, 2);
    clause.nested(filter, |clause, filter: &PlanFilter| filter.push_to(clause));
    ListSource { from: format!("FROM liquidation_plan p WHERE p.tenant_id = $1{}", clause.sql), values: clause.values }
}

/// A page of plans in the requested order.
pub async fn plan_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: PlansSorted,
    request: &PageRequest,
) -> Result<Vec<Plan>, Fault> {
    let (sql, values) = sorted.page(source, PlanRow::SELECT, request);
    reads.records::<PlanRow>(&sql, values).await?.into_iter().map(Plan::try_from).collect()
}
