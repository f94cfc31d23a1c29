//! A tenant's budgets, and the purchases that count against them.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, replenishment_budget, replenishment_scope_budget},
};
use inventory::catalog::rows::merge::merged_suppliers;
use platform::storage::{Backend, Fault, Finds, Reads, Work};
use sea_orm::Value;
use uuid::Uuid;

use crate::replenishment::core::{Budget, BudgetScope, PlanLine};

/// Products whose categories are read together.
const CHUNK: usize = 500;

/// A budget as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBudget {
    pub scope: BudgetScope,
    /// None: the limit was removed.
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

impl TryFrom<ScopeRow> for StoredBudget {
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

/// The tenant's budget for the company; None if it was never set.
pub async fn budget(reads: &impl Reads) -> Result<Option<StoredBudget>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_budget b WHERE b.tenant_id = $1", BudgetRow::SELECT);
    let Some(row) = reads.records::<BudgetRow>(&sql, vec![]).await?.pop() else { return Ok(None) };
    let budget =
        serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("replenishment_budget", "its body has the budget"))?;
    Ok(Some(StoredBudget { scope: BudgetScope::Company, budget, version: row.version, updated_at: row.updated_at }))
}

/// Budgets of suppliers, categories and stores that limit something, in a fixed order.
pub async fn scope_budgets(reads: &impl Reads) -> Result<Vec<StoredBudget>, Fault> {
    let sql = format!(
        "SELECT {} FROM replenishment_scope_budget b WHERE b.tenant_id = $1 AND b.body <> 'null' ORDER BY b.scope",
        ScopeRow::SELECT
    );
    reads.records::<ScopeRow>(&sql, vec![]).await?.into_iter().map(StoredBudget::try_from).collect()
}

/// The budget of a scope; None if it was never set.
pub async fn budget_of(reads: &impl Reads, scope: BudgetScope) -> Result<Option<StoredBudget>, Fault> {
    if scope.is_company() {
        return budget(reads).await;
    }
    let sql = format!("SELECT {} FROM replenishment_scope_budget b WHERE b.tenant_id = $1 AND b.scope = $2", ScopeRow::SELECT);
    reads.records::<ScopeRow>(&sql, vec![scope.text().into()]).await?.pop().map(StoredBudget::try_from).transpose()
}

/// Whether the object of a scope exists in the tenant.
pub async fn scope_exists(reads: &impl Reads, scope: BudgetScope) -> Result<bool, Fault> {
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

/// Replaces the stored budget of a scope.
pub async fn change_budget(work: &Work, stored_budget: &StoredBudget) -> Result<(), Fault> {
    let body = serde_json::to_string(&stored_budget.budget).map_err(|err| Fault::Broken(err.to_string()))?;
    if !stored_budget.scope.is_company() {
        return change_scope_budget(work, stored_budget, body).await;
    }
    let row = replenishment_budget::Model {
        tenant_id: work.tenant(),
        body,
        version: stored_budget.version,
        updated_at: stored_budget.updated_at,
    };
    work.upsert(row).await
}

async fn change_scope_budget(work: &Work, stored_budget: &StoredBudget, body: String) -> Result<(), Fault> {
    let (mut supplier_id, mut category_id, mut store_id) = (None, None, None);
    match stored_budget.scope {
        BudgetScope::Company => {}
        BudgetScope::Supplier(id) => supplier_id = Some(id),
        BudgetScope::Category(id) => category_id = Some(id),
        BudgetScope::Store(id) => store_id = Some(id),
    }
    let row = replenishment_scope_budget::Model {
        tenant_id: work.tenant(),
        scope: stored_budget.scope.text(),
        supplier_id,
        category_id,
        store_id,
        body,
        version: stored_budget.version,
        updated_at: stored_budget.updated_at,
    };
    // The first version is the one that is set first.
    if stored_budget.version == 1 {
        work.insert::<replenishment_scope_budget::Entity>(row).await
    } else {
        work.update::<replenishment_scope_budget::Entity>(row).await
    }
}

/// A category that is below another one, or is that one.
#[derive(Record)]
struct SubcategoryRow {
    #[record(sql = "b.root")]
    root: CategoryId,
    #[record(sql = "b.id")]
    id: CategoryId,
}

/// The categories below each of these, with itself.
async fn load_descendants(reads: &impl Reads, roots: &[CategoryId]) -> Result<BTreeMap<CategoryId, BTreeSet<Uuid>>, Fault> {
    let mut descendants: BTreeMap<CategoryId, BTreeSet<Uuid>> = BTreeMap::new();
    if roots.is_empty() {
        return Ok(descendants);
    }
    let backend = reads.backend();
    let sql = format!(
        "WITH RECURSIVE below (root, id) AS (SELECT g.id, g.id FROM category g WHERE g.tenant_id = $1 AND {}
           UNION SELECT b.root, g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id)
         SELECT {} FROM below b",
        backend.in_ids("g.id", 2),
        SubcategoryRow::SELECT
    );
    for row in reads.records::<SubcategoryRow>(&sql, vec![backend.ids(roots.iter().copied())]).await? {
        descendants.entry(row.root).or_default().insert(row.id.uuid());
    }
    Ok(descendants)
}

/// Returns the current members of each scope, by ID and in the order of the scopes: a supplier with
/// those that are merged into it, a category with all below it. For the company it is the tenant.
pub async fn members(reads: &impl Reads, scopes: &[BudgetScope]) -> Result<Vec<BTreeSet<Uuid>>, Fault> {
    let (mut suppliers, mut categories) = (Vec::new(), Vec::new());
    for scope in scopes {
        match scope {
            BudgetScope::Supplier(id) => suppliers.push(*id),
            BudgetScope::Category(id) => categories.push(*id),
            BudgetScope::Company | BudgetScope::Store(_) => {}
        }
    }
    let (mergers, mut below) = (merged_suppliers(reads, &suppliers).await?, load_descendants(reads, &categories).await?);
    let members_of = |scope: &BudgetScope| match *scope {
        BudgetScope::Company => BTreeSet::from([reads.tenant().uuid()]),
        BudgetScope::Supplier(id) => {
            let merged_ids = mergers.iter().filter(|(into, _)| *into == id).map(|(_, supplier)| supplier.uuid());
            merged_ids.chain([id.uuid()]).collect()
        }
        BudgetScope::Category(id) => below.remove(&id).unwrap_or_default(),
        BudgetScope::Store(id) => BTreeSet::from([id.uuid()]),
    };
    Ok(scopes.iter().map(members_of).collect())
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CategoryRow {
    id: ProductId,
    #[record(not_null)]
    category_id: CategoryId,
}

/// The categories of the products of lines; products without one are left out.
pub async fn categories_of(reads: &impl Reads, lines: &[PlanLine]) -> Result<Vec<(ProductId, CategoryId)>, Fault> {
    let products: BTreeSet<ProductId> = lines.iter().map(|line| line.product).collect();
    let products: Vec<ProductId> = products.into_iter().collect();
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.category_id IS NOT NULL",
        CategoryRow::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut product_categories = Vec::with_capacity(products.len());
    for chunk in products.chunks(CHUNK) {
        let rows = reads.records::<CategoryRow>(&sql, vec![backend.ids(chunk.iter().copied())]).await?;
        product_categories.extend(rows.into_iter().map(|row| (row.id, row.category_id)));
    }
    Ok(product_categories)
}

/// Members of budgets of one kind.
#[derive(Debug, Clone)]
pub enum BudgetMembers {
    All,
    Suppliers(Vec<SupplierId>),
    Categories(Vec<CategoryId>),
    Stores(Vec<StoreId>),
}

impl BudgetMembers {
    /// Returns the members of budgets of this kind.
    pub fn of(kind: BudgetScope, members: BTreeSet<Uuid>) -> Self {
        match kind {
            BudgetScope::Company => Self::All,
            BudgetScope::Supplier(_) => Self::Suppliers(members.into_iter().map(SupplierId::from_uuid).collect()),
            BudgetScope::Category(_) => Self::Categories(members.into_iter().map(CategoryId::from_uuid).collect()),
            BudgetScope::Store(_) => Self::Stores(members.into_iter().map(StoreId::from_uuid).collect()),
        }
    }
}

/// SQL: the column by which amounts are summed up, the amount, the tables that are joined for it, and a condition.
struct Part {
    column: &'static str,
    amount: &'static str,
    joined: &'static str,
    condition: String,
}

impl BudgetMembers {
    /// Returns the SQL for the cost of goods of orders `o`. The members are added as the last of
    /// the values.
    fn of_orders(&self, backend: Backend, values: &mut Vec<Value>) -> Part {
        let (column, amount, join_sql) = match self {
            Self::All => ("o.tenant_id", "o.goods_minor", ""),
            Self::Suppliers(_) => ("o.supplier_id", "o.goods_minor", ""),
            Self::Categories(_) => (
                "p.category_id",
                "x.total_minor",
                " JOIN purchase_order_line x ON x.tenant_id = $1 AND x.purchase_order_id = o.id AND x.cancelled_at IS NULL
                  JOIN product p ON p.tenant_id = $1 AND p.id = x.product_id",
            ),
            Self::Stores(_) => ("o.store_id", "o.goods_minor", ""),
        };
        Part { column, amount, joined: join_sql, condition: self.member_condition(backend, column, values) }
    }
    /// The part of a statement that sums the cost of plan lines `l`.
    fn of_lines(&self, backend: Backend, values: &mut Vec<Value>) -> Part {
        let (column, join_sql) = match self {
            Self::All => ("l.tenant_id", ""),
            Self::Suppliers(_) => ("l.supplier_id", ""),
            Self::Categories(_) => ("p.category_id", " JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id"),
            Self::Stores(_) => ("l.store_id", ""),
        };
        Part { column, amount: "l.cost_minor", joined: join_sql, condition: self.member_condition(backend, column, values) }
    }
    fn member_condition(&self, backend: Backend, column: &str, values: &mut Vec<Value>) -> String {
        match self {
            Self::All => String::new(),
            Self::Suppliers(ids) => backend.and_ids(column, Some(ids.as_slice()), values),
            Self::Categories(ids) => backend.and_ids(column, Some(ids.as_slice()), values),
            Self::Stores(ids) => backend.and_ids(column, Some(ids.as_slice()), values),
        }
    }
}

/// Minor units by the ID of a supplier, category, store or tenant.
pub type Sums = BTreeMap<Uuid, i64>;

/// A sum of minor units, exact up to 2^53.
#[derive(Record)]
struct SumRow {
    #[record(sql = "g.grp")]
    key: Uuid,
    #[record(sql = "g.minor")]
    minor: f64,
}

/// Adds the sums of a part. `source` is the statement after the part's columns.
async fn add(sums: &mut Sums, reads: &impl Reads, part: &Part, (source, values): (&str, Vec<Value>)) -> Result<(), Fault> {
    let Part { column, amount, condition: part_condition, .. } = part;
    let sql = format!(
        "SELECT {} FROM (
           SELECT {column} AS grp, CAST(coalesce(sum(CAST({amount} AS double precision)), 0) AS double precision) AS minor
           {source}{part_condition} GROUP BY {column}) g",
        SumRow::SELECT
    );
    for row in reads.records::<SumRow>(&sql, values).await? {
        let sum = sums.entry(row.key).or_default();
        *sum = sum.saturating_add(row.minor as i64);
    }
    Ok(())
}

/// Adds the cost of goods of orders that fulfil a condition. The condition's values come before
/// those of `members`.
async fn add_ordered(
    sums: &mut Sums,
    reads: &impl Reads,
    members: &BudgetMembers,
    (condition, mut values): (&str, Vec<Value>),
) -> Result<(), Fault> {
    let part = members.of_orders(reads.backend(), &mut values);
    let source = format!("FROM purchase_order o{} WHERE o.tenant_id = $1 AND {condition}", part.joined);
    add(sums, reads, &part, (source.as_str(), values)).await
}

/// Returns the cost of goods of orders that were placed in a period (end exclusive), of orders not
/// placed yet, and of approved lines without an order. The sums are read in the order in which
/// goods move from one to the next: those that move meanwhile count twice, and are not missed.
pub async fn committed_between(
    reads: &impl Reads,
    members: &BudgetMembers,
    currency: Currency,
    (from, until): (Timestamp, Timestamp),
) -> Result<Sums, Fault> {
    let (mut sums, code) = (Sums::new(), currency.to_string());
    let mut values: Vec<Value> = vec![code.clone().into()];
    let part = members.of_lines(reads.backend(), &mut values);
    let claimed_source = format!(
        "FROM replenishment_plan r JOIN replenishment_line l ON l.tenant_id = $1 AND l.plan_id = r.id AND l.state = 'CLAIMED'{}
         WHERE r.tenant_id = $1 AND l.kind = 'PURCHASE' AND l.cost_currency = $2",
        part.joined
    );
    add(&mut sums, reads, &part, (claimed_source.as_str(), values)).await?;
    let waiting_condition = "o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED') AND o.currency = $2";
    add_ordered(&mut sums, reads, members, (waiting_condition, vec![code.clone().into()])).await?;
    let ordered_condition = "o.ordered_at >= $2 AND o.ordered_at < $3 AND o.currency = $4 AND o.status <> 'CANCELLED'";
    let period_values = vec![from.micros().into(), until.micros().into(), code.into()];
    add_ordered(&mut sums, reads, members, (ordered_condition, period_values)).await?;
    Ok(sums)
}

/// Returns the cost of goods of a plan's orders, and of its approved lines without an order.
pub async fn committed_of(
    reads: &impl Reads,
    members: &BudgetMembers,
    currency: Currency,
    plan: ReplenishmentPlanId,
) -> Result<Sums, Fault> {
    let (mut sums, code) = (Sums::new(), currency.to_string());
    let mut values: Vec<Value> = vec![plan.into(), code.clone().into()];
    let part = members.of_lines(reads.backend(), &mut values);
    let claimed_source = format!(
        "FROM replenishment_line l{}
         WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.state = 'CLAIMED' AND l.kind = 'PURCHASE' AND l.cost_currency = $3",
        part.joined
    );
    add(&mut sums, reads, &part, (claimed_source.as_str(), values)).await?;
    let plan_condition = "o.currency = $3 AND o.status NOT IN ('CANCELLED', 'REJECTED')
          AND o.id IN (SELECT l.purchase_order_id FROM replenishment_line l
            WHERE l.tenant_id = $1 AND l.plan_id = $2 AND l.kind = 'PURCHASE' AND l.purchase_order_id IS NOT NULL)";
    add_ordered(&mut sums, reads, members, (plan_condition, vec![plan.into(), code.into()])).await?;
    Ok(sums)
}
