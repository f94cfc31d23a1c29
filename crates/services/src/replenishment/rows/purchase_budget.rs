//! A tenant's budgets, and what counts against them.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{replenishment_budget, replenishment_scope_budget},
};
use inventory::catalog::rows::merge::merged_suppliers;
use platform::storage::{Backend, Fault, Finds, Reads, Row, Work};
use sea_orm::Value;

use crate::replenishment::core::{Budget, BudgetScope, PlanLine};

/// Products whose categories are read together.
const CHUNK: usize = 500;

/// A budget as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBudget {
    pub scope: BudgetScope,
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

#[derive(Record)]
#[record(of = replenishment_scope_budget, alias = "b")]
struct ScopeRow {
    supplier_id: Option<SupplierId>,
    category_id: Option<CategoryId>,
    store_id: Option<StoreId>,
    body: String,
    version: i64,
    updated_at: Timestamp,
}

impl TryFrom<ScopeRow> for KeptBudget {
    type Error = Fault;
    fn try_from(row: ScopeRow) -> Result<Self, Fault> {
        let corrupt = |rule: &'static str| Fault::corrupt("replenishment_scope_budget", rule);
        let scope = match (row.supplier_id, row.category_id, row.store_id) {
            (Some(id), None, None) => BudgetScope::Supplier(id),
            (None, Some(id), None) => BudgetScope::Category(id),
            (None, None, Some(id)) => BudgetScope::Store(id),
            _ => return Err(corrupt("it is of a supplier, a category or a store")),
        };
        let budget = serde_json::from_str(&row.body).map_err(|_| corrupt("its body has the budget"))?;
        Ok(Self { scope, budget, version: row.version, updated_at: row.updated_at })
    }
}

/// The tenant's budget for the company; None before somebody has set one.
pub async fn budget(reads: &impl Reads) -> Result<Option<KeptBudget>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_budget b WHERE b.tenant_id = $1", BudgetRow::SELECT);
    let Some(row) = reads.records::<BudgetRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let budget =
        serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("replenishment_budget", "its body has the budget"))?;
    Ok(Some(KeptBudget { scope: BudgetScope::Company, budget, version: row.version, updated_at: row.updated_at }))
}

/// Budgets of suppliers, categories and stores, also those that limit nothing any more, in a fixed order.
pub async fn scope_budgets(reads: &impl Reads) -> Result<Vec<KeptBudget>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_scope_budget b WHERE b.tenant_id = $1 ORDER BY b.scope", ScopeRow::SELECT);
    reads.records::<ScopeRow>(&sql, vec![]).await?.into_iter().map(KeptBudget::try_from).collect()
}

/// The budget of a scope; None before somebody has set one.
pub async fn budget_of(reads: &impl Reads, scope: BudgetScope) -> Result<Option<KeptBudget>, Fault> {
    if scope.is_company() {
        return budget(reads).await;
    }
    let sql = format!("SELECT {} FROM replenishment_scope_budget b WHERE b.tenant_id = $1 AND b.scope = $2", ScopeRow::SELECT);
    reads.records::<ScopeRow>(&sql, vec![scope.text().into()]).await?.pop().map(KeptBudget::try_from).transpose()
}

/// Whether the tenant has what a scope names.
pub async fn is_named(reads: &impl Reads, scope: BudgetScope) -> Result<bool, Fault> {
    let (sql, id): (&str, Value) = match scope {
        BudgetScope::Company => return Ok(true),
        BudgetScope::Supplier(id) => ("SELECT s.id FROM supplier s WHERE s.tenant_id = $1 AND s.id = $2", id.into()),
        BudgetScope::Category(id) => ("SELECT c.id FROM category c WHERE c.tenant_id = $1 AND c.id = $2", id.into()),
        BudgetScope::Store(id) => ("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.id = $2", id.into()),
    };
    Ok(!reads.rows(sql, vec![id]).await?.is_empty())
}

/// Whether a supplier is merged into another one.
pub async fn is_merged(reads: &impl Reads, id: SupplierId) -> Result<bool, Fault> {
    let sql = "SELECT s.id FROM supplier s WHERE s.tenant_id = $1 AND s.id = $2 AND s.merged_into IS NOT NULL";
    Ok(!reads.rows(sql, vec![id.into()]).await?.is_empty())
}

/// Writes a budget in the place of the one that was there.
pub async fn change_budget(work: &Work, kept: &KeptBudget) -> Result<(), Fault> {
    let body = serde_json::to_string(&kept.budget).map_err(|err| Fault::Broken(err.to_string()))?;
    if !kept.scope.is_company() {
        return change_scope_budget(work, kept, body).await;
    }
    let sql = "INSERT INTO replenishment_budget (tenant_id, body, version, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id) DO UPDATE SET body = excluded.body, version = excluded.version, updated_at = excluded.updated_at";
    let values: Vec<Value> = vec![body.into(), kept.version.into(), kept.updated_at.micros().into()];
    work.execute(sql, values).await.map(drop)
}

async fn change_scope_budget(work: &Work, kept: &KeptBudget, body: String) -> Result<(), Fault> {
    let (mut supplier_id, mut category_id, mut store_id) = (None, None, None);
    match kept.scope {
        BudgetScope::Company => {}
        BudgetScope::Supplier(id) => supplier_id = Some(id),
        BudgetScope::Category(id) => category_id = Some(id),
        BudgetScope::Store(id) => store_id = Some(id),
    }
    let row = replenishment_scope_budget::Model {
        tenant_id: work.tenant(),
        scope: kept.scope.text(),
        supplier_id,
        category_id,
        store_id,
        body,
        version: kept.version,
        updated_at: kept.updated_at,
    };
    // The first version is the one that is set first.
    if kept.version == 1 {
        work.insert::<replenishment_scope_budget::Entity>(row).await
    } else {
        work.update::<replenishment_scope_budget::Entity>(row).await
    }
}

/// What a budget takes in.
#[derive(Debug, Clone)]
pub enum Within {
    All,
    /// A supplier with those that are merged into it.
    Suppliers(Vec<SupplierId>),
    /// A category with all below it.
    Categories(Vec<CategoryId>),
    Store(StoreId),
}

/// What a scope takes in now.
pub async fn within(reads: &impl Reads, scope: BudgetScope) -> Result<Within, Fault> {
    Ok(match scope {
        BudgetScope::Company => Within::All,
        BudgetScope::Supplier(id) => {
            let merged = merged_suppliers(reads, &[id]).await?;
            Within::Suppliers(merged.into_iter().map(|(_, merged)| merged).chain([id]).collect())
        }
        BudgetScope::Category(id) => {
            let sql = "WITH RECURSIVE below (id) AS (SELECT g.id FROM category g WHERE g.tenant_id = $1 AND g.id = $2
                 UNION SELECT g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id)
                SELECT b.id FROM below b";
            let rows = reads.rows(sql, vec![id.into()]).await?;
            Within::Categories(rows.iter().map(Row::scalar).collect::<Result<_, Fault>>()?)
        }
        BudgetScope::Store(id) => Within::Store(id),
    })
}

/// Products of lines that are in the categories of a budget; none of one of anything else.
pub async fn products_within(reads: &impl Reads, within: &Within, lines: &[PlanLine]) -> Result<BTreeSet<ProductId>, Fault> {
    let Within::Categories(categories) = within else { return Ok(BTreeSet::new()) };
    let products: BTreeSet<ProductId> = lines.iter().map(|line| line.product).collect();
    let products: Vec<ProductId> = products.into_iter().collect();
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {} AND {}",
        backend.in_ids("p.id", 2),
        backend.in_ids("p.category_id", 3)
    );
    let mut found = BTreeSet::new();
    for chunk in products.chunks(CHUNK) {
        let values = vec![backend.ids(chunk.iter().copied()), backend.ids(categories.iter().copied())];
        for row in &reads.rows(&sql, values).await? {
            found.insert(Row::scalar(row)?);
        }
    }
    Ok(found)
}

/// SQL: what is summed up, the tables that are joined for it, and a condition.
struct Part {
    amount: &'static str,
    joined: &'static str,
    only: String,
}

impl Within {
    /// Of orders `o`: what their goods cost. The last of the values is what it takes in.
    fn of_orders(&self, backend: Backend, values: &mut Vec<Value>) -> Part {
        let (amount, joined, column) = match self {
            Self::All => ("o.goods_minor", "", ""),
            Self::Suppliers(_) => ("o.goods_minor", "", "o.supplier_id"),
            Self::Categories(_) => (
                "x.total_minor",
                " JOIN purchase_order_line x ON x.tenant_id = $1 AND x.purchase_order_id = o.id AND x.cancelled_at IS NULL
                  JOIN product p ON p.tenant_id = $1 AND p.id = x.product_id",
                "p.category_id",
            ),
            Self::Store(_) => ("o.goods_minor", "", "o.store_id"),
        };
        Part { amount, joined, only: self.only(backend, column, values) }
    }
    /// The same of lines `l` of plans: what they cost.
    fn of_lines(&self, backend: Backend, values: &mut Vec<Value>) -> Part {
        let (joined, column) = match self {
            Self::All => ("", ""),
            Self::Suppliers(_) => ("", "l.supplier_id"),
            Self::Categories(_) => (" JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id", "p.category_id"),
            Self::Store(_) => ("", "l.store_id"),
        };
        Part { amount: "l.cost_minor", joined, only: self.only(backend, column, values) }
    }
    fn only(&self, backend: Backend, column: &str, values: &mut Vec<Value>) -> String {
        match self {
            Self::All => String::new(),
            Self::Suppliers(ids) => backend.and_ids(column, Some(ids.as_slice()), values),
            Self::Categories(ids) => backend.and_ids(column, Some(ids.as_slice()), values),
            Self::Store(id) => backend.and_ids(column, Some(std::slice::from_ref(id)), values),
        }
    }
}

/// A sum of minor units, exact up to 2^53.
async fn sum(reads: &impl Reads, sql: &str, values: Vec<Value>) -> Result<i64, Fault> {
    let rows = reads.rows(sql, values).await?;
    let sum: Option<f64> = rows.first().map(Row::scalar).transpose()?;
    Ok(sum.unwrap_or_default() as i64)
}

/// What the goods of orders cost of which a condition holds. Its values are before what the budget takes in.
async fn ordered(reads: &impl Reads, within: &Within, condition: &str, mut values: Vec<Value>) -> Result<i64, Fault> {
    let Part { amount, joined, only } = within.of_orders(reads.backend(), &mut values);
    let sql = format!(
        "SELECT CAST(coalesce(sum(CAST({amount} AS double precision)), 0) AS double precision) FROM purchase_order o{joined}
         WHERE o.tenant_id = $1 AND {condition}{only}"
    );
    sum(reads, &sql, values).await
}

/// What the goods of orders cost that were placed from one moment until before another, those of orders that have yet to be placed, and what is
/// approved without an order yet. The sums are read in the order in which goods go from one to the next: what goes on meanwhile counts twice, and is
/// not missed.
pub async fn committed_between(
    reads: &impl Reads,
    within: &Within,
    currency: Currency,
    (from, until): (Timestamp, Timestamp),
) -> Result<i64, Fault> {
    let code = currency.to_string();
    let mut values: Vec<Value> = vec![code.clone().into()];
    let Part { amount, joined, only } = within.of_lines(reads.backend(), &mut values);
    let claimed = format!(
        "SELECT CAST(coalesce(sum(CAST({amount} AS double precision)), 0) AS double precision)
        FROM replenishment_plan r JOIN replenishment_line l ON l.tenant_id = $1 AND l.plan_id = r.id AND l.state = 'CLAIMED'{joined}
        WHERE r.tenant_id = $1 AND l.kind = 'PURCHASE' AND l.cost_currency = $2{only}"
    );
    let claimed = sum(reads, &claimed, values).await?;
    let waiting = "o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED') AND o.currency = $2";
    let waiting = ordered(reads, within, waiting, vec![code.clone().into()]).await?;
    let placed = "o.ordered_at >= $2 AND o.ordered_at < $3 AND o.currency = $4 AND o.status <> 'CANCELLED'";
    let of_days = vec![from.micros().into(), until.micros().into(), code.into()];
    let placed = ordered(reads, within, placed, of_days).await?;
    Ok(placed.saturating_add(waiting).saturating_add(claimed))
}

/// What the goods of a plan's orders cost, and what of it is approved without an order yet.
pub async fn committed_of(
    reads: &impl Reads,
    within: &Within,
    currency: Currency,
    plan: ReplenishmentPlanId,
) -> Result<i64, Fault> {
    let code = currency.to_string();
    let mut values: Vec<Value> = vec![plan.into(), code.clone().into()];
    let Part { amount, joined, only } = within.of_lines(reads.backend(), &mut values);
    let claimed = format!(
        "SELECT CAST(coalesce(sum(CAST({amount} AS double precision)), 0) AS double precision) FROM replenishment_line l{joined}
        WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.state = 'CLAIMED' AND l.kind = 'PURCHASE' AND l.cost_currency = $3{only}"
    );
    let claimed = sum(reads, &claimed, values).await?;
    let of_plan = "o.currency = $3 AND o.status NOT IN ('CANCELLED', 'REJECTED')
          AND o.id IN (SELECT l.purchase_order_id FROM replenishment_line l
            WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.kind = 'PURCHASE' AND l.purchase_order_id IS NOT NULL)";
    let ordered = ordered(reads, within, of_plan, vec![plan.into(), code.into()]).await?;
    Ok(ordered.saturating_add(claimed))
}
