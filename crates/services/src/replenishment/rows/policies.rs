//! Policies.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::replenishment_policy,
};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Fault, Finds, Reads, Row, Work},
};
use sea_orm::Value;

use super::policy_list::PoliciesSorted;
use crate::replenishment::core::{Policy, PolicyScope, Rule};

#[derive(Record)]
#[record(of = replenishment_policy, alias = "r")]
struct PolicyRow {
    id: ReplenishmentPolicyId,
    product_id: Option<ProductId>,
    store_id: Option<StoreId>,
    is_of_store: i32,
    abc_class: Option<AbcClass>,
    xyz_class: Option<XyzClass>,
    supplier_id: Option<SupplierId>,
    kind: ReplenishmentPolicyKind,
    service_level: Option<i32>,
    cover_days: Option<i32>,
    review_days: Option<i32>,
    review_from: Option<i32>,
    safety_days: Option<i32>,
    target_days: Option<i32>,
    order_cost_minor: Option<i64>,
    order_cost_currency: Option<String>,
    safety_stock_method: Option<SafetyStockMethod>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<PolicyRow> for Policy {
    type Error = Fault;
    fn try_from(row: PolicyRow) -> Result<Self, Fault> {
        let corrupt = || Fault::corrupt("replenishment_policy", "a policy has what its kind takes");
        let order_cost = match (row.order_cost_minor, &row.order_cost_currency) {
            (Some(minor), Some(code)) => Some(Money::new(minor, Currency::parse(code).ok_or_else(corrupt)?)),
            _ => None,
        };
        let (service, cover) = (row.service_level.ok_or_else(corrupt), row.cover_days.ok_or_else(corrupt));
        let rule = match row.kind {
            ReplenishmentPolicyKind::MinMax => Rule::MinMax,
            ReplenishmentPolicyKind::ReorderPoint => Rule::ReorderPoint { service: service?, cover_days: cover?, order_cost },
            ReplenishmentPolicyKind::Service => Rule::Service { cover_days: cover?, order_cost },
            ReplenishmentPolicyKind::Periodic => Rule::Periodic {
                service: service?,
                review_days: row.review_days.ok_or_else(corrupt)?,
                review_from: row.review_from.ok_or_else(corrupt)?,
            },
            ReplenishmentPolicyKind::TargetDays => Rule::TargetDays {
                safety_days: row.safety_days.ok_or_else(corrupt)?,
                target_days: row.target_days.ok_or_else(corrupt)?,
            },
        };
        let (class, xyz) = if row.is_of_store == 0 { (row.abc_class, row.xyz_class) } else { (None, None) };
        let scope = PolicyScope { product: row.product_id, store: row.store_id, class, xyz, supplier: row.supplier_id };
        let method = row.safety_stock_method.unwrap_or(SafetyStockMethod::Quantile);
        Ok(Self { id: row.id, scope, rule, method, version: row.version, created_at: row.created_at, updated_at: row.updated_at })
    }
}

fn row_of(tenant_id: TenantId, policy: &Policy) -> replenishment_policy::Model {
    let is_of_store = policy.scope.is_of_whole_store();
    let (abc_class, xyz_class) =
        if is_of_store { (Some(AbcClass::C), Some(XyzClass::Z)) } else { (policy.scope.class, policy.scope.xyz) };
    let mut row = replenishment_policy::Model {
        tenant_id,
        id: policy.id,
        scope: policy.scope.text(),
        product_id: policy.scope.product,
        store_id: policy.scope.store,
        is_of_store: is_of_store.into(),
        abc_class,
        xyz_class,
        supplier_id: policy.scope.supplier,
        kind: policy.rule.kind(),
        service_level: None,
        cover_days: None,
        review_days: None,
        review_from: None,
        safety_days: None,
        target_days: None,
        order_cost_minor: None,
        order_cost_currency: None,
        safety_stock_method: policy.rule.is_service_level().then_some(policy.method),
        version: policy.version,
        created_at: policy.created_at,
        updated_at: policy.updated_at,
    };
    let mut cost = |order_cost: Option<Money>| {
        row.order_cost_minor = order_cost.map(|cost| cost.minor);
        row.order_cost_currency = order_cost.map(|cost| cost.currency.to_string());
    };
    match policy.rule {
        Rule::MinMax => {}
        Rule::ReorderPoint { service, cover_days, order_cost } => {
            cost(order_cost);
            (row.service_level, row.cover_days) = (Some(service), Some(cover_days));
        }
        Rule::Service { cover_days, order_cost } => {
            cost(order_cost);
            row.cover_days = Some(cover_days);
        }
        Rule::Periodic { service, review_days, review_from } => {
            row.service_level = Some(service);
            (row.review_days, row.review_from) = (Some(review_days), Some(review_from));
        }
        Rule::TargetDays { safety_days, target_days } => {
            (row.safety_days, row.target_days) = (Some(safety_days), Some(target_days));
        }
    }
    row
}

/// Policies: conditions, order and lock are SQL over `r`, values from `$2`.
async fn policies_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Policy>, Fault> {
    let sql = format!("SELECT {} FROM replenishment_policy r WHERE r.tenant_id = $1{conditions}", PolicyRow::SELECT);
    reads.records::<PolicyRow>(&sql, values).await?.into_iter().map(Policy::try_from).collect()
}

/// All policies of a tenant.
pub async fn policies(reads: &impl Reads) -> Result<Vec<Policy>, Fault> {
    policies_where(reads, " ORDER BY r.scope", vec![]).await
}

/// The policy of an id.
pub async fn policy(reads: &impl Reads, id: ReplenishmentPolicyId) -> Result<Option<Policy>, Fault> {
    Ok(policies_where(reads, " AND r.id = $2", vec![id.into()]).await?.pop())
}

/// A policy by its ID, locked until the transaction ends.
pub async fn lock_policy(work: &Work, id: ReplenishmentPolicyId) -> Result<Option<Policy>, Fault> {
    let lock = work.backend().for_update("r");
    Ok(policies_where(work, &format!(" AND r.id = $2{lock}"), vec![id.into()]).await?.pop())
}

/// The policy of a scope.
pub async fn policy_of_scope(reads: &impl Reads, scope: &PolicyScope) -> Result<Option<Policy>, Fault> {
    Ok(policies_where(reads, " AND r.scope = $2", vec![scope.text().into()]).await?.pop())
}

pub async fn count_policies(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM replenishment_policy WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn insert_policy(work: &Work, policy: &Policy) -> Result<(), Fault> {
    work.insert::<replenishment_policy::Entity>(row_of(work.tenant(), policy)).await
}

pub async fn update_policy(work: &Work, policy: &Policy) -> Result<(), Fault> {
    work.update::<replenishment_policy::Entity>(row_of(work.tenant(), policy)).await
}

pub async fn remove_policy(work: &Work, id: ReplenishmentPolicyId) -> Result<u64, Fault> {
    work.execute("DELETE FROM replenishment_policy WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

/// Returns the objects that a scope names: the noun, its field, and whether the tenant has it.
pub async fn find_scope_objects(
    reads: &impl Reads,
    scope: &PolicyScope,
) -> Result<Vec<(&'static str, &'static str, bool)>, Fault> {
    let scope_objects: [(&str, &str, Option<Value>); 3] = [
        ("product", "productId", scope.product.map(Into::into)),
        ("store", "storeId", scope.store.map(Into::into)),
        ("supplier", "supplierId", scope.supplier.map(Into::into)),
    ];
    let mut references = Vec::new();
    for (table, field, id) in scope_objects {
        let Some(id) = id else { continue };
        let sql = format!("SELECT x.id FROM {table} x WHERE x.tenant_id = $1 AND x.id = $2");
        references.push((table, field, !reads.rows(&sql, vec![id]).await?.is_empty()));
    }
    Ok(references)
}

/// A page of policies in this order.
pub async fn policy_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: PoliciesSorted,
    request: &PageRequest,
) -> Result<Vec<Policy>, Fault> {
    let (sql, values) = sorted.page(source, PolicyRow::SELECT, request);
    reads.records::<PolicyRow>(&sql, values).await?.into_iter().map(Policy::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_release_reads_a_policy_of_a_store_as_one_of_that_store() {
        let store = StoreId::from_uuid(uuid::Uuid::from_u128(1));
        let scope = PolicyScope { store: Some(store), ..PolicyScope::default() };
        let at = Timestamp(0);
        let id = ReplenishmentPolicyId::NIL;
        let method = SafetyStockMethod::Quantile;
        let policy = Policy { id, scope, rule: Rule::MinMax, method, version: 1, created_at: at, updated_at: at };
        let row = row_of(TenantId::NIL, &policy);
        assert_eq!((row.store_id, row.abc_class, row.xyz_class), (Some(store), Some(AbcClass::C), Some(XyzClass::Z)));
        assert_eq!((row.is_of_store, row.scope), (1, scope.text()));
    }
}
