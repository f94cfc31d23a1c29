//! Plans without their lines.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::replenishment_plan,
};
use inventory::orders::rows::{Clause, Span};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::plan_sort::{PlansSorted, SortedPlan};
use crate::replenishment::core::{Plan, PlanScope};

/// Names the list of plans in cursors.
pub const PLANS: &str = "replenishmentPlans";

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
#[record(of = replenishment_plan, alias = "p")]
struct PlanRow {
    id: ReplenishmentPlanId,
    state: ReplenishmentPlanState,
    stores: String,
    supplier_id: Option<SupplierId>,
    business_date: i32,
    is_nightly: i32,
    made_at: Timestamp,
    seq: i64,
    forecast_week: Option<i32>,
    budget_minor: Option<i64>,
    budget_currency: Option<String>,
    line_count: i64,
    cut_count: i64,
    left_out: i64,
    costs: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    updated_at: Timestamp,
}

impl TryFrom<PlanRow> for Plan {
    type Error = Fault;
    fn try_from(row: PlanRow) -> Result<Self, Fault> {
        let corrupt = |rule: &'static str| Fault::corrupt("replenishment_plan", rule);
        let budget = match (row.budget_minor, &row.budget_currency) {
            (Some(minor), Some(code)) => {
                let currency = Currency::parse(code).ok_or_else(|| corrupt("a budget has a currency in use"))?;
                Some(Money::new(minor, currency))
            }
            _ => None,
        };
        let stores = serde_json::from_str(&row.stores).map_err(|_| corrupt("stores is a list of ids"))?;
        let costs = serde_json::from_str(&row.costs).map_err(|_| corrupt("costs is a list of amounts"))?;
        Ok(Self {
            id: row.id,
            state: row.state,
            scope: PlanScope { stores, supplier: row.supplier_id },
            business_date: row.business_date,
            is_nightly: row.is_nightly != 0,
            made_at: row.made_at,
            seq: row.seq,
            forecast_week: row.forecast_week,
            budget,
            line_count: row.line_count,
            cut_count: row.cut_count,
            left_out: row.left_out,
            costs,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            version: row.version,
            updated_at: row.updated_at,
        })
    }
}

fn row_of(tenant_id: TenantId, plan: &Plan) -> Result<replenishment_plan::Model, Fault> {
    let to_fault = |err: serde_json::Error| Fault::Broken(err.to_string());
    Ok(replenishment_plan::Model {
        tenant_id,
        id: plan.id,
        state: plan.state,
        scope: plan.scope.text(),
        stores: serde_json::to_string(&plan.scope.stores).map_err(to_fault)?,
        supplier_id: plan.scope.supplier,
        business_date: plan.business_date,
        is_nightly: plan.is_nightly.into(),
        made_at: plan.made_at,
        seq: plan.seq,
        forecast_week: plan.forecast_week,
        budget_minor: plan.budget.map(|budget| budget.minor),
        budget_currency: plan.budget.map(|budget| budget.currency.to_string()),
        line_count: plan.line_count,
        cut_count: plan.cut_count,
        left_out: plan.left_out,
        costs: serde_json::to_string(&plan.costs).map_err(to_fault)?,
        actor_kind: plan.actor.kind,
        actor_id: plan.actor.id,
        version: plan.version,
        updated_at: plan.updated_at,
    })
}

async fn plans_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Plan>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_plan p WHERE p.tenant_id = $1{conditions}", PlanRow::SELECT);
    reads.records::<PlanRow>(&sql, values).await?.into_iter().map(Plan::try_from).collect()
}

/// The plan of an id.
pub async fn plan(reads: &impl Reads, id: ReplenishmentPlanId) -> Result<Option<Plan>, Fault> {
    Ok(plans_where(reads, " AND p.id = $2", vec![id.into()]).await?.pop())
}

/// A plan by its ID, locked until the transaction ends.
pub async fn lock_plan(work: &Work, id: ReplenishmentPlanId) -> Result<Option<Plan>, Fault> {
    let lock = work.backend().for_change("p");
    Ok(plans_where(work, &format!(" AND p.id = $2{lock}"), vec![id.into()]).await?.pop())
}

/// Whether the nightly plan of a day exists.
pub async fn has_nightly(reads: &impl Reads, business_date: i32) -> Result<bool, Fault> {
    let sql = "SELECT p.business_date FROM replenishment_plan p WHERE p.tenant_id = $1 AND p.is_nightly = 1 AND p.business_date BETWEEN $2 AND $3 LIMIT 1";
    Ok(!reads.rows(sql, vec![business_date.into(), (business_date + 1).into()]).await?.is_empty())
}

pub async fn insert_plan(work: &Work, plan: &Plan) -> Result<(), Fault> {
    work.insert::<replenishment_plan::Entity>(row_of(work.tenant(), plan)?).await
}

pub async fn change_plan(work: &Work, plan: &Plan) -> Result<(), Fault> {
    work.update::<replenishment_plan::Entity>(row_of(work.tenant(), plan)?).await
}

/// Supersedes open plans by a new one: those of its scope, or all if it is for all stores and
/// suppliers.
pub async fn supersede(work: &Work, successor: &Plan) -> Result<u64, Fault> {
    let sql = "UPDATE replenishment_plan SET state = 'SUPERSEDED', version = version + 1, updated_at = $2
        WHERE tenant_id = $1 AND state IN ('DRAFT', 'PARTLY') AND id <> $3 AND (scope = $4 OR $5 = 1)";
    let values: Vec<Value> = vec![
        successor.made_at.micros().into(),
        successor.id.into(),
        successor.scope.text().into(),
        i64::from(successor.scope.covers_all()).into(),
    ];
    work.execute(sql, values).await
}

/// Marks approved plans without remaining drafts as executed: each draft was ordered, sent or
/// cancelled.
pub async fn settle_executed(work: &Work, now: Timestamp) -> Result<Vec<Plan>, Fault> {
    let executed_condition = format!(
        " AND p.state = 'APPROVED'
          AND NOT EXISTS (SELECT 1 FROM replenishment_line l WHERE l.tenant_id = $1 AND l.plan_id = p.id AND l.state = 'CLAIMED')
          AND NOT EXISTS (SELECT 1 FROM replenishment_line l JOIN purchase_order o ON o.tenant_id = $1 AND o.id = l.purchase_order_id
            WHERE l.tenant_id = $1 AND l.plan_id = p.id AND o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED'))
          AND NOT EXISTS (SELECT 1 FROM replenishment_line l JOIN transfer t ON t.tenant_id = $1 AND t.id = l.transfer_id
            WHERE l.tenant_id = $1 AND l.plan_id = p.id AND t.status IN ('DRAFT', 'READY')){}",
        work.backend().for_change("p")
    );
    let mut plans = plans_where(work, &executed_condition, vec![]).await?;
    for plan in &mut plans {
        (plan.state, plan.version, plan.updated_at) = (ReplenishmentPlanState::Executed, plan.version + 1, now);
        change_plan(work, plan).await?;
    }
    Ok(plans)
}

/// Deletes plans that were made before a moment, with their lines.
pub async fn delete_plans(work: &Work, before: Timestamp) -> Result<(), Fault> {
    let old = "SELECT p.id FROM replenishment_plan p WHERE p.tenant_id = $1 AND p.made_at < $2";
    let lines = format!("DELETE FROM replenishment_line WHERE tenant_id = $1 AND plan_id IN ({old})");
    work.execute(&lines, vec![before.micros().into()]).await?;
    let plans = "DELETE FROM replenishment_plan WHERE tenant_id = $1 AND made_at < $2";
    work.execute(plans, vec![before.micros().into()]).await.map(drop)
}

/// Filter of a tenant's plans; None matches all, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanFilter {
    pub states: Option<Vec<ReplenishmentPlanState>>,
    pub made: Span,
    pub updated: Span,
}

impl PlanFilter {
    /// Adds the conditions on `replenishment_plan p`, each beginning with ` AND `. A tenant has few plans: they need no index.
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
    ListSource { from: format!("FROM replenishment_plan p WHERE p.tenant_id = $1{}", clause.sql), values: clause.values }
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
